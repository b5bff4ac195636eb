//! One exchange: which bodies are inspected, what is changed in the headers for it, and what is reported.

#[cfg(test)]
mod tests;

use crate::Dlp;
use crate::config::{Direction, OnUninspectable};
use crate::window::{Syntax, Window};
use portcullis_core::{
    Access, Body, BodyEdit, BodyState, Edit, EditError, Effect, Exchange, Failure, FailureKind, Fuel,
    Headers, MetricId, Reply, RequestVerdict, ResponseVerdict, Store, Stream, Summary, Verdict,
};
use portcullis_http::media::MediaType;
use std::rc::Rc;

/// The counters that stand behind those of the findings.
pub(crate) const COUNTERS: [&str; 4] = [
    "inspected_bytes",
    "uninspected_total.reason.encoding",
    "uninspected_total.reason.partial",
    "uninspected_total.reason.charset",
];

/// Why a body that should be inspected can't be; the place of its counter behind `inspected_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// It is compressed.
    Encoding = 1,
    /// It is a part of a whole: what is to be found may begin in another.
    Partial = 2,
    /// It is in UTF-16 or UTF-32.
    Charset = 3,
}

/// One exchange of the filter `dlp`.
pub struct DlpStream {
    dlp: Rc<Dlp>,
    fuel: Fuel,
    request: Side,
    response: Side,
    findings: u64,
}

/// One direction.
#[derive(Default)]
struct Side {
    window: Option<Window>,
    bytes: u64,
    /// The fuel is used up: the rest passes, if it passes at all.
    gave_up: bool,
}

impl DlpStream {
    pub(crate) fn new(dlp: Rc<Dlp>) -> DlpStream {
        let fuel = Fuel::new(dlp.fuel);
        DlpStream { dlp, fuel, request: Side::default(), response: Side::default(), findings: 0 }
    }

    fn inspects_responses(&self) -> bool {
        matches!(self.dlp.compiled.direction, Direction::Response | Direction::Both)
    }

    fn inspects_requests(&self) -> bool {
        matches!(self.dlp.compiled.direction, Direction::Request | Direction::Both)
    }

    fn may_pass(&self) -> bool {
        self.dlp.compiled.on_uninspectable == OnUninspectable::Pass
    }

    fn count(&self, counter: usize, by: u64) -> Effect {
        let metric = MetricId(u16::try_from(self.dlp.counted.len() + counter).unwrap_or(u16::MAX));
        Effect::Count { metric, by: i64::try_from(by).unwrap_or(i64::MAX) }
    }

    fn access(&self) -> Access {
        if self.dlp.compiled.rules.only_count() { Access::Read } else { Access::Edit }
    }

    /// New bytes of a body.
    fn body<E>(dlp: &Dlp, fuel: &Fuel, side: &mut Side, bytes: &[u8]) -> Verdict<E> {
        let Some(window) = side.window.as_mut().filter(|_| !side.gave_up) else { return Verdict::proceed() };
        let units =
            Fuel::CALL.saturating_add((bytes.len() as u64).saturating_mul(dlp.compiled.rules.passes()));
        if fuel.charge(units).is_err() {
            return give_up(dlp, side, bytes);
        }
        side.bytes += bytes.len() as u64;
        match window.push(bytes) {
            Some(out) if !dlp.compiled.rules.only_count() => Verdict::proceed().with_content(out),
            _ => Verdict::proceed(),
        }
    }

    /// The end of a body: what is left of it, and what was found.
    fn end<E>(&mut self, mut side: Side, state: BodyState) -> Verdict<E> {
        let mut verdict = Verdict::proceed();
        let Some(mut window) = side.window.take() else { return verdict };
        let rest = if state.aborted || side.gave_up { Vec::new() } else { window.finish() };
        if !rest.is_empty() && !self.dlp.compiled.rules.only_count() {
            verdict.content = BodyEdit::Replace(rest);
        }
        verdict.effects.push(self.count(0, side.bytes));
        for (place, label) in self.dlp.counted.iter().enumerate() {
            let rules = self.dlp.compiled.labels.iter().zip(window.found());
            let found: u64 = rules.filter(|(known, _)| *known == label).map(|(_, found)| found).sum();
            if found > 0 {
                self.findings += found;
                let metric = MetricId(u16::try_from(place).unwrap_or(u16::MAX));
                verdict.effects.push(Effect::Count { metric, by: i64::try_from(found).unwrap_or(i64::MAX) });
            }
        }
        verdict
    }

    /// Begins to inspect a body, or says why that can't be done. `None` if it need not be inspected.
    fn begin(&self, headers: &Headers, state: BodyState) -> Option<Result<Window, Obstacle>> {
        let media = headers.get("content-type").and_then(MediaType::parse);
        if !state.present || !self.dlp.compiled.types.wants(media.as_ref().map(MediaType::essence)) {
            return None;
        }
        Some(match obstacle(headers, media.as_ref()) {
            Some(obstacle) => Err(obstacle),
            None => Ok(Window::new(self.dlp.rules(), syntax(media.as_ref()))),
        })
    }
}

impl Stream for DlpStream {
    fn request_headers(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        let mut verdict = RequestVerdict::proceed();
        if self.inspects_responses() {
            verdict.edits.extend(edits(narrowing(&exchange.request)));
        }
        if !self.inspects_requests() {
            return verdict;
        }
        match self.begin(&exchange.request, exchange.request_body) {
            None => {}
            Some(Ok(window)) => {
                self.request.window = Some(window);
                verdict.body = Some(Body::Chunks(self.access()));
                if self.access() == Access::Edit {
                    verdict.edits.extend(edits(mending(&exchange.request)));
                }
            }
            Some(Err(obstacle)) => {
                verdict.effects.push(self.count(obstacle as usize, 1));
                if !self.may_pass() {
                    verdict.flow = portcullis_core::Flow::Reply(Reply::new(
                        415,
                        "the request's body cannot be inspected",
                    ));
                }
            }
        }
        verdict
    }

    fn request_body(&mut self, _exchange: &Exchange, bytes: &[u8], _store: &mut dyn Store) -> RequestVerdict {
        DlpStream::body(&self.dlp, &self.fuel, &mut self.request, bytes)
    }

    fn request_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        let side = std::mem::take(&mut self.request);
        self.end(side, exchange.request_body)
    }

    fn response_headers(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        let mut verdict = ResponseVerdict::proceed();
        if !self.inspects_responses() {
            return verdict;
        }
        match self.begin(&exchange.response, exchange.response_body) {
            None if stands_for_a_body(exchange) && self.access() == Access::Edit => {
                verdict.edits.extend(edits(mending(&exchange.response)));
            }
            None => {}
            Some(Ok(window)) => {
                self.response.window = Some(window);
                verdict.body = Some(Body::Chunks(self.access()));
                if self.access() == Access::Edit {
                    verdict.edits.extend(edits(mending(&exchange.response)));
                }
            }
            Some(Err(obstacle)) => {
                verdict.effects.push(self.count(obstacle as usize, 1));
                if !self.may_pass() {
                    verdict.flow =
                        portcullis_core::Flow::Reply(Reply::new(502, "the response cannot be inspected"));
                }
            }
        }
        verdict
    }

    fn response_body(
        &mut self,
        _exchange: &Exchange,
        bytes: &[u8],
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        DlpStream::body(&self.dlp, &self.fuel, &mut self.response, bytes)
    }

    fn response_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        let side = std::mem::take(&mut self.response);
        self.end(side, exchange.response_body)
    }

    fn log(&mut self, _exchange: &Exchange, _summary: &Summary, _store: &mut dyn Store) -> Vec<Effect> {
        if self.findings == 0 {
            return Vec::new();
        }
        vec![Effect::State { field: "findings", value: self.findings.to_string().into_bytes() }]
    }
}

/// The fuel is used up. Where errors are allowed the rest passes as it is, and what was held goes with it.
fn give_up<E>(dlp: &Dlp, side: &mut Side, bytes: &[u8]) -> Verdict<E> {
    side.gave_up = true;
    let verdict = Verdict::fail(Failure::new(FailureKind::Fuel, "limits.fuel is used up"));
    match side.window.as_ref().map(Window::held) {
        Some(held) if !dlp.compiled.rules.only_count() => verdict.with_content([held, bytes].concat()),
        _ => verdict,
    }
}

/// Edits of a request whose response will be inspected: the response is to come whole and as it is.
fn narrowing(request: &Headers) -> Vec<Result<Edit, EditError>> {
    let mut edits = vec![Edit::set("accept-encoding", "identity")];
    edits.extend(["range", "if-range"].iter().filter(|name| request.contains(name)).map(Edit::remove));
    edits
}

/// Edits of a message whose body may be changed: what speaks of its very bytes goes, or becomes weak.
fn mending(headers: &Headers) -> Vec<Result<Edit, EditError>> {
    const SPEAK_OF_BYTES: [&str; 5] =
        ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"];
    let mut edits: Vec<_> =
        SPEAK_OF_BYTES.iter().filter(|name| headers.contains(name)).map(Edit::remove).collect();
    if let Some(tag) = headers.get("etag").filter(|tag| !tag.starts_with(b"W/")) {
        edits.push(Edit::set("etag", [b"W/", tag].concat()));
    }
    edits
}

fn edits<E: TryFrom<Edit>>(edits: Vec<Result<Edit, EditError>>) -> impl Iterator<Item = E> {
    edits.into_iter().filter_map(|edit| E::try_from(edit.ok()?).ok())
}

/// Whether a response without a body speaks of one that is inspected elsewhere.
fn stands_for_a_body(exchange: &Exchange) -> bool {
    let speaks = exchange.request.method() == b"HEAD" || exchange.response.status() == Some(304);
    speaks && !exchange.response_body.present
}

fn obstacle(headers: &Headers, media: Option<&MediaType<'_>>) -> Option<Obstacle> {
    let plain = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    let mut codings = headers.get_all("content-encoding").flat_map(|value| value.split(|byte| *byte == b','));
    if !codings.all(|coding| plain(coding.trim_ascii())) {
        return Some(Obstacle::Encoding);
    }
    if headers.status() == Some(206) || headers.contains("content-range") {
        return Some(Obstacle::Partial);
    }
    let charset = media.and_then(|media| media.parameter("charset")).unwrap_or_default().to_ascii_lowercase();
    let wide =
        charset.starts_with(b"utf-16") || charset.starts_with(b"utf-32") || charset.starts_with(b"ucs-");
    wide.then_some(Obstacle::Charset)
}

fn syntax(media: Option<&MediaType<'_>>) -> Syntax {
    match media {
        Some(media) if media.is_json() || media.essence() == b"application/x-ndjson" => Syntax::json(),
        Some(media) if media.essence() == b"text/event-stream" => Syntax::events(),
        _ => Syntax::Plain,
    }
}
