//! The HTTP/2 side, without TLS: a task for each stream.

use super::Recorded;
use super::record::{State, Ticket};
use crate::answer::{Answer, AnswerFraming, End};
use crate::h1::{Fields, Framing};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

pub(super) fn serve_connections(listener: TcpListener, state: Arc<State>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("nonblocking");
        let listener = tokio::net::TcpListener::from_std(listener).expect("listener");
        while let Ok((stream, _)) = listener.accept().await {
            if state.stopped.load(Ordering::Relaxed) {
                return;
            }
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve_connection(stream, state.clone()));
        }
    });
    runtime.shutdown_background();
}

async fn serve_connection(stream: tokio::net::TcpStream, state: Arc<State>) {
    let connection = state.connection();
    let mut builder = h2::server::Builder::new();
    builder.initial_window_size(1 << 20).initial_connection_window_size(8 << 20).max_concurrent_streams(1000);
    let Ok(mut accepted) = builder.handshake::<_, Bytes>(stream).await else { return };
    while let Some(next) = accepted.accept().await {
        match next {
            Ok((request, respond)) => {
                drop(tokio::spawn(exchange(request, respond, connection, state.clone())))
            }
            Err(error) if error.is_io() || error.is_go_away() => return,
            Err(error) => return state.fault(format!("connection {connection}: {error}")),
        }
    }
}

/// The stream is over before its time.
struct Over;

impl From<h2::Error> for Over {
    fn from(_: h2::Error) -> Over {
        Over
    }
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    connection: usize,
    state: Arc<State>,
) {
    let (mut recorded, mut body) = begin(request, connection);
    let ticket = state.begin(&recorded);
    let _ = answer(&mut recorded, &mut body, &mut respond, &ticket, &state).await;
    state.update(&ticket, &recorded);
}

async fn answer(
    recorded: &mut Recorded,
    body: &mut RecvStream,
    respond: &mut SendResponse<Bytes>,
    ticket: &Ticket,
    state: &State,
) -> Result<(), Over> {
    if let Some(early) = state.early_answer(recorded) {
        return write(&early, recorded, body, respond).await;
    }
    if recorded.field("content-type").is_some_and(|value| value.starts_with("application/grpc")) {
        let at_once = state.answer(recorded);
        if at_once.end == End::Echo {
            return write(&at_once, recorded, body, respond).await;
        }
    }
    receive(recorded, body, None).await?;
    state.update(ticket, recorded);
    write(&state.answer(recorded), recorded, body, respond).await
}

fn begin(request: Request<RecvStream>, connection: usize) -> (Recorded, RecvStream) {
    let (parts, body) = request.into_parts();
    let mut fields = fields(&parts.headers);
    if let Some(authority) = parts.uri.authority() {
        fields.0.insert(0, (b":authority".to_vec(), authority.as_str().as_bytes().to_vec()));
    }
    let length = fields.text("content-length").and_then(|length| length.parse().ok());
    let framing = match (length, body.is_end_stream()) {
        (Some(length), _) => Framing::Length(length),
        (None, true) => Framing::Bodyless,
        (None, false) => Framing::Chunked,
    };
    let recorded = Recorded {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        fields,
        body: Vec::new(),
        trailers: Fields::default(),
        framing,
        raw: Vec::new(),
        connection,
        complete: false,
        at: Instant::now(),
    };
    (recorded, body)
}

/// Reads the body, and sends it back if there is somebody to send it to.
async fn receive(
    recorded: &mut Recorded,
    body: &mut RecvStream,
    mut echo: Option<&mut SendStream<Bytes>>,
) -> Result<(), Over> {
    while let Some(data) = body.data().await {
        let data = data?;
        recorded.body.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len())?;
        if let Some(echo) = echo.as_deref_mut() {
            send(echo, data).await?;
        }
    }
    recorded.trailers = body.trailers().await?.map(|trailers| fields(&trailers)).unwrap_or_default();
    recorded.complete = true;
    Ok(())
}

async fn write(
    answer: &Answer,
    recorded: &mut Recorded,
    body: &mut RecvStream,
    respond: &mut SendResponse<Bytes>,
) -> Result<(), Over> {
    tokio::time::sleep(answer.delay).await;
    let bodyless = recorded.method == "HEAD" || (answer.pieces.is_empty() && answer.trailers.0.is_empty());
    let mut send_stream = respond.send_response(head(answer), bodyless && answer.end == End::Whole)?;
    if bodyless && answer.end == End::Whole {
        return Ok(());
    }
    for piece in &answer.pieces {
        tokio::time::sleep(piece.pause).await;
        for _ in 0..piece.times {
            send(&mut send_stream, Bytes::copy_from_slice(&piece.bytes)).await?;
        }
    }
    match answer.end {
        End::Cut => {
            send_stream.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        End::Echo => receive(recorded, body, Some(&mut send_stream)).await?,
        End::Whole => {}
    }
    match answer.trailers.0.is_empty() {
        true => send_stream.send_data(Bytes::new(), true)?,
        false => send_stream.send_trailers(header_map(&answer.trailers))?,
    }
    Ok(())
}

async fn send(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), Over> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let granted = std::future::poll_fn(|context| stream.poll_capacity(context)).await.ok_or(Over)??;
        let part = data.split_to(granted.min(data.len()));
        if !part.is_empty() {
            stream.send_data(part, false)?;
        }
    }
    Ok(())
}

fn head(answer: &Answer) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    *response.headers_mut() = header_map(&answer.fields);
    let length = match answer.framing {
        AnswerFraming::Length if !matches!(answer.status, 204 | 304) => Some(answer.length()),
        AnswerFraming::Declared(length) => Some(length),
        _ => None,
    };
    if let Some(length) = length {
        response.headers_mut().insert("content-length", HeaderValue::from(length));
    }
    response
}

fn fields(map: &HeaderMap) -> Fields {
    Fields(
        map.iter()
            .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect(),
    )
}

fn header_map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in &fields.0 {
        let name = HeaderName::from_bytes(name).expect("a header name");
        map.append(name, HeaderValue::from_bytes(value).expect("a header value"));
    }
    map
}
