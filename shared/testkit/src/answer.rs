//! What an upstream answers: data, the same for HTTP/1 and HTTP/2.

use crate::h1::Fields;
use std::time::Duration;

/// A scripted answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Fields besides the framing.
    pub fields: Fields,
    /// The body, piece by piece.
    pub pieces: Vec<Piece>,
    /// Fields behind the body; on HTTP/1 they make it chunked.
    pub trailers: Fields,
    /// How HTTP/1 says where the body ends.
    pub framing: AnswerFraming,
    /// Time before the head.
    pub delay: Duration,
    /// How it ends.
    pub end: End,
}

/// A part of a body, written at once: a chunk, or a DATA frame.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Time before it.
    pub pause: Duration,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many times; a big body need not lie in memory.
    pub times: usize,
}

/// How an HTTP/1 answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFraming {
    /// `content-length`, counted; nothing for 1xx, 204 and 304.
    Length,
    /// This `content-length`, whatever the body has: for HEAD, and for lies.
    Declared(usize),
    /// The chunked coding.
    Chunked,
    /// Until the connection is closed.
    Close,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Properly.
    Whole,
    /// The connection is closed (the stream reset) after the last piece.
    Cut,
    /// What the client sends is sent back as it comes: behind a 101, raw; on HTTP/2, as DATA frames.
    Echo,
}

impl Answer {
    /// An empty answer with this status.
    pub fn new(status: u16) -> Answer {
        Answer {
            status,
            fields: Fields::default(),
            pieces: Vec::new(),
            trailers: Fields::default(),
            framing: AnswerFraming::Length,
            delay: Duration::ZERO,
            end: End::Whole,
        }
    }

    /// 200 with a body of this type, by `content-length`.
    pub fn ok(content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        Answer::new(200).field("content-type", content_type).piece(body)
    }

    /// 200 with JSON.
    pub fn json(value: &serde_json::Value) -> Answer {
        Answer::ok("application/json", value.to_string())
    }

    /// Switches to WebSocket in form, then sends back every byte.
    pub fn upgrade() -> Answer {
        let head = Answer::new(101).field("connection", "Upgrade").field("upgrade", "websocket");
        Answer { end: End::Echo, ..head.field("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") }
    }

    /// gRPC on HTTP/2: sends back every frame as it comes, then `grpc-status: 0`.
    pub fn grpc_echo() -> Answer {
        let head = Answer::new(200).field("content-type", "application/grpc");
        Answer { end: End::Echo, ..head.trailer("grpc-status", "0") }
    }

    /// One more field.
    pub fn field(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Answer {
        self.fields.push(name, value);
        self
    }

    /// One more piece of body.
    pub fn piece(self, bytes: impl AsRef<[u8]>) -> Answer {
        self.piece_after(Duration::ZERO, bytes)
    }

    /// One more piece of body, after a pause.
    pub fn piece_after(mut self, pause: Duration, bytes: impl AsRef<[u8]>) -> Answer {
        self.pieces.push(Piece { pause, bytes: bytes.as_ref().to_vec(), times: 1 });
        self
    }

    /// So many bytes of filling, in pieces of at most 16 KiB.
    pub fn filler(mut self, length: usize) -> Answer {
        const PIECE: usize = 16 * 1024;
        let piece = |bytes, times| Piece { pause: Duration::ZERO, bytes, times };
        self.pieces.extend([piece(filler(PIECE), length / PIECE), piece(filler(length % PIECE), 1)]);
        self
    }

    /// Pieces become chunks.
    pub fn chunked(mut self) -> Answer {
        self.framing = AnswerFraming::Chunked;
        self
    }

    /// The body ends with the connection.
    pub fn until_close(mut self) -> Answer {
        self.framing = AnswerFraming::Close;
        self
    }

    /// This `content-length`, whatever the body has.
    pub fn declared(mut self, length: usize) -> Answer {
        self.framing = AnswerFraming::Declared(length);
        self
    }

    /// One more field behind the body.
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Answer {
        self.trailers.push(name, value);
        self.chunked()
    }

    /// The connection is cut after the last piece.
    pub fn cut(mut self) -> Answer {
        self.end = End::Cut;
        self
    }

    /// The head waits so long.
    pub fn delay(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }

    /// The body's length.
    pub fn length(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes.len() * piece.times).sum()
    }

    /// The body, whole.
    pub fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.bytes.repeat(piece.times)).collect()
    }
}

/// Bytes that differ from place to place, so that a shifted or doubled part shows.
pub fn filler(length: usize) -> Vec<u8> {
    let line = |n: usize| format!("{n:07}\n").into_bytes();
    (0..length.div_ceil(8)).flat_map(line).take(length).collect()
}
