//! Raw HTTP/1 messages in files: a start line, headers, a blank line, a body.

use anyhow::{Context, Result, bail};
use portcullis_core::Headers;

/// A message as the proxy hands it to a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// Pseudo-headers first, names in lower case.
    pub(crate) headers: Headers,
    /// All of it; a chunked body is not decoded.
    pub(crate) body: Vec<u8>,
}

/// A message as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    start: Vec<u8>,
    /// Names as written, values without the blanks around.
    pub(crate) fields: Vec<Field>,
    pub(crate) body: Vec<u8>,
}

/// Takes a message apart, whatever its first line is.
pub(crate) fn lines(bytes: &[u8]) -> Result<Lines> {
    let (start, fields, body) = split(bytes)?;
    Ok(Lines { start, fields, body })
}

impl Lines {
    /// Method, target and version of a request.
    pub(crate) fn request_line(&self) -> Result<(Vec<u8>, Vec<u8>, Vec<u8>)> {
        let mut words = self.start.splitn(3, |&byte| byte == b' ').map(<[u8]>::to_vec);
        match (words.next(), words.next(), words.next()) {
            (Some(method), Some(target), Some(version)) if version.starts_with(b"HTTP/") => {
                Ok((method, target, version))
            }
            _ => bail!("the first line is not `METHOD /path HTTP/1.1`"),
        }
    }

    /// Version and status of a response.
    pub(crate) fn status_line(&self) -> Result<(Vec<u8>, u16)> {
        let mut words = self.start.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let version = words.next().unwrap_or_default();
        let status = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
        match status {
            Some(status @ 100..=599) if version.starts_with(b"HTTP/") => Ok((version.to_vec(), status)),
            _ => bail!("the first line is not `HTTP/1.1 STATUS`"),
        }
    }
}

/// Reads a request: `GET /path HTTP/1.1`, `host` becomes `:authority`.
pub(crate) fn request(bytes: &[u8]) -> Result<Message> {
    let (start, fields, body) = parts(bytes)?;
    let mut words = start.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (Some(method), Some(path), Some(b"HTTP/1.1" | b"HTTP/2")) =
        (words.next(), words.next(), words.next())
    else {
        bail!("the first line is not `METHOD /path HTTP/1.1`");
    };
    let authority =
        fields.iter().find(|(name, _)| name == b"host").map_or(&b"localhost"[..], |(_, value)| value);
    let pseudo =
        [(&b":authority"[..], authority), (b":path", path), (b":method", method), (b":scheme", b"http")];
    let rest = fields.iter().filter(|(name, _)| name != b"host").map(|(name, value)| (&name[..], &value[..]));
    Ok(Message { headers: Headers::from_pairs(pseudo.into_iter().chain(rest)), body })
}

/// Reads a response: `HTTP/1.1 200 OK`.
pub(crate) fn response(bytes: &[u8]) -> Result<Message> {
    let (start, fields, body) = parts(bytes)?;
    let mut words = start.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (Some(version), Some(status)) = (words.next(), words.next()) else {
        bail!("the first line is not `HTTP/1.1 STATUS`");
    };
    if !version.starts_with(b"HTTP/") || status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        bail!("the first line is not `HTTP/1.1 STATUS`");
    }
    let pseudo = [(&b":status"[..], status)];
    let rest = fields.iter().map(|(name, value)| (&name[..], &value[..]));
    Ok(Message { headers: Headers::from_pairs(pseudo.into_iter().chain(rest)), body })
}

pub(crate) type Field = (Vec<u8>, Vec<u8>);

/// Start line, fields with names in lower case, body.
fn parts(bytes: &[u8]) -> Result<(Vec<u8>, Vec<Field>, Vec<u8>)> {
    let (start, fields, body) = split(bytes)?;
    let lower = |(name, value): Field| (name.to_ascii_lowercase(), value);
    Ok((start, fields.into_iter().map(lower).collect(), body))
}

/// Start line, fields, body. Lines may end with LF alone, as editors write them.
fn split(bytes: &[u8]) -> Result<(Vec<u8>, Vec<Field>, Vec<u8>)> {
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
    let mut length = 0;
    let mut next = || {
        let line = lines.next()?;
        length += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some((line.strip_suffix(b"\r").unwrap_or(line), length))
    };
    let (start, mut end) = next().context("the file is empty")?;
    let mut fields = Vec::new();
    while let Some((line, after)) = next() {
        end = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) =
            line.split_at(colon.with_context(|| format!("header line {} has no colon", fields.len() + 1))?);
        let value = value.get(1..).unwrap_or_default();
        fields.push((name.to_vec(), value.trim_ascii().to_vec()));
    }
    Ok((start.to_vec(), fields, bytes.get(end..).unwrap_or_default().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_pseudo_headers_and_a_body() {
        let message = request(b"POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-A:  1 \r\n\r\nx\r\ny\n").unwrap();
        let expected = [
            (":authority", "h"),
            (":path", "/a?b=c"),
            (":method", "POST"),
            (":scheme", "http"),
            ("x-a", "1"),
        ];
        assert_eq!(message.headers, Headers::from_pairs(expected));
        assert_eq!(message.body, b"x\r\ny\n");
    }

    #[test]
    fn lines_may_end_with_lf_and_the_body_may_be_missing() {
        let message = response(b"HTTP/1.1 404 Not Found\nx-a: 1\n").unwrap();
        assert_eq!(message.headers, Headers::from_pairs([(":status", "404"), ("x-a", "1")]));
        assert_eq!(message.body, b"");
    }

    #[test]
    fn what_is_no_message_is_named() {
        assert!(request(b"").is_err());
        assert!(request(b"GET\n\n").is_err());
        assert!(request(b"GET / HTTP/1.1\nno colon\n\n").unwrap_err().to_string().contains("header line 1"));
        assert!(response(b"GET / HTTP/1.1\n\n").is_err());
    }
}
