//! The upstream of CRS's tests, as albedo behaves: at `/reflect` it answers as the request's body says, else with an
//! empty page.

use crate::case::Response;
use crate::server::Request;
use crate::wire::decode;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the upstream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A request's wish for an answer.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Wish {
    status: u32,
    headers: BTreeMap<String, String>,
    body: String,
    encoded_body: String,
}

/// The answer to a request.
pub fn answer(request: &Request) -> Answer {
    let path = request.uri.split(|&byte| byte == b'?').next().unwrap_or_default();
    if request.method == b"POST" && (path == b"/reflect" || path.starts_with(b"/reflect/")) {
        return reflect(&request.body);
    }
    complete(Answer { status: 200, headers: Vec::new(), body: Vec::new() })
}

/// The answer that a case lays down itself.
pub fn given(response: &Response) -> Result<Answer, String> {
    let body = match response.encoded_body.is_empty() {
        true => response.body.clone().into_bytes(),
        false => decode(&response.encoded_body, "encoded_body")?,
    };
    let status = if response.status == 0 { 200 } else { response.status };
    Ok(complete(Answer { status, headers: response.headers.clone(), body }))
}

impl Answer {
    /// The bytes of it.
    pub fn wire(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// A plain answer.
    pub fn plain(status: u16, text: &str) -> Answer {
        complete(Answer { status, headers: Vec::new(), body: text.as_bytes().to_vec() })
    }
}

fn reflect(body: &[u8]) -> Answer {
    let Ok(wish) = serde_json::from_slice::<Wish>(body) else {
        return Answer::plain(400, "Invalid JSON in request body");
    };
    let status = match wish.status {
        0 => 200,
        status @ 100..=599 => u16::try_from(status).unwrap_or(200),
        status => return Answer::plain(400, &format!("Invalid status code: {status}")),
    };
    let body = match (wish.body.is_empty(), decode(&wish.encoded_body, "encodedBody")) {
        (false, _) => wish.body.into_bytes(),
        (true, Ok(body)) => body,
        // Its status has gone out by then.
        (true, Err(_)) => b"invalid base64 encoding of response body".to_vec(),
    };
    complete(Answer { status, headers: wish.headers.into_iter().collect(), body })
}

/// What Go's server adds: the length, and a type guessed from the content.
fn complete(mut answer: Answer) -> Answer {
    let has = |wanted: &str| answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let (has_type, has_length) = (has("content-type"), has("content-length"));
    if !has_type && !answer.body.is_empty() {
        answer.headers.push(("Content-Type".to_owned(), sniff(&answer.body).to_owned()));
    }
    if !has_length {
        answer.headers.push(("Content-Length".to_owned(), answer.body.len().to_string()));
    }
    answer
}

/// The types of text in the WHATWG's sniffing rules, which Go follows.
fn sniff(body: &[u8]) -> &'static str {
    const HTML: [&str; 17] = [
        "<!doctype html",
        "<html",
        "<head",
        "<script",
        "<iframe",
        "<h1",
        "<div",
        "<font",
        "<table",
        "<a",
        "<style",
        "<title",
        "<b",
        "<body",
        "<br",
        "<p",
        "<!--",
    ];
    let start = body.get(..512).unwrap_or(body).trim_ascii_start();
    let lower = start.to_ascii_lowercase();
    let ends_tag = |tag: &str| tag == "<!--" || matches!(lower.get(tag.len()), Some(b' ' | b'>'));
    if HTML.iter().any(|tag| lower.starts_with(tag.as_bytes()) && ends_tag(tag)) {
        return "text/html; charset=utf-8";
    }
    if start.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    let is_binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    match start.iter().any(is_binary) {
        true => "application/octet-stream",
        false => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reflected(method: &str, uri: &str, body: &str) -> Answer {
        let request =
            Request { method: method.into(), uri: uri.into(), body: body.into(), ..Request::default() };
        answer(&request)
    }

    #[test]
    fn reflect_answers_as_told() {
        let answer =
            reflected("POST", "/reflect", r#"{"status": 404, "headers": {"X-A": "1"}, "body": "<html>"}"#);
        assert_eq!((answer.status, answer.body.as_slice()), (404, &b"<html>"[..]));
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            header("X-A", "1"),
            header("Content-Type", "text/html; charset=utf-8"),
            header("Content-Length", "6"),
        ];
        assert_eq!(answer.headers, expected);
        assert_eq!(reflected("POST", "/reflect/x", r#"{"encodedBody": "aGk="}"#).body, b"hi");
    }

    #[test]
    fn what_is_no_wish_is_refused() {
        assert_eq!(reflected("POST", "/reflect", "x").status, 400);
        assert_eq!(reflected("POST", "/reflect", r#"{"status": 700}"#).status, 400);
    }

    #[test]
    fn all_else_gets_an_empty_page() {
        for answer in [reflected("GET", "/reflect", "{}"), reflected("POST", "/", r#"{"body": "x"}"#)] {
            assert_eq!((answer.status, answer.body.is_empty()), (200, true));
        }
    }
}
