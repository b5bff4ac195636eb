//! What a client is told when its request or response is stopped: one line, or the operator's own pages.

use crate::transaction::{Interruption, Response};
use portcullis_core::{
    ConfigError, Edit, ErrorForm, Exchange, Flow, Headers, Reply, Verdict, is_grpc, request_id,
};
use portcullis_http::Limits;
use serde::Deserialize;

/// The default for all, whatever the rule.
const LINE: &str = "request blocked";
/// The most bytes of a page.
const LONGEST_PAGE: usize = 65_536;
/// The most bytes of a gRPC message, which travels in a header.
const LONGEST_MESSAGE: usize = 1_024;

/// What a client is told when its request is blocked. Without a page for the form that the client wants, one line.
///
/// `{{incident}}` stands for the name of the exchange in all logs, `{{status}}` for the status.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ReplyConfig {
    /// For browsers.
    pub html: Option<String>,
    /// For clients that accept JSON, or that sent it and accept anything.
    pub json: Option<String>,
    /// For all others.
    pub text: Option<String>,
    /// The message for gRPC clients; the gRPC status follows from the rule's.
    pub grpc: Option<String>,
}

/// The pages of one route.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    html: Option<Page>,
    json: Option<Page>,
    text: Option<Page>,
    grpc: Option<Page>,
}

/// A text with places to fill in.
#[derive(Debug)]
struct Page(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Incident,
    Status,
}

impl Pages {
    pub(crate) fn compile(config: &ReplyConfig) -> Result<Pages, ConfigError> {
        let page = |field: &str, text: &Option<String>, most: usize| match text {
            None => Ok(None),
            Some(text) => Page::parse(text, most)
                .map(Some)
                .map_err(|message| ConfigError::new(format!("reply.{field}"), message)),
        };
        let pages = Pages {
            html: page("html", &config.html, LONGEST_PAGE)?,
            json: page("json", &config.json, LONGEST_PAGE)?,
            text: page("text", &config.text, LONGEST_PAGE)?,
            grpc: page("grpc", &config.grpc, LONGEST_MESSAGE)?,
        };
        if let Some(page) = &pages.json {
            let sample = page.fill("00000000-0000-4000-8000-000000000000", 403);
            let checked = portcullis_http::json::validate(sample.as_bytes(), Limits::default());
            checked.map_err(|error| ConfigError::new("reply.json", format!("is not JSON: {error}")))?;
        }
        if config.grpc.as_ref().is_some_and(|text| text.chars().any(char::is_control)) {
            return Err(ConfigError::new("reply.grpc", "must be one line"));
        }
        Ok(pages)
    }

    /// What an interruption comes to.
    pub(crate) fn verdict<E>(&self, interruption: &Interruption, exchange: &Exchange) -> Verdict<E> {
        match &interruption.response {
            Response::Deny(status) => Verdict::reply(self.reply(*status, exchange)),
            Response::Drop => Verdict { flow: Flow::Reset, ..Verdict::default() },
            Response::Redirect { status, location } => match Edit::set("location", location) {
                Ok(edit) => {
                    let reply = Reply::new(*status, LINE).with_reference(incident(exchange));
                    Verdict::reply(reply.with_header(edit))
                }
                // A target made from a macro can hold what no header may.
                Err(_) => Verdict::reply(self.reply(403, exchange)),
            },
        }
    }

    fn reply(&self, status: u16, exchange: &Exchange) -> Reply {
        let incident = incident(exchange);
        let plain = Reply::new(status, LINE);
        let Some((page, content_type)) = self.page(&exchange.request) else {
            return plain.with_reference(incident);
        };
        let body = page.fill(&incident, plain.status);
        let fields = content_type.into_iter().map(|value| ("content-type", value));
        let edits = fields
            .chain([("cache-control", "no-store")])
            .filter_map(|(name, value)| Edit::set(name, value).ok());
        edits.fold(plain.with_body(body), Reply::with_header)
    }

    /// The page for this client, with its type; a gRPC message has none.
    fn page(&self, request: &Headers) -> Option<(&Page, Option<&'static str>)> {
        if is_grpc(request) {
            return self.grpc.as_ref().map(|page| (page, None));
        }
        let form = ErrorForm::for_request(request);
        let page = match form {
            ErrorForm::Html => &self.html,
            ErrorForm::Json => &self.json,
            ErrorForm::Text => &self.text,
        };
        page.as_ref().map(|page| (page, Some(form.content_type())))
    }
}

impl Page {
    fn parse(text: &str, most: usize) -> Result<Page, String> {
        if text.len() > most {
            return Err(format!("has {} bytes, and may have {most}", text.len()));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            pieces.push(Piece::Text(before.to_owned()));
            let (name, after) = behind.split_once("}}").ok_or("`{{` is not closed by `}}`")?;
            pieces.push(match name.trim() {
                "incident" => Piece::Incident,
                "status" => Piece::Status,
                name => {
                    return Err(format!(
                        "`{{{{{name}}}}}` is neither `{{{{incident}}}}` nor `{{{{status}}}}`"
                    ));
                }
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Page(pieces))
    }

    /// An incident holds letters, digits and hyphens alone, so that no form needs to escape it.
    fn fill(&self, incident: &str, status: u16) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Incident => out.push_str(incident),
                Piece::Status => out.push_str(&status.to_string()),
            }
        }
        out
    }
}

/// The name of an exchange on pages and in logs: the proxy's request id, else one of the time and the stream.
pub(crate) fn incident(exchange: &Exchange) -> String {
    request_id(&exchange.request)
        .unwrap_or_else(|| format!("{:x}-{:x}", exchange.time.as_millis(), exchange.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ReplyConfig {
        ReplyConfig {
            html: Some("<h1>{{ status }}</h1><p>{{incident}}</p>".into()),
            json: Some(r#"{"error":"blocked","incident":"{{incident}}","status":{{status}}}"#.into()),
            text: None,
            grpc: Some("blocked {{incident}}".into()),
        }
    }

    fn exchange(name: &str, value: &str) -> Exchange {
        let request = Headers::from_pairs([(name, value), ("x-request-id", "a-1")]);
        Exchange { request, ..Exchange::default() }
    }

    #[track_caller]
    fn check(name: &str, value: &str, body: &str, content_type: Option<&str>) {
        let Ok(pages) = Pages::compile(&config()) else { unreachable!() };
        let exchange = exchange(name, value);
        let rendered = pages.reply(403, &exchange).render(&exchange.request);
        assert_eq!(String::from_utf8_lossy(&rendered.body), body);
        assert_eq!(
            rendered.headers.get("content-type").map(String::from_utf8_lossy).as_deref(),
            content_type
        );
        assert_eq!(rendered.headers.get("cache-control"), Some(&b"no-store"[..]));
    }

    #[test]
    fn the_client_gets_the_form_that_it_wants() {
        check("accept", "text/html", "<h1>403</h1><p>a-1</p>", Some("text/html; charset=utf-8"));
        let json = r#"{"error":"blocked","incident":"a-1","status":403}"#;
        check("accept", "application/json", json, Some("application/json"));
        check("content-type", "application/json", json, Some("application/json"));
        check("content-type", "application/grpc", "blocked a-1", None);
        check("accept", "text/plain", "request blocked (reference a-1)\n", Some("text/plain; charset=utf-8"));
    }

    #[test]
    fn nothing_of_the_request_is_shown() {
        let mut exchange = exchange("accept", "text/html");
        exchange.request = Headers::from_pairs([("accept", "text/html"), ("x-request-id", "<script>")]);
        exchange.id = 10;
        let Ok(pages) = Pages::compile(&config()) else { unreachable!() };
        let rendered = pages.reply(403, &exchange).render(&exchange.request);
        assert_eq!(String::from_utf8_lossy(&rendered.body), "<h1>403</h1><p>0-a</p>");
    }

    #[track_caller]
    fn check_refused(config: ReplyConfig, expected: &str) {
        assert_eq!(Pages::compile(&config).err().map(|error| error.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn faults_are_told_when_the_configuration_loads() {
        let html = |text: &str| ReplyConfig { html: Some(text.to_owned()), ..ReplyConfig::default() };
        check_refused(
            html("{{ rule }}"),
            "reply.html: `{{rule}}` is neither `{{incident}}` nor `{{status}}`",
        );
        check_refused(html("a {{incident"), "reply.html: `{{` is not closed by `}}`");
        check_refused(html(&"x".repeat(65_537)), "reply.html: has 65537 bytes, and may have 65536");
        let grpc = ReplyConfig { grpc: Some("a\nb".into()), ..ReplyConfig::default() };
        check_refused(grpc, "reply.grpc: must be one line");
        let json = ReplyConfig { json: Some("{\"a\":}".into()), ..ReplyConfig::default() };
        let error = Pages::compile(&json).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("reply.json: is not JSON: "), "{error}");
    }
}
