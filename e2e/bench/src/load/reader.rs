//! Reads HTTP/1 messages from a connection: head, then a body by length or in chunks.

use anyhow::{Context, Result, bail};
use std::io::Read;

/// A head longer than this is no head.
const LONGEST_HEAD: usize = 64 * 1024;
/// A body longer than this is none that the bench asks for.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// Bytes of a connection, as far as they have been read.
#[derive(Debug)]
pub(super) struct Reader<R> {
    from: R,
    buffer: Vec<u8>,
    /// What lies before this has been taken.
    at: usize,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// From the start line to the empty line.
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R) -> Reader<R> {
        Reader { from, buffer: Vec::new(), at: 0 }
    }

    /// The next message; `None` where the connection ended before it.
    pub(super) fn message(&mut self) -> Result<Option<Message>> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let Some(end) = self.head_end()? else { return Ok(None) };
        let head = self.buffer[..end].to_vec();
        self.at = end;
        let body = match field(&head, b"content-length") {
            Some(length) => self.take(number(length, 10)?)?,
            None if field(&head, b"transfer-encoding").is_some() => self.chunks()?,
            None => Vec::new(),
        };
        Ok(Some(Message { head, body }))
    }

    /// Where the head ends, counted from the beginning.
    fn head_end(&mut self) -> Result<Option<usize>> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return Ok(Some(at + 4));
            }
            if self.buffer.len() > LONGEST_HEAD {
                bail!("a head of more than {LONGEST_HEAD} bytes");
            }
            if !self.fill()? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    bail!("the connection ended in a head")
                };
            }
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = number(line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii(), 16)?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            if body.len() > LONGEST_BODY || !self.line()?.is_empty() {
                bail!("a chunk is not as long as it says, or the body too long");
            }
        }
    }

    /// A line without its end.
    fn line(&mut self) -> Result<Vec<u8>> {
        loop {
            let rest = &self.buffer[self.at..];
            if let Some(length) = rest.windows(2).position(|window| window == b"\r\n") {
                let line = rest[..length].to_vec();
                self.at += length + 2;
                return Ok(line);
            }
            if rest.len() > LONGEST_HEAD || !self.fill()? {
                bail!("the connection ended in a line");
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        if length > LONGEST_BODY {
            bail!("a body of {length} bytes");
        }
        while self.buffer.len() - self.at < length {
            if !self.fill()? {
                bail!("the connection ended in a body");
            }
        }
        self.at += length;
        Ok(self.buffer[self.at - length..self.at].to_vec())
    }

    fn fill(&mut self) -> Result<bool> {
        let mut piece = [0; 32 * 1024];
        let length = self.from.read(&mut piece).context("read")?;
        self.buffer.extend_from_slice(&piece[..length]);
        Ok(length > 0)
    }
}

/// The value of the first field of this name (lower case) in a head.
pub(super) fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        let at = line.iter().position(|&byte| byte == b':')?;
        let (found, value) = line.split_at(at);
        found.eq_ignore_ascii_case(name).then(|| value[1..].trim_ascii())
    })
}

fn number(digits: &[u8], radix: u32) -> Result<usize> {
    let text = std::str::from_utf8(digits).context("a length")?;
    usize::from_str_radix(text, radix).with_context(|| format!("`{text}` is no length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its text byte by byte.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[track_caller]
    fn check(wire: &str, bodies: &[&str]) {
        let mut reader = Reader::new(Drops(wire.as_bytes()));
        for body in bodies {
            assert_eq!(reader.message().unwrap().unwrap().body, body.as_bytes());
        }
        assert_eq!(reader.message().unwrap(), None);
    }

    #[test]
    fn messages_end_where_they_say() {
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nA;x\r\n0123456789\r\n0\r\nt: 1\r\n\r\n";
        check(&format!("{length}{chunked}{length}"), &["ab", "ab0123456789", "ab"]);
        check("GET / HTTP/1.1\r\nhost: a\r\n\r\n", &[""]);
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error() {
        for wire in [
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n",
        ] {
            assert!(Reader::new(Drops(wire.as_bytes())).message().is_err(), "{wire:?}");
        }
    }
}
