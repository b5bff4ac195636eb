//! A strict reader: what a lenient peer would forgive is an error here, for it is where request smuggling lives.

use super::{Body, Fields, Framing, Head};
use std::io::{ErrorKind, Read};
use std::time::Instant;

/// The most bytes that one line may have.
const LINE_LIMIT: usize = 256 * 1024;

/// Why a message could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// The connection ended before the first byte of a message.
    Closed,
    /// The connection ended, or was reset, within a message.
    Cut,
    /// Nothing came within the stream's time limit.
    Timeout,
    /// The bytes are no message; with what was wrong and the bytes.
    Malformed(String),
}

impl ReadError {
    pub(crate) fn malformed(what: &str, bytes: &[u8]) -> ReadError {
        let shown = bytes.get(..bytes.len().min(200)).unwrap_or_default();
        ReadError::Malformed(format!("{what}: `{}`", shown.escape_ascii()))
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::Closed => f.write_str("the connection was closed"),
            ReadError::Cut => f.write_str("the connection ended within a message"),
            ReadError::Timeout => f.write_str("nothing came in time"),
            ReadError::Malformed(what) => write!(f, "malformed {what}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads messages from a stream and keeps their raw bytes.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    buffer: Vec<u8>,
    position: usize,
    filled: Instant,
}

impl<R: Read> Reader<R> {
    /// A reader at the beginning of a stream.
    pub fn new(inner: R) -> Reader<R> {
        Reader { inner, buffer: Vec::new(), position: 0, filled: Instant::now() }
    }

    /// The stream.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// The raw bytes read since the last call: those of one message, if called after each.
    pub fn take_raw(&mut self) -> Vec<u8> {
        let rest = self.buffer.split_off(self.position);
        self.position = 0;
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Whatever has come beyond what was read as a message; does not wait.
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.position..).unwrap_or_default()
    }

    /// Reads once, as much as there is; `Ok(0)` at the end of the stream.
    pub fn fill(&mut self) -> Result<usize, ReadError> {
        let mut chunk = [0; 32 * 1024];
        loop {
            match self.inner.read(&mut chunk) {
                Ok(n) => {
                    self.filled = Instant::now();
                    self.buffer.extend_from_slice(&chunk[..n]);
                    return Ok(n);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(ReadError::Timeout);
                }
                Err(_) => return Ok(0),
            }
        }
    }

    /// A start line and its fields.
    pub fn head(&mut self) -> Result<Head, ReadError> {
        if self.pending().is_empty() && self.fill()? == 0 {
            return Err(ReadError::Closed);
        }
        let start = self.line()?;
        Ok(Head { start, fields: self.fields()? })
    }

    /// A body with this framing, added to `body` as it comes, so that a cut leaves what there was.
    pub fn body(&mut self, framing: Framing, body: &mut Body) -> Result<(), ReadError> {
        match framing {
            Framing::Bodyless => Ok(()),
            Framing::Length(length) => self.exactly(length, body),
            Framing::Chunked => self.chunked(body),
            Framing::Close => self.until_closed(body),
        }
    }

    fn fields(&mut self) -> Result<Fields, ReadError> {
        let mut fields = Fields::default();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(fields);
            }
            let colon =
                line.iter().position(|&b| b == b':').filter(|&at| line[..at].iter().all(|&b| is_token(b)));
            match colon {
                Some(at) if at > 0 => fields.push(&line[..at], line[at + 1..].trim_ascii()),
                _ => return Err(ReadError::malformed("field", &line)),
            }
        }
    }

    /// A line up to CR LF; a bare CR, LF or NUL in it is an error.
    fn line(&mut self) -> Result<Vec<u8>, ReadError> {
        loop {
            if let Some(at) = self.pending().iter().position(|&b| b == b'\n') {
                let line = self.pending()[..at].to_vec();
                self.position += at + 1;
                return match line.split_last() {
                    Some((b'\r', line)) if !line.iter().any(|b| matches!(b, b'\r' | 0)) => Ok(line.to_vec()),
                    _ => Err(ReadError::malformed("line end", &line)),
                };
            }
            if self.pending().len() > LINE_LIMIT {
                return Err(ReadError::malformed("endless line", self.pending()));
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> Result<(), ReadError> {
        if self.fill()? == 0 { Err(ReadError::Cut) } else { Ok(()) }
    }

    fn exactly(&mut self, length: usize, body: &mut Body) -> Result<(), ReadError> {
        let mut missing = length;
        while missing > 0 {
            if self.pending().is_empty() {
                self.more()?;
            }
            missing -= self.move_to(body, missing);
        }
        Ok(())
    }

    fn move_to(&mut self, body: &mut Body, at_most: usize) -> usize {
        let n = self.pending().len().min(at_most);
        body.bytes.extend_from_slice(&self.buffer[self.position..self.position + n]);
        self.position += n;
        match body.arrivals.last_mut() {
            Some((at, length)) if *at == self.filled => *length = body.bytes.len(),
            _ if n > 0 => body.arrivals.push((self.filled, body.bytes.len())),
            _ => {}
        }
        n
    }

    fn chunked(&mut self, body: &mut Body) -> Result<(), ReadError> {
        loop {
            let line = self.line()?;
            let hex = !line.is_empty() && line.iter().all(u8::is_ascii_hexdigit);
            let size = std::str::from_utf8(&line).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
            match size.filter(|_| hex) {
                None => return Err(ReadError::malformed("chunk size", &line)),
                Some(0) => break,
                Some(size) => {
                    self.exactly(size, body)?;
                    body.chunks.push(size);
                    let end = self.line()?;
                    if !end.is_empty() {
                        return Err(ReadError::malformed("chunk end", &end));
                    }
                }
            }
        }
        body.trailers = self.fields()?;
        Ok(())
    }

    fn until_closed(&mut self, body: &mut Body) -> Result<(), ReadError> {
        loop {
            self.move_to(body, usize::MAX);
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }
}

/// RFC 9110 section 5.6.2, `tchar`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(Head, Body), ReadError> {
        let mut reader = Reader::new(bytes);
        let head = reader.head()?;
        let mut body = Body::default();
        reader.body(head.framing()?.unwrap_or_default(), &mut body)?;
        Ok((head, body))
    }

    #[test]
    fn reads_both_framings_and_trailers() {
        let (head, body) = read(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc").unwrap();
        assert_eq!((head.start.as_slice(), body.bytes.as_slice()), (&b"POST / HTTP/1.1"[..], &b"abc"[..]));
        let (_, body) = read(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nx-t: 1\r\n\r\n",
        )
        .unwrap();
        assert_eq!((body.bytes.as_slice(), body.chunks.as_slice()), (&b"abc"[..], &[2, 1][..]));
        assert_eq!(body.trailers.get("X-T"), Some(&b"1"[..]));
    }

    #[test]
    fn refuses_what_smuggling_is_made_of() {
        for bad in [
            "GET / HTTP/1.1\nhost: a\n\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length: +3\r\n\r\nabc",
            "GET / HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
            "GET / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        ] {
            assert!(matches!(read(bad.as_bytes()), Err(ReadError::Malformed(_))), "{bad:?}");
        }
        assert_eq!(read(b"").unwrap_err(), ReadError::Closed);
        assert_eq!(read(b"GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab").unwrap_err(), ReadError::Cut);
    }
}
