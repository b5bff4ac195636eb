//! HTTP/1.1 as it stands on the wire: fields as bytes, a strict reader, requests to the byte.

mod reader;
mod request;

pub use reader::{ReadError, Reader};
pub use request::Request;
pub(crate) use request::chunk_bytes;

use std::time::Instant;

/// Header or trailer fields in their order, names as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    /// The first value of this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// The first value of this name as text, lossy.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// All values of this name, whatever its case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.0.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
    }

    /// The fields as lines, each with CR LF.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            out.extend_from_slice(&[name, b": ".as_slice(), value, b"\r\n"].concat());
        }
    }
}

/// How a message says where its body ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    #[default]
    Bodyless,
    /// By `content-length`.
    Length(usize),
    /// By the chunked coding.
    Chunked,
    /// By the end of the connection; responses only.
    Close,
}

/// A message's body as it came, perhaps not to its end.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The content, without the chunked coding.
    pub bytes: Vec<u8>,
    /// The sizes of the chunks, without the last, empty one.
    pub chunks: Vec<usize>,
    /// The fields after a chunked body.
    pub trailers: Fields,
    /// When the content had come up to which length.
    pub arrivals: Vec<(Instant, usize)>,
}

/// The beginning of a message.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The request or status line, without its end.
    pub start: Vec<u8>,
    /// The header fields.
    pub fields: Fields,
}

impl Head {
    /// The three parts of the start line, as text.
    pub fn parts(&self) -> (String, String, String) {
        let text = String::from_utf8_lossy(&self.start);
        let mut parts = text.splitn(3, ' ').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    }

    /// How the body is framed, by the fields alone; `None` where they say nothing.
    ///
    /// # Errors
    /// Where they contradict each other or say what no strict peer takes.
    pub fn framing(&self) -> Result<Option<Framing>, ReadError> {
        let lengths: Vec<&[u8]> = self.fields.all("content-length").collect();
        let codings: Vec<&[u8]> = self.fields.all("transfer-encoding").collect();
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(None),
            ([length], []) => Ok(Some(Framing::Length(decimal(length)?))),
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Some(Framing::Chunked)),
            _ => Err(ReadError::malformed("framing", &self.start)),
        }
    }
}

fn decimal(text: &[u8]) -> Result<usize, ReadError> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|_| digits).ok_or_else(|| ReadError::malformed("content-length", text))
}
