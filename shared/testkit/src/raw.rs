//! A client for HTTP/1 that sends exactly the bytes that it is given and reads answers strictly.

use crate::h1::{Body, Fields, Framing, ReadError, Reader, Request};
use anyhow::{Context, Result};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a client waits for the next byte, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection.
#[derive(Debug)]
pub struct Client {
    reader: Reader<TcpStream>,
    sent: Instant,
}

/// An answer as it came, perhaps not to its end.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status of the final answer.
    pub status: u16,
    /// The statuses of the answers before it (1xx, but 101 is final).
    pub interim: Vec<u16>,
    /// The header fields.
    pub fields: Fields,
    /// How the body was framed.
    pub framing: Framing,
    /// The body; what there was of it if it was cut.
    pub body: Vec<u8>,
    /// Sizes of the chunks.
    pub chunks: Vec<usize>,
    /// The trailer fields.
    pub trailers: Fields,
    /// How long after the last sending the body had reached which length.
    pub arrivals: Vec<(Duration, usize)>,
    /// Why the body has no proper end, if so.
    pub broken: Option<ReadError>,
}

impl Response {
    /// The body as text, lossy.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// The first value of a header field as text.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.text(name)
    }
}

/// Sends one request on a connection of its own and reads the answer.
pub fn fetch(address: SocketAddr, request: &Request) -> Result<Response> {
    Client::connect(address)?.exchange(request)
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).context("connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { reader: Reader::new(stream), sent: Instant::now() })
    }

    /// Waits at most so long for the next byte.
    pub fn patience(self, patience: Duration) -> Result<Client> {
        self.stream().set_read_timeout(Some(patience))?;
        Ok(self)
    }

    /// Sends these bytes.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let mut stream = self.stream();
        stream.write_all(bytes).context("send")?;
        self.sent = Instant::now();
        Ok(())
    }

    /// Sends pieces with a pause before each but the first.
    pub fn send_pieces<'a>(
        &mut self,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        pause: Duration,
    ) -> Result<()> {
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                std::thread::sleep(pause);
            }
            self.send(piece)?;
        }
        Ok(())
    }

    /// Sends a request and reads its answer. That sending fails is no error: the answer may have come before.
    pub fn exchange(&mut self, request: &Request) -> Result<Response> {
        let sent = self.send(&request.bytes());
        self.response(&request.method).map_err(|error| match sent {
            Ok(()) => anyhow::Error::new(error).context("read the answer"),
            Err(failed) => failed,
        })
    }

    /// Reads the answer to a request with this method.
    ///
    /// # Errors
    /// Where there is no whole head; a cut body is [`Response::broken`].
    pub fn response(&mut self, method: &str) -> Result<Response, ReadError> {
        let mut response = Response::default();
        loop {
            let head = self.reader.head()?;
            let (version, status, _) = head.parts();
            response.status = status.parse().unwrap_or_default();
            if !version.starts_with("HTTP/1.") || !(100..600).contains(&response.status) {
                return Err(ReadError::malformed("status line", &head.start));
            }
            if response.status < 200 && response.status != 101 {
                response.interim.push(response.status);
                continue;
            }
            response.framing = match (method, response.status) {
                ("HEAD", _) | (_, 204 | 304 | 101) => Framing::Bodyless,
                _ => head.framing()?.unwrap_or(Framing::Close),
            };
            response.fields = head.fields;
            break;
        }
        let mut body = Body::default();
        response.broken = self.reader.body(response.framing, &mut body).err();
        self.reader.take_raw();
        response.arrivals = body
            .arrivals
            .iter()
            .map(|(at, length)| (at.saturating_duration_since(self.sent), *length))
            .collect();
        Ok(Response { body: body.bytes, chunks: body.chunks, trailers: body.trailers, ..response })
    }

    /// What comes after the last answer within `wait`: bytes that nobody asked for.
    pub fn surplus(&mut self, wait: Duration) -> Vec<u8> {
        let _ = self.stream().set_read_timeout(Some(wait));
        while matches!(self.reader.fill(), Ok(n) if n > 0) {}
        let _ = self.stream().set_read_timeout(Some(PATIENCE));
        self.reader.pending().to_vec()
    }

    /// Reads exactly so many bytes, raw: what follows a 101.
    pub fn read_raw(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        let mut body = Body::default();
        self.reader.body(Framing::Length(length), &mut body)?;
        Ok(body.bytes)
    }

    /// Whether the peer has closed the connection, waiting for it at most so long.
    pub fn is_closed(&mut self, wait: Duration) -> bool {
        let _ = self.stream().set_read_timeout(Some(wait));
        let end = loop {
            match self.reader.fill() {
                Ok(0) => break true,
                Ok(_) => {}
                Err(_) => break false,
            }
        };
        let _ = self.stream().set_read_timeout(Some(PATIENCE));
        end
    }

    /// Closes the sending half.
    pub fn finish(&mut self) {
        let _ = self.stream().shutdown(Shutdown::Write);
    }

    /// The own address.
    pub fn local(&self) -> Result<SocketAddr> {
        Ok(self.stream().local_addr()?)
    }

    fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }
}
