//! Answers that a filter gives itself, in the form that the client wants.

use crate::edit::Edit;
use crate::headers::Headers;

/// An answer in place of the upstream's.
///
/// Without a body of its own it is rendered as JSON, HTML or text, by the request's `accept`; a gRPC client gets a
/// gRPC status. It never holds a value that a filter found in traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    /// What the client is told: one short line, the same for all causes of this kind.
    pub message: String,
    /// More headers, checked.
    pub headers: Vec<Edit>,
    /// A body of its own, sent as it is; its `content-type` stands in `headers`.
    pub body: Option<Vec<u8>>,
    /// What the operator finds the log lines by; `None` for the request id that the proxy gave.
    pub reference: Option<String>,
}

impl Reply {
    /// An answer with this status and line; a status outside 200 to 599 becomes 500.
    pub fn new(status: u16, message: impl Into<String>) -> Reply {
        let status = if (200..=599).contains(&status) { status } else { 500 };
        Reply { status, message: message.into(), headers: Vec::new(), body: None, reference: None }
    }

    /// The same answer with a body of its own.
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Reply {
        self.body = Some(body.into());
        self
    }

    /// The same answer with this reference in it.
    pub fn with_reference(mut self, reference: impl Into<String>) -> Reply {
        self.reference = Some(reference.into());
        self
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, edit: Edit) -> Reply {
        self.headers.push(edit);
        self
    }

    /// The bytes for this request's client.
    pub fn render(&self, request: &Headers) -> Rendered {
        let mut headers = Headers::new();
        for edit in &self.headers {
            headers.apply(edit);
        }
        let body = match &self.body {
            Some(body) => body.clone(),
            None => {
                let form = ErrorForm::for_request(request);
                if let Ok(edit) = Edit::set("content-type", form.content_type()) {
                    headers.apply(&edit);
                }
                if let Ok(edit) = Edit::set("cache-control", "no-store") {
                    headers.apply(&edit);
                }
                let own = self.reference.clone();
                form.render(self.status, &self.message, own.or_else(|| request_id(request)).as_deref())
            }
        };
        Rendered {
            status: self.status,
            headers,
            body,
            grpc_status: is_grpc(request).then(|| grpc_status(self.status)),
        }
    }
}

/// A reply as it goes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The HTTP status (a gRPC client gets 200 from the host, and `grpc_status`).
    pub status: u16,
    /// Without pseudo-headers and `content-length`.
    pub headers: Headers,
    /// The body; for a gRPC client it becomes `grpc-message`.
    pub body: Vec<u8>,
    /// The gRPC status, if the client speaks gRPC.
    pub grpc_status: Option<u32>,
}

/// The form of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorForm {
    /// `application/json`.
    Json,
    /// `text/html`.
    Html,
    /// `text/plain`.
    Text,
}

impl ErrorForm {
    /// By `accept` (RFC 9110 section 12.5.1): the highest quality wins; of equals the more specific, then the first
    /// named. Without a preference a client that sent JSON gets JSON, any other plain text.
    pub fn for_request(request: &Headers) -> ErrorForm {
        if is_grpc(request) {
            return ErrorForm::Text;
        }
        let fallback = match request.media_type() {
            Some(media) if media.eq_ignore_ascii_case(b"application/json") || media.ends_with(b"+json") => {
                ErrorForm::Json
            }
            _ => ErrorForm::Text,
        };
        let mut best: Option<(u16, u8, ErrorForm)> = None;
        for range in request.get_all("accept").flat_map(|value| value.split(|&byte| byte == b',')) {
            let (media, quality) = media_and_quality(range);
            let (specific, form) = match media.as_slice() {
                b"application/json" => (2, ErrorForm::Json),
                b"text/html" | b"application/xhtml+xml" => (2, ErrorForm::Html),
                b"text/plain" => (2, ErrorForm::Text),
                media if media.ends_with(b"+json") => (2, ErrorForm::Json),
                b"application/*" => (1, ErrorForm::Json),
                b"text/*" => (1, ErrorForm::Text),
                b"*/*" => (0, fallback),
                _ => continue,
            };
            if quality > 0 && best.is_none_or(|(q, s, _)| (quality, specific) > (q, s)) {
                best = Some((quality, specific, form));
            }
        }
        best.map_or(fallback, |(_, _, form)| form)
    }

    /// The value of `content-type`.
    pub fn content_type(self) -> &'static str {
        match self {
            ErrorForm::Json => "application/json",
            ErrorForm::Html => "text/html; charset=utf-8",
            ErrorForm::Text => "text/plain; charset=utf-8",
        }
    }

    fn render(self, status: u16, message: &str, reference: Option<&str>) -> Vec<u8> {
        match self {
            ErrorForm::Json => {
                let reference = reference.map(|id| format!(",\"reference\":\"{}\"", escape_json(id))).unwrap_or_default();
                format!("{{\"status\":{status},\"message\":\"{}\"{reference}}}\n", escape_json(message))
            }
            ErrorForm::Html => {
                let reference =
                    reference.map(|id| format!("<p>Reference: <code>{}</code></p>\n", escape_html(id))).unwrap_or_default();
                let message = escape_html(message);
                format!(
                    "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{status}</title></head>\n\
                     <body>\n<h1>{status}</h1>\n<p>{message}</p>\n{reference}</body>\n</html>\n"
                )
            }
            ErrorForm::Text => {
                let reference = reference.map(|id| format!(" (reference {id})")).unwrap_or_default();
                format!("{message}{reference}\n")
            }
        }
        .into_bytes()
    }
}

/// Whether the client speaks gRPC over HTTP/2 (not gRPC-Web, which wants an ordinary answer).
pub fn is_grpc(request: &Headers) -> bool {
    request.media_type().is_some_and(|media| {
        let media = media.to_ascii_lowercase();
        media == b"application/grpc" || media.starts_with(b"application/grpc+")
    })
}

/// The request id that the proxy gave, if it has the form of one: the operator finds the log line by it.
pub fn request_id(request: &Headers) -> Option<String> {
    let id = request.get("x-request-id")?;
    let plain =
        !id.is_empty() && id.len() <= 64 && id.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    plain.then(|| String::from_utf8_lossy(id).into_owned())
}

/// A media range in lower case and its quality in thousandths.
fn media_and_quality(range: &[u8]) -> (Vec<u8>, u16) {
    let mut parts = range.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")))
        .and_then(|text| std::str::from_utf8(text).ok()?.parse::<f32>().ok())
        .map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16);
    (media, quality)
}

/// The mapping of gRPC's "HTTP to gRPC status code mapping", as far as we answer such codes, and 429 and 413 besides.
fn grpc_status(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        413 | 429 => 8,
        502..=504 => 14,
        _ => 2,
    }
}

fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_form(accept: &str, expected: ErrorForm) {
        assert_eq!(ErrorForm::for_request(&Headers::from_pairs([("accept", accept)])), expected, "{accept}");
    }

    #[test]
    fn the_client_chooses_the_form() {
        check_form("application/json", ErrorForm::Json);
        check_form("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ErrorForm::Html);
        check_form("*/*", ErrorForm::Text);
        check_form("application/json;q=0.1, text/plain", ErrorForm::Text);
        check_form("text/*, application/problem+json", ErrorForm::Json);
        check_form("text/html;q=0", ErrorForm::Text);
        check_form("image/png", ErrorForm::Text);
        check_form("application/json;q=nonsense", ErrorForm::Json);
    }

    #[test]
    fn json_sent_means_json_wanted() {
        let request = Headers::from_pairs([("content-type", "application/json"), ("accept", "*/*")]);
        assert_eq!(ErrorForm::for_request(&request), ErrorForm::Json);
    }

    #[test]
    fn a_body_holds_message_and_reference_escaped() {
        let request = Headers::from_pairs([("accept", "application/json"), ("x-request-id", "ab-1")]);
        let rendered = Reply::new(403, "say \"no\"").render(&request);
        assert_eq!(
            rendered.body,
            b"{\"status\":403,\"message\":\"say \\\"no\\\"\",\"reference\":\"ab-1\"}\n"
        );
        let html = Reply::new(403, "<no>")
            .render(&Headers::from_pairs([("accept", "text/html"), ("x-request-id", "<x>")]));
        let html = String::from_utf8(html.body).unwrap();
        assert!(html.contains("&lt;no&gt;") && !html.contains("<x>"), "{html}");
    }

    #[test]
    fn a_reference_of_its_own_comes_first() {
        let request = Headers::from_pairs([("accept", "text/plain"), ("x-request-id", "ab-1")]);
        let rendered = Reply::new(403, "no").with_reference("cd-2").render(&request);
        assert_eq!(rendered.body, b"no (reference cd-2)\n");
    }

    #[test]
    fn grpc_clients_get_a_grpc_status() {
        let request = Headers::from_pairs([("content-type", "application/grpc+proto")]);
        assert_eq!(Reply::new(403, "no").render(&request).grpc_status, Some(7));
        let web = Headers::from_pairs([("content-type", "application/grpc-web")]);
        assert_eq!(Reply::new(403, "no").render(&web).grpc_status, None);
    }

    #[test]
    fn a_status_that_is_none_becomes_500() {
        assert_eq!(Reply::new(101, "x").status, 500);
    }
}
