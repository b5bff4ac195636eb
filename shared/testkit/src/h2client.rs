//! A client for HTTP/2 without TLS, blocking: whole exchanges in one call, or a stream step by step.

use crate::h1::Fields;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long a client waits for each step.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection.
#[derive(Debug, Clone)]
pub struct H2Client {
    sender: SendRequest<Bytes>,
}

/// A request in the making.
#[derive(Debug, Clone)]
pub struct H2Request {
    method: String,
    path: String,
    fields: Fields,
    pieces: Vec<Vec<u8>>,
    trailers: Fields,
    protocol: Option<String>,
}

/// An answer as it came, perhaps not to its end.
#[derive(Debug, Clone, Default)]
pub struct H2Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub fields: Fields,
    /// The body.
    pub body: Vec<u8>,
    /// How long after the sending each DATA frame came, and its length.
    pub frames: Vec<(Duration, usize)>,
    /// The trailer fields.
    pub trailers: Fields,
    /// Why the stream was reset, if it was.
    pub reset: Option<String>,
}

impl H2Response {
    /// The body as text, lossy.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first value of a header field as text.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.text(name)
    }
}

impl H2Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> H2Request {
        H2Request {
            method: method.to_owned(),
            path: path.to_owned(),
            fields: Fields::default(),
            pieces: Vec::new(),
            trailers: Fields::default(),
            protocol: None,
        }
    }

    /// One more field.
    pub fn field(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> H2Request {
        self.fields.push(name, value);
        self
    }

    /// The body in DATA frames; no `content-length` unless [`H2Request::with_length`] adds it.
    pub fn pieces<P: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = P>) -> H2Request {
        self.pieces.extend(pieces.into_iter().map(|piece| piece.as_ref().to_vec()));
        self
    }

    /// Adds the `content-length` that fits the pieces so far.
    pub fn with_length(self) -> H2Request {
        let length: usize = self.pieces.iter().map(Vec::len).sum();
        self.field("content-length", length.to_string())
    }

    /// One more field behind the body.
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> H2Request {
        self.trailers.push(name, value);
        self
    }

    /// The pseudo-header `:protocol` of an extended CONNECT (RFC 8441); the peer must have allowed it.
    pub fn protocol(mut self, protocol: &str) -> H2Request {
        self.protocol = Some(protocol.to_owned());
        self
    }

    fn head(&self) -> Result<Request<()>> {
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(self.method.as_bytes())?;
        *request.uri_mut() = format!("http://test{}", self.path).parse().context("path")?;
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = header_map(&self.fields)?;
        if let Some(protocol) = &self.protocol {
            request.extensions_mut().insert(h2::ext::Protocol::from(protocol.as_str()));
        }
        Ok(request)
    }
}

impl H2Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<H2Client> {
        within(async move {
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut builder = h2::client::Builder::new();
            builder.initial_window_size(1 << 20).initial_connection_window_size(8 << 20);
            let (sender, connection) = builder.handshake(stream).await?;
            tokio::spawn(connection);
            Ok(H2Client { sender })
        })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// Where no head of an answer came; a later reset is [`H2Response::reset`].
    pub fn exchange(&self, request: &H2Request) -> Result<H2Response> {
        let mut stream =
            self.open_with(request, request.pieces.is_empty() && request.trailers.0.is_empty())?;
        let last = request.pieces.len().saturating_sub(1);
        for (index, piece) in request.pieces.iter().enumerate() {
            // The peer may have answered and reset; then the answer says so.
            if stream.send(piece, index == last && request.trailers.0.is_empty()).is_err() {
                break;
            }
        }
        if !request.trailers.0.is_empty() {
            let _ = stream.finish(&request.trailers);
        }
        stream.response()
    }

    /// Sends the head of a request alone.
    pub fn open(&self, request: &H2Request) -> Result<H2Stream> {
        self.open_with(request, false)
    }

    fn open_with(&self, request: &H2Request, end: bool) -> Result<H2Stream> {
        let head = request.head()?;
        let sender = self.sender.clone();
        within(async move {
            let mut sender = sender.ready().await?;
            let (answer, send) = sender.send_request(head, end)?;
            Ok(H2Stream {
                send,
                answer: Some(answer),
                receive: None,
                opened: Instant::now(),
                response: H2Response::default(),
            })
        })
    }
}

/// One stream, step by step. Dropped before its end, it is reset.
#[derive(Debug)]
pub struct H2Stream {
    send: SendStream<Bytes>,
    answer: Option<h2::client::ResponseFuture>,
    receive: Option<RecvStream>,
    opened: Instant,
    response: H2Response,
}

impl H2Stream {
    /// Sends a DATA frame, or several if the window is small; with `end` the last.
    pub fn send(&mut self, bytes: &[u8], end: bool) -> Result<()> {
        let mut data = Bytes::copy_from_slice(bytes);
        let stream = &mut self.send;
        within(async move {
            loop {
                stream.reserve_capacity(data.len());
                let granted = match data.is_empty() {
                    true => 0,
                    false => match std::future::poll_fn(|context| stream.poll_capacity(context)).await {
                        Some(granted) => granted?,
                        None => bail!("the stream is closed"),
                    },
                };
                let part = data.split_to(granted.min(data.len()));
                let last = data.is_empty();
                if !part.is_empty() || (last && end) {
                    stream.send_data(part, last && end)?;
                }
                if last {
                    return Ok(());
                }
            }
        })
    }

    /// Ends the request with trailers.
    pub fn finish(&mut self, trailers: &Fields) -> Result<()> {
        let map = header_map(trailers)?;
        within(async { Ok(self.send.send_trailers(map)?) })
    }

    /// Resets the stream.
    pub fn reset(&mut self) {
        self.send.send_reset(Reason::CANCEL);
    }

    /// Waits for the head of the answer.
    pub fn head(&mut self) -> Result<u16> {
        if let Some(answer) = self.answer.take() {
            let (parts, body) = within(async { Ok(answer.await?) })?.into_parts();
            self.response.status = parts.status.as_u16();
            self.response.fields = fields(&parts.headers);
            self.receive = Some(body);
        }
        Ok(self.response.status)
    }

    /// The next DATA frame; `None` at the end of the body.
    pub fn data(&mut self) -> Result<Option<Vec<u8>>> {
        self.head()?;
        let opened = self.opened;
        let receive = self.receive.as_mut().context("no body")?;
        let next = within(async {
            let Some(data) = receive.data().await else { return Ok(None) };
            let data = data?;
            receive.flow_control().release_capacity(data.len())?;
            Ok(Some(data.to_vec()))
        })?;
        if let Some(data) = &next {
            self.response.frames.push((opened.elapsed(), data.len()));
            self.response.body.extend_from_slice(data);
        }
        Ok(next)
    }

    /// Reads the answer to its end.
    pub fn response(mut self) -> Result<H2Response> {
        self.head()?;
        loop {
            match self.data() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    self.response.reset = Some(format!("{error:#}"));
                    return Ok(self.response);
                }
            }
        }
        let mut receive = self.receive.take().context("no body")?;
        match within(async { Ok(receive.trailers().await?) }) {
            Ok(trailers) => self.response.trailers = trailers.map(|map| fields(&map)).unwrap_or_default(),
            Err(error) => self.response.reset = Some(format!("{error:#}")),
        }
        Ok(self.response)
    }
}

/// A gRPC message with its frame: not compressed, length, bytes.
pub fn grpc_frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a test's message is small");
    [&[0], length.to_be_bytes().as_slice(), message].concat()
}

/// The messages of a gRPC body; an incomplete one at its end is left out.
pub fn grpc_messages(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while let Some((head, rest)) = body.split_at_checked(5) {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some((message, rest)) = rest.split_at_checked(length) else { break };
        messages.push(message.to_vec());
        body = rest;
    }
    messages
}

/// Runs a step on the shared runtime, for at most [`PATIENCE`].
fn within<T>(step: impl Future<Output = Result<T>>) -> Result<T> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime")
    });
    runtime.block_on(async { tokio::time::timeout(PATIENCE, step).await.context("nothing came in time")? })
}

fn fields(map: &HeaderMap) -> Fields {
    Fields(
        map.iter()
            .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect(),
    )
}

fn header_map(fields: &Fields) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in &fields.0 {
        map.append(HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?);
    }
    Ok(map)
}
