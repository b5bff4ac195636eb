//! What a strict HTTP/1.1 server makes of the bytes of a request, before an engine sees it.
//!
//! CRS's tests are written for a server with an engine in it: they expect 400 where the server itself refuses, and
//! rules see what the server has read. This is RFC 9112 with the choices that Apache httpd makes where it leaves one:
//! repeated fields are joined, and `Transfer-Encoding` takes the place of `Content-Length`.

/// A request as a server reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Such as `GET`.
    pub method: Vec<u8>,
    /// The target as sent.
    pub uri: Vec<u8>,
    /// Such as `HTTP/1.1`.
    pub version: Vec<u8>,
    /// Names as sent and values without the blanks around.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

/// What a server makes of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A request.
    Request(Request),
    /// None: it answers 400, for the reason given.
    Refused(&'static str),
    /// A request without version (HTTP/0.9), whose answer has no status line, which no client of today takes.
    Simple(Request),
}

impl Request {
    /// The first field of this name.
    pub fn header(&self, wanted: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }
}

/// What a server that refuses nothing makes of the same bytes: rules that look for what is no HTTP are about such
/// requests.
pub fn receive_any(bytes: &[u8]) -> Request {
    let (head, body) = parts(bytes);
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next().unwrap_or_default().trim_ascii_start().splitn(3, |&byte| byte == b' ');
    let mut word = || words.next().unwrap_or_default().to_vec();
    let (method, uri, version) = (word(), word(), word());
    let mut request = Request { method, uri, version, headers: Vec::new(), body: Vec::new() };
    for line in lines {
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        add(&mut request.headers, (name, value.get(1..).unwrap_or_default().trim_ascii()));
    }
    request.body = read_body(&mut request, body).unwrap_or_else(|_| body.to_vec());
    request
}

/// Reads a request as a strict server does.
pub fn receive(bytes: &[u8]) -> Received {
    match read(bytes) {
        Ok(received) => received,
        Err(reason) => Received::Refused(reason),
    }
}

fn read(bytes: &[u8]) -> Result<Received, &'static str> {
    let (head, body) = parts(bytes);
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (method, uri, version) = request_line(lines.next().unwrap_or_default())?;
    let mut headers = Vec::new();
    for line in lines {
        add(&mut headers, field(line)?);
    }
    let mut request = Request {
        method: method.to_vec(),
        uri: uri.to_vec(),
        version: version.to_vec(),
        headers,
        body: Vec::new(),
    };
    if version.is_empty() {
        return Ok(Received::Simple(request));
    }
    check_target(&request)?;
    check_host(&request)?;
    request.body = read_body(&mut request, body)?;
    Ok(Received::Request(request))
}

/// Head and body. The head has its lines, without the empty one that ends it.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = [&b"\r\n\r\n"[..], b"\n\n", b"\n\r\n"];
    let found = ends.iter().filter_map(|end| Some((find(bytes, end)?, end.len())));
    match found.min() {
        Some((at, length)) => {
            (bytes.get(..at).unwrap_or_default(), bytes.get(at + length..).unwrap_or_default())
        }
        None => (bytes.strip_suffix(b"\r\n").unwrap_or(bytes), b""),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

type Words<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Method, target and version, with one blank between (RFC 9112, section 3). The version may be missing (HTTP/0.9).
fn request_line(line: &[u8]) -> Result<Words<'_>, &'static str> {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = words.next().unwrap_or_default();
    if !is_token(method) {
        return Err("the method is no token");
    }
    if words.next().is_some() {
        return Err("the request line has more than three words");
    }
    if uri.is_empty() || uri.iter().any(|&byte| byte < b'!' || byte == 0x7f) {
        return Err("the target is empty or has control bytes");
    }
    match version {
        [] => Ok((method, uri, version)),
        [b'H', b'T', b'T', b'P', b'/', b'1'..=b'9', b'.', b'0'..=b'9'] => Ok((method, uri, version)),
        // RFC 1945 knows it only by its absence.
        [b'H', b'T', b'T', b'P', b'/', b'0', b'.', _] => Err("HTTP/0.9 has no version in its request line"),
        _ if version.starts_with(b"HTTP/")
            && version.get(5..).unwrap_or_default().iter().all(u8::is_ascii_digit) =>
        {
            Ok((method, uri, version))
        }
        _ => Err("the version is not `HTTP/` with two digits"),
    }
}

fn is_token(text: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_tchar)
}

/// The target's form (RFC 9112, section 3.2).
fn check_target(request: &Request) -> Result<(), &'static str> {
    let uri = request.uri.as_slice();
    if uri.contains(&b'#') {
        return Err("the target has a fragment");
    }
    if request.method == b"CONNECT" {
        let port = uri.rsplit(|&byte| byte == b':').next().unwrap_or_default();
        let is_authority = uri.contains(&b':') && !port.is_empty() && port.iter().all(u8::is_ascii_digit);
        return is_authority.then_some(()).ok_or("the target of `CONNECT` is not `host:port`");
    }
    let is_absolute = find(uri, b"://").is_some_and(|at| at > 0);
    match uri.starts_with(b"/") || uri == b"*" || is_absolute {
        true => Ok(()),
        false => Err("the target is neither a path nor a URI"),
    }
}

/// A field line. A carriage return within it, or another control byte, is invalid (RFC 9112, section 2.2, and RFC 9110,
/// section 5.5).
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let colon = line.iter().position(|&byte| byte == b':').ok_or("a field line has no colon")?;
    let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
    if !is_token(name) {
        return Err("a field's name is no token");
    }
    if value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
        return Err("a field's value has control bytes");
    }
    Ok((name, value.trim_ascii()))
}

/// A field that is there already is joined (RFC 9110, section 5.3).
fn add(headers: &mut Vec<(Vec<u8>, Vec<u8>)>, (name, value): (&[u8], &[u8])) {
    match headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, joined)) => {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        None => headers.push((name.to_vec(), value.to_vec())),
    }
}

/// `Host` names a host (RFC 9112, section 3.2); HTTP/1.0 does not need one.
fn check_host(request: &Request) -> Result<(), &'static str> {
    let Some(host) = request.header("host") else { return Ok(()) };
    if host.is_empty() {
        return match request.version.as_slice() {
            b"HTTP/1.0" => Ok(()),
            _ => Err("`Host` is empty"),
        };
    }
    match host.contains(&b'%') {
        true => Err("`Host` is no host name"),
        false => Ok(()),
    }
}

/// The body's length (RFC 9112, section 6.3): chunks, else `Content-Length`, else none.
fn read_body(request: &mut Request, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let is_chunked = request.header("transfer-encoding").is_some_and(|value| {
        value.to_ascii_lowercase().rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii()
            == b"chunked"
    });
    if is_chunked {
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        return unchunked(bytes);
    }
    let Some(length) = request.header("content-length") else { return Ok(Vec::new()) };
    let number =
        std::str::from_utf8(length).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = number.and_then(|text| text.parse::<usize>().ok()).ok_or("`Content-Length` is no number")?;
    Ok(bytes.get(..length).unwrap_or(bytes).to_vec())
}

fn unchunked(mut bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    const BROKEN: &str = "a chunk is broken";
    let mut body = Vec::new();
    loop {
        let end = find(bytes, b"\r\n").ok_or(BROKEN)?;
        let line = bytes.get(..end).unwrap_or_default();
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(digits).map_err(|_| BROKEN)?;
        let size = usize::from_str_radix(digits, 16).map_err(|_| BROKEN)?;
        bytes = bytes.get(end + 2..).unwrap_or_default();
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(bytes.get(..size).ok_or(BROKEN)?);
        bytes = bytes.get(size..).and_then(|rest| rest.strip_prefix(b"\r\n")).ok_or(BROKEN)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match receive(text.as_bytes()) {
            Received::Request(request) => request,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_request_is_taken_apart() {
        let read = request("POST /a?b HTTP/1.1\r\nHost: h\r\nA:  1 \r\nContent-Length: 2\r\n\r\nxyz");
        assert_eq!(
            (read.method, read.uri, read.version),
            (b"POST".into(), b"/a?b".into(), b"HTTP/1.1".into())
        );
        let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        assert_eq!(read.headers, [pair("Host", "h"), pair("A", "1"), pair("Content-Length", "2")]);
        assert_eq!(read.body, b"xy");
    }

    #[test]
    fn a_body_without_length_is_none() {
        assert_eq!(request("POST / HTTP/1.1\r\nHost: h\r\n\r\nxyz").body, b"");
    }

    #[test]
    fn chunks_take_the_place_of_the_length() {
        let read = request(
            "POST / HTTP/1.1\r\nContent-Length: 7\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3\r\nHi \r\n3;a=b\r\nCRS\r\n0\r\n\r\n",
        );
        assert_eq!((read.header("content-length"), read.body.as_slice()), (None, &b"Hi CRS"[..]));
    }

    #[test]
    fn repeated_fields_are_joined() {
        let read = request("GET / HTTP/1.1\r\nA: 1\r\na: 2\r\nB: 3\r\n\r\n");
        assert_eq!((read.header("A"), read.headers.len()), (Some(&b"1, 2"[..]), 2));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for (text, reason) in [
            ("  GET / HTTP/1.1\r\n\r\n", "the method is no token"),
            ("\tGET / HTTP/1.1\r\n\r\n", "the method is no token"),
            ("GET / HTTP/1.1 x\r\n\r\n", "the request line has more than three words"),
            ("GET / HTTP\\1.0\r\n\r\n", "the version is not `HTTP/` with two digits"),
            ("GET / 1.1\r\n\r\n", "the version is not `HTTP/` with two digits"),
            ("GET / HTTP/0.9\r\n\r\n", "HTTP/0.9 has no version in its request line"),
            ("GET \\ HTTP/1.1\r\n\r\n", "the target is neither a path nor a URI"),
            ("GET /a#b HTTP/1.1\r\n\r\n", "the target has a fragment"),
            ("CONNECT example.com HTTP/1.1\r\n\r\n", "the target of `CONNECT` is not `host:port`"),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "`Host` is empty"),
            ("GET / HTTP/1.1\r\nHost: a%00\r\n\r\n", "`Host` is no host name"),
            ("GET / HTTP/1.1\r\nA\r\n\r\n", "a field line has no colon"),
            ("GET / HTTP/1.1\r\nA b: c\r\n\r\n", "a field's name is no token"),
            ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", "a field's value has control bytes"),
            ("GET / HTTP/1.1\r\nContent-Length: 3;\r\n\r\n", "`Content-Length` is no number"),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a chunk is broken"),
            ("", "the method is no token"),
        ] {
            assert_eq!(receive(text.as_bytes()), Received::Refused(reason), "{text:?}");
        }
    }

    #[test]
    fn what_is_refused_can_be_read_all_the_same() {
        let read = receive_any(
            b"  GET /a#b HTTP/1.1 x\r\nHost: a%00\r\nA: b\rc\r\nnone\r\nContent-Length: x\r\n\r\nbody",
        );
        assert_eq!((read.method.as_slice(), read.uri.as_slice()), (&b"GET"[..], &b"/a#b"[..]));
        assert_eq!((read.version.as_slice(), read.body.as_slice()), (&b"HTTP/1.1 x"[..], &b"body"[..]));
        assert_eq!(
            (read.header("host"), read.header("a"), read.header("none")),
            (Some(&b"a%00"[..]), Some(&b"b\rc"[..]), Some(&b""[..]))
        );
        assert_eq!(receive_any(b""), Request::default());
    }

    #[test]
    fn a_line_without_version_is_a_simple_request() {
        assert!(matches!(receive(b"GET / \r\nHost: h\r\n\r\n"), Received::Simple(_)));
        assert!(matches!(receive(b"GET /\r\n"), Received::Simple(_)));
    }
}
