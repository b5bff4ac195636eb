//! The HTTP/1 side: a thread for each connection.

use super::Recorded;
use super::record::State;
use crate::answer::{Answer, AnswerFraming, End, Piece};
use crate::h1::{Body, Framing, Head, ReadError, Reader, chunk_bytes};
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What a proxy may send on; anything else at the beginning of a request is a slipped body.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

pub(super) fn serve_connections(listener: TcpListener, state: Arc<State>) {
    for stream in listener.incoming() {
        if state.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let state = state.clone();
        if let Ok(handle) = stream.try_clone() {
            state.streams.lock().expect("streams").push(handle);
        }
        std::thread::spawn(move || {
            let connection = state.connection();
            let _ = stream.set_nodelay(true);
            let mut connection =
                Connection { reader: Reader::new(&stream), stream: &stream, state: &state, connection };
            while connection.exchange().is_ok() {}
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

struct Connection<'a> {
    reader: Reader<&'a TcpStream>,
    stream: &'a TcpStream,
    state: &'a State,
    connection: usize,
}

/// The connection is over.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Over {
        Over
    }
}

impl Connection<'_> {
    fn exchange(&mut self) -> Result<(), Over> {
        let (mut request, framing) = match self.reader.head().and_then(|head| self.begin(&head)) {
            Ok(begun) => begun,
            Err(ReadError::Closed) => return Err(Over),
            Err(error) => return self.fault(&error),
        };
        let ticket = self.state.begin(&request);
        if let Some(answer) = self.state.early_answer(&request) {
            self.write(&answer, &request)?;
            return Err(Over);
        }
        let mut body = Body::default();
        let end = self.reader.body(framing, &mut body);
        request.body = body.bytes;
        request.trailers = body.trailers;
        request.complete = end.is_ok();
        request.raw = self.reader.take_raw();
        self.state.update(&ticket, &request);
        match end {
            Ok(()) => {}
            Err(ReadError::Malformed(what)) => return self.fault(&ReadError::Malformed(what)),
            Err(_) => return Err(Over),
        }
        let answer = self.state.answer(&request);
        self.write(&answer, &request)
    }

    fn begin(&self, head: &Head) -> Result<(Recorded, Framing), ReadError> {
        let (method, target, version) = head.parts();
        let known = METHODS.contains(&method.as_str()) || self.state.any_method.load(Ordering::Relaxed);
        if !known || target.is_empty() || version != "HTTP/1.1" {
            return Err(ReadError::malformed("request line", &head.start));
        }
        let framing = head.framing()?.unwrap_or_default();
        let request = Recorded {
            method,
            target,
            fields: head.fields.clone(),
            body: Vec::new(),
            trailers: Default::default(),
            framing,
            raw: Vec::new(),
            connection: self.connection,
            complete: false,
            at: Instant::now(),
        };
        Ok((request, framing))
    }

    fn fault(&self, error: &ReadError) -> Result<(), Over> {
        self.state.fault(format!("connection {}: {error}", self.connection));
        Err(Over)
    }

    fn write(&mut self, answer: &Answer, request: &Recorded) -> Result<(), Over> {
        std::thread::sleep(answer.delay);
        let bodyless = request.method == "HEAD" || matches!(answer.status, 101 | 204 | 304);
        self.stream.write_all(&head(answer))?;
        if !bodyless {
            for piece in &answer.pieces {
                self.write_piece(answer.framing, piece)?;
            }
        }
        match answer.end {
            End::Echo => return self.echo(),
            End::Cut => return Err(Over),
            End::Whole => {}
        }
        if answer.framing == AnswerFraming::Chunked && !bodyless {
            let mut end = b"0\r\n".to_vec();
            answer.trailers.write(&mut end);
            end.extend_from_slice(b"\r\n");
            self.stream.write_all(&end)?;
        }
        if answer.framing == AnswerFraming::Close { Err(Over) } else { Ok(()) }
    }

    fn write_piece(&mut self, framing: AnswerFraming, piece: &Piece) -> Result<(), Over> {
        if !piece.pause.is_zero() {
            std::thread::sleep(piece.pause);
        }
        if piece.bytes.is_empty() {
            return Ok(());
        }
        let bytes = match framing {
            AnswerFraming::Chunked => chunk_bytes(&piece.bytes),
            _ => piece.bytes.clone(),
        };
        for _ in 0..piece.times {
            self.stream.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Sends back what comes, until the end.
    fn echo(&mut self) -> Result<(), Over> {
        loop {
            let pending = self.reader.pending().len();
            if pending == 0 && !matches!(self.reader.fill(), Ok(n) if n > 0) {
                return Err(Over);
            }
            let mut bytes = Body::default();
            let length = self.reader.pending().len();
            self.reader.body(Framing::Length(length), &mut bytes).map_err(|_| Over)?;
            self.reader.take_raw();
            self.stream.write_all(&bytes.bytes)?;
        }
    }
}

fn head(answer: &Answer) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {} Scripted\r\n", answer.status).into_bytes();
    answer.fields.write(&mut out);
    match answer.framing {
        AnswerFraming::Length if matches!(answer.status, 101 | 204 | 304) => {}
        AnswerFraming::Length => out.extend(format!("content-length: {}\r\n", answer.length()).into_bytes()),
        AnswerFraming::Declared(length) => out.extend(format!("content-length: {length}\r\n").into_bytes()),
        AnswerFraming::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        AnswerFraming::Close => out.extend_from_slice(b"connection: close\r\n"),
    }
    out.extend_from_slice(b"\r\n");
    out
}
