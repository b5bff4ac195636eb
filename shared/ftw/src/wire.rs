//! The bytes of a request, completed by go-ftw's rules.

use crate::case::Input;
use crate::template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const FORM: &str = "application/x-www-form-urlencoded";

impl Input {
    /// The bytes to send: one request, or one for each of `uris`.
    pub fn wire(&self) -> Result<Vec<Vec<u8>>, String> {
        if let Some(encoded) = self.encoded_request.as_deref().filter(|text| !text.is_empty()) {
            return match self.data.as_deref() {
                None | Some("") => Ok(vec![decode(encoded, "encoded_request")?]),
                Some(_) => Err("`data` and `encoded_request` do not go together".to_owned()),
            };
        }
        let body = self.body()?;
        match self.uris.as_slice() {
            [] => Ok(vec![self.request(self.uri.as_deref().unwrap_or("/"), &body)]),
            uris => Ok(uris.iter().map(|uri| self.request(uri, &body)).collect()),
        }
    }

    /// The address that it goes to.
    pub fn destination(&self) -> (&str, u16) {
        (self.dest_addr.as_deref().unwrap_or("localhost"), self.port.unwrap_or(80))
    }

    fn body(&self) -> Result<Vec<u8>, String> {
        match (&self.data, &self.encoded_data) {
            (Some(data), _) => template::expand(data).map(String::into_bytes),
            (None, Some(encoded)) => decode(encoded, "encoded_data"),
            (None, None) => Ok(Vec::new()),
        }
    }

    fn completes(&self) -> bool {
        self.autocomplete_headers.unwrap_or(!self.stop_magic.unwrap_or(false))
    }

    fn request(&self, uri: &str, body: &[u8]) -> Vec<u8> {
        let method = self.method.as_deref().unwrap_or("GET");
        let mut headers = self.given_headers();
        let mut body = body.to_vec();
        if !body.is_empty() && self.completes() {
            if !has(&headers, "content-type") {
                headers.push(("Content-Type".to_owned(), FORM.to_owned()));
            }
            if any_value(&headers, "content-type", |value| value.eq_ignore_ascii_case(FORM)) {
                body = form(body);
            }
        }
        let is_multipart = |value: &str| value.to_ascii_lowercase().contains("multipart/form-data;");
        if any_value(&headers, "content-type", is_multipart) {
            body = with_crlf(&body);
        }
        if self.completes() {
            complete(&mut headers, method, body.len());
        }
        let mut bytes =
            format!("{method} {uri} {}\r\n", self.version.as_deref().unwrap_or("HTTP/1.1")).into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(body);
        bytes
    }

    fn given_headers(&self) -> Vec<(String, String)> {
        if !self.ordered_headers.is_empty() {
            let ordered = self.ordered_headers.iter();
            return ordered.map(|header| (header.name.clone(), header.value.clone())).collect();
        }
        let mut headers = self.headers.clone();
        headers.sort();
        headers
    }
}

/// Base64, in which line ends count for nothing.
pub(crate) fn decode(text: &str, field: &str) -> Result<Vec<u8>, String> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let fault =
        |error: base64::DecodeError| format!("`{field}` is not Base64: {}", error.to_string().to_lowercase());
    STANDARD.decode(text).map_err(fault)
}

fn has(headers: &[(String, String)], wanted: &str) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}

fn any_value(headers: &[(String, String)], wanted: &str, test: impl Fn(&str) -> bool) -> bool {
    headers.iter().any(|(name, value)| name.eq_ignore_ascii_case(wanted) && test(value))
}

fn complete(headers: &mut Vec<(String, String)>, method: &str, length: usize) {
    if !has(headers, "connection") {
        headers.push(("Connection".to_owned(), "close".to_owned()));
    }
    // go-ftw's pattern is `^POST|PUT|PATCH|DELETE$`, whose ends bind to the outer two alone.
    let may_have_body = method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE");
    if !has(headers, "content-length") && (length > 0 || may_have_body) {
        headers.push(("Content-Length".to_owned(), length.to_string()));
    }
}

/// Encodes names and values of a form that unescaping leaves as it is.
fn form(body: Vec<u8>) -> Vec<u8> {
    let is_escaped = body.contains(&b'+') || body.contains(&b'%');
    if is_escaped {
        return body;
    }
    let mut encoded: Vec<Vec<u8>> = Vec::new();
    let mut rest = Some(body.as_slice());
    while let Some(text) = rest.filter(|text| !text.is_empty()) {
        let (token, behind) = split(text, b'&');
        rest = behind;
        encoded.push(match split(token, b'=') {
            (name, None) => escape(name),
            (name, Some(value)) => [escape(name), escape(value)].join(&b'='),
        });
    }
    encoded.join(&b'&')
}

fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |&byte| byte == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Go's `url.QueryEscape`: letters, digits and `-_.~` stay, a blank becomes `+`.
fn escape(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(byte),
            b' ' => escaped.push(b'+'),
            _ => escaped.extend(format!("%{byte:02X}").into_bytes()),
        }
    }
    escaped
}

/// Each LF becomes CR LF, also one that has a CR already.
fn with_crlf(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    for &byte in body {
        if byte == b'\n' {
            bytes.push(b'\r');
        }
        bytes.push(byte);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use crate::case::{Header, Input};

    fn wire(input: &Input) -> String {
        let mut wires = input.wire().unwrap();
        assert_eq!(wires.len(), 1);
        String::from_utf8(wires.remove(0)).unwrap()
    }

    fn with_data(method: &str, headers: &[(&str, &str)], data: &str) -> Input {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Input { method: Some(method.to_owned()), headers, data: Some(data.to_owned()), ..Input::default() }
    }

    #[test]
    fn headers_are_sorted_and_completed() {
        assert_eq!(
            wire(&with_data("POST", &[("Host", "h"), ("Accept", "*/*")], "a=b c&d")),
            "POST / HTTP/1.1\r\nAccept: */*\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Connection: close\r\nContent-Length: 7\r\n\r\na=b+c&d"
        );
        let bare = Input { method: Some("DELETE".into()), ..Input::default() };
        assert_eq!(wire(&bare), "DELETE / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }

    #[test]
    fn without_completion_nothing_is_added() {
        for off in [
            Input { autocomplete_headers: Some(false), ..with_data("POST", &[], "a=b c") },
            Input { stop_magic: Some(true), ..with_data("POST", &[], "a=b c") },
        ] {
            assert_eq!(wire(&off), "POST / HTTP/1.1\r\n\r\na=b c");
        }
        let both = Input { autocomplete_headers: Some(true), stop_magic: Some(true), ..Input::default() };
        assert_eq!(wire(&both), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn only_forms_that_are_not_escaped_are_escaped() {
        let body =
            |data: &str| wire(&with_data("POST", &[], data)).split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body("a=/etc/passwd&b=x;y"), "a=%2Fetc%2Fpasswd&b=x%3By");
        assert_eq!(body("a=%41&b=x;y"), "a=%41&b=x;y");
        assert_eq!(body("a=b=c&&d"), "a=b%3Dc&&d");
        assert_eq!(body("{\"a\": 1}&"), "%7B%22a%22%3A+1%7D");
        let json = with_data("POST", &[("content-type", "application/json")], "{\"a\": 1}");
        assert!(wire(&json).ends_with("\r\n\r\n{\"a\": 1}"));
    }

    #[test]
    fn multipart_lines_end_with_crlf() {
        let input = with_data(
            "POST",
            &[("Content-Type", "multipart/form-data; boundary=x")],
            "--x\n{{ \"1\" | repeat 3 }}\n",
        );
        assert!(wire(&input).ends_with("Content-Length: 10\r\n\r\n--x\r\n111\r\n"), "{}", wire(&input));
    }

    #[test]
    fn ordered_headers_keep_their_order() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let ordered_headers = vec![header("B", "1"), header("A", "2"), header("B", "3")];
        let input = Input { ordered_headers, stop_magic: Some(true), ..Input::default() };
        assert_eq!(wire(&input), "GET / HTTP/1.1\r\nB: 1\r\nA: 2\r\nB: 3\r\n\r\n");
    }

    #[test]
    fn encoded_requests_are_sent_as_they_are() {
        let input = Input { encoded_request: Some("R0VUIC8g\nSFRUUC8x LjANCg0K".into()), ..Input::default() };
        assert_eq!(wire(&input), "GET / HTTP/1.0\r\n\r\n");
        let broken = Input { encoded_request: Some("%".into()), ..Input::default() };
        assert!(broken.wire().unwrap_err().starts_with("`encoded_request` is not Base64: "));
        let both = Input { data: Some("a".into()), ..input };
        assert_eq!(both.wire(), Err("`data` and `encoded_request` do not go together".into()));
    }

    #[test]
    fn uris_make_a_request_each() {
        let input = Input { uris: vec!["/a".into(), "/b".into()], ..Input::default() };
        let wires = input.wire().unwrap();
        assert_eq!(wires.len(), 2);
        assert!(wires[1].starts_with(b"GET /b HTTP/1.1\r\n"));
    }
}
