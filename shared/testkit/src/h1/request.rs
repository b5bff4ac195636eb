//! Requests that are exactly what the test says, right or wrong.

use super::Fields;

/// A request to be sent; [`Request::bytes`] says how it looks on the wire.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: Vec<u8>,
    /// Fields in their order; `host` is among them.
    pub fields: Fields,
    content: Content,
    trailers: Fields,
}

#[derive(Debug, Clone)]
enum Content {
    Absent,
    Length(Vec<u8>),
    Chunks(Vec<Vec<u8>>),
}

impl Request {
    /// A request without a body, with `host: test`.
    pub fn new(method: &str, target: impl AsRef<[u8]>) -> Request {
        let mut fields = Fields::default();
        fields.push("host", "test");
        Request {
            method: method.to_owned(),
            target: target.as_ref().to_vec(),
            fields,
            content: Content::Absent,
            trailers: Fields::default(),
        }
    }

    /// `GET`.
    pub fn get(target: impl AsRef<[u8]>) -> Request {
        Request::new("GET", target)
    }

    /// `POST` with a `content-length`.
    pub fn post(target: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Request {
        Request::new("POST", target).body(body)
    }

    /// One more field; `host` is replaced.
    pub fn field(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        if name.as_ref().eq_ignore_ascii_case(b"host") {
            self.fields.0.retain(|(name, _)| name != b"host");
        }
        self.fields.push(name, value);
        self
    }

    /// A body with its `content-length`.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.content = Content::Length(body.as_ref().to_vec());
        self
    }

    /// A chunked body, in these chunks; empty ones are left out, for they would end it.
    pub fn chunks<C: AsRef<[u8]>>(mut self, chunks: impl IntoIterator<Item = C>) -> Request {
        let chunks =
            chunks.into_iter().map(|chunk| chunk.as_ref().to_vec()).filter(|chunk| !chunk.is_empty());
        self.content = Content::Chunks(chunks.collect());
        self
    }

    /// A field behind a chunked body.
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.trailers.push(name, value);
        self
    }

    /// The head alone, with its framing field and the empty line.
    pub fn head_bytes(&self) -> Vec<u8> {
        let mut out = [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        self.fields.write(&mut out);
        match &self.content {
            Content::Absent => {}
            Content::Length(body) => {
                out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes())
            }
            Content::Chunks(_) => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// The body alone, as it stands on the wire.
    pub fn body_bytes(&self) -> Vec<u8> {
        match &self.content {
            Content::Absent => Vec::new(),
            Content::Length(body) => body.clone(),
            Content::Chunks(chunks) => {
                let mut out: Vec<u8> = chunks.iter().flat_map(|chunk| chunk_bytes(chunk)).collect();
                out.extend_from_slice(b"0\r\n");
                self.trailers.write(&mut out);
                out.extend_from_slice(b"\r\n");
                out
            }
        }
    }

    /// The whole request.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head_bytes(), self.body_bytes()].concat()
    }
}

/// One chunk with its size line.
pub(crate) fn chunk_bytes(chunk: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
}
