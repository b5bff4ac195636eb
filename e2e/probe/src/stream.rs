//! One exchange of the probe.

use crate::config::{Access, At, Over, Reading, SideSettings};
use crate::{BODY_BYTES, Probe};
use portcullis_core::{
    Body, BodyEdit, Call, CallResult, Edit, EditError, Effect, Exchange, Failure, FailureKind, Flow, Headers,
    Property, Reply, RequestVerdict, ResponseVerdict, Store, Stream, Summary, Verdict,
};
use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;

const DEFAULT_MAX: usize = 65_536;

/// One exchange of the probe.
pub struct ProbeStream {
    probe: Rc<Probe>,
    request: Part,
    response: Part,
    phases: String,
}

/// What has come of one direction.
#[derive(Default)]
struct Part {
    /// Bytes kept back.
    tail: Vec<u8>,
    /// The last bytes seen, to find a text across pieces.
    seen: Vec<u8>,
    calls: u8,
}

impl ProbeStream {
    pub(crate) fn new(probe: Rc<Probe>) -> ProbeStream {
        ProbeStream { probe, request: Part::default(), response: Part::default(), phases: String::new() }
    }

    fn note(&mut self, phase: &str, bytes: Option<usize>, aborted: bool) {
        let _ = write!(self.phases, "{}{phase}", if self.phases.is_empty() { "" } else { " " });
        if let Some(bytes) = bytes {
            let _ = write!(self.phases, ":{bytes}");
        }
        if aborted {
            self.phases.push('!');
        }
    }
}

impl Stream for ProbeStream {
    fn request_headers(&mut self, exchange: &Exchange, store: &mut dyn Store) -> RequestVerdict {
        self.note("request_headers", None, false);
        let path = exchange.request.path().to_vec();
        let verdict = headers(&self.probe.settings.request, &mut self.request, &path);
        match &self.probe.settings.tally {
            Some(key) => verdict.with_effect(Effect::State { field: "tally", value: add_one(store, key) }),
            None => verdict,
        }
    }

    fn request_body(&mut self, _exchange: &Exchange, bytes: &[u8], _store: &mut dyn Store) -> RequestVerdict {
        self.note("request_body", Some(bytes.len()), false);
        body(&self.probe.settings.request, &mut self.request, bytes)
            .with_effect(Effect::Record { metric: BODY_BYTES, value: bytes.len() as u64 })
    }

    fn request_trailers(&mut self, _exchange: &Exchange, _trailers: &Headers) -> RequestVerdict {
        self.note("request_trailers", None, false);
        trailers(&self.probe.settings.request, &mut self.request)
    }

    fn request_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        self.note("request_end", None, exchange.request_body.aborted);
        end(&self.probe.settings.request, &mut self.request)
    }

    fn request_call_done(
        &mut self,
        _e: &Exchange,
        result: &CallResult,
        _store: &mut dyn Store,
    ) -> RequestVerdict {
        self.note("request_call_done", None, false);
        call_done(&self.probe.settings.request, &mut self.request, result)
    }

    fn response_headers(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        self.note("response_headers", None, false);
        self.of_response(|settings, part| headers(settings, part, b""))
    }

    fn response_body(
        &mut self,
        _exchange: &Exchange,
        bytes: &[u8],
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        self.note("response_body", Some(bytes.len()), false);
        self.of_response(|settings, part| body(settings, part, bytes))
    }

    fn response_trailers(&mut self, _exchange: &Exchange, _trailers: &Headers) -> ResponseVerdict {
        self.note("response_trailers", None, false);
        self.of_response(trailers)
    }

    fn response_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        self.note("response_end", None, exchange.response_body.aborted);
        self.of_response(end)
    }

    fn response_call_done(
        &mut self,
        _e: &Exchange,
        result: &CallResult,
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        self.note("response_call_done", None, false);
        self.of_response(|settings, part| call_done(settings, part, result))
    }

    fn log(&mut self, exchange: &Exchange, _summary: &Summary, _store: &mut dyn Store) -> Vec<Effect> {
        let mut effects = vec![Effect::State { field: "phases", value: self.phases.clone().into_bytes() }];
        if !exchange.source.is_empty() {
            effects.push(Effect::State { field: "source", value: exchange.source.clone().into_bytes() });
        }
        if let Some(value) = exchange.property(Property(0)) {
            effects.push(Effect::State { field: "property", value: value.to_vec() });
        }
        effects
    }
}

impl ProbeStream {
    fn of_response(
        &mut self,
        phase: impl FnOnce(&SideSettings, &mut Part) -> ResponseVerdict,
    ) -> ResponseVerdict {
        match &self.probe.settings.response {
            Some(settings) => phase(settings, &mut self.response),
            None => ResponseVerdict::proceed(),
        }
    }
}

/// Adds one to a number in shared data, again as long as another worker was faster; gives the number.
fn add_one(store: &mut dyn Store, key: &str) -> Vec<u8> {
    for _ in 0..1_000 {
        let (number, cas) = match store.get(key) {
            Some((value, cas)) => (String::from_utf8_lossy(&value).parse::<u64>().unwrap_or(0), Some(cas)),
            None => (0, None),
        };
        let next = (number + 1).to_string().into_bytes();
        if store.set(key, &next, cas).is_ok() {
            return next;
        }
    }
    b"contended".to_vec()
}

fn headers<E: TryFrom<Edit, Error = EditError>>(
    settings: &SideSettings,
    part: &mut Part,
    path: &[u8],
) -> Verdict<E> {
    let body = wish(settings);
    if settings.deny_if_path.as_ref().is_some_and(|text| contains(path, text.as_bytes())) {
        return deny();
    }
    let mut verdict = out_of_turn(settings, part, At::Headers).unwrap_or_default().with_body(body);
    for (name, value) in &settings.set {
        verdict = edited(verdict, Edit::set(name, value));
    }
    for name in &settings.remove {
        verdict = edited(verdict, Edit::remove(name));
    }
    verdict
}

fn body<E>(settings: &SideSettings, part: &mut Part, bytes: &[u8]) -> Verdict<E> {
    if let Some(text) = &settings.deny_if_body {
        part.seen.extend_from_slice(bytes);
        if contains(&part.seen, text.as_bytes()) {
            return deny();
        }
        let keep = part.seen.len().saturating_sub(text.len());
        part.seen.drain(..keep);
    }
    let mut verdict = out_of_turn(settings, part, At::Body).unwrap_or_default();
    if !matches!(settings.access, Access::Edit) {
        return verdict;
    }
    let mut out = std::mem::take(&mut part.tail);
    out.extend(bytes.iter().map(|byte| if settings.upper { byte.to_ascii_uppercase() } else { *byte }));
    let back = settings.hold_back.max(settings.shrink);
    part.tail = out.split_off(out.len().saturating_sub(back));
    let changes = settings.upper || back > 0;
    if changes {
        verdict.content = BodyEdit::Replace(out);
    }
    verdict
}

fn trailers<E: TryFrom<Edit, Error = EditError>>(settings: &SideSettings, part: &mut Part) -> Verdict<E> {
    let mut verdict = out_of_turn(settings, part, At::Trailers).unwrap_or_default();
    for (name, value) in &settings.set_trailers {
        verdict = edited(verdict, Edit::set(name, value));
    }
    verdict
}

fn end<E: TryFrom<Edit, Error = EditError>>(settings: &SideSettings, part: &mut Part) -> Verdict<E> {
    match out_of_turn(settings, part, At::End) {
        Some(verdict) => verdict,
        None => finish(settings, part),
    }
}

/// The work of the end phase itself, which a call puts off.
fn finish<E: TryFrom<Edit, Error = EditError>>(settings: &SideSettings, part: &mut Part) -> Verdict<E> {
    let mut verdict: Verdict<E> = Verdict::proceed();
    for (name, value) in &settings.set_at_end {
        verdict = edited(verdict, Edit::set(name, value));
    }
    let mut tail = std::mem::take(&mut part.tail);
    tail.truncate(tail.len().saturating_sub(settings.shrink));
    tail.resize(tail.len() + settings.grow, b'+');
    if !tail.is_empty() {
        verdict.content = BodyEdit::Replace(tail);
    }
    verdict
}

fn call_done<E: TryFrom<Edit, Error = EditError>>(
    settings: &SideSettings,
    part: &mut Part,
    result: &CallResult,
) -> Verdict<E> {
    match result {
        CallResult::Failed(_) => {
            Verdict::fail(Failure::new(FailureKind::Call, "the probe's call has no answer"))
        }
        CallResult::Answer { headers, .. } if headers.status() != Some(200) => deny(),
        CallResult::Answer { .. } => match settings.call.as_ref().map(|call| call.at) {
            Some(At::Headers) => match ask(settings, part, At::Headers) {
                Some(again) => again.with_body(wish(settings)),
                None => Verdict::proceed().with_body(wish(settings)),
            },
            Some(At::End) => ask(settings, part, At::End).unwrap_or_else(|| finish(settings, part)),
            Some(at) => ask(settings, part, at).unwrap_or_default(),
            None => Verdict::proceed(),
        },
    }
}

/// What this phase does besides its own work: deny, fail, reset or ask.
fn out_of_turn<E>(settings: &SideSettings, part: &mut Part, at: At) -> Option<Verdict<E>> {
    if settings.deny_at == Some(at) {
        return Some(deny());
    }
    if settings.fail_at == Some(at) {
        return Some(Verdict::fail(Failure::new(FailureKind::Evaluation, "the probe was told to fail")));
    }
    if settings.reset_at == Some(at) {
        return Some(Verdict { flow: Flow::Reset, ..Verdict::default() });
    }
    ask(settings, part, at)
}

fn ask<E>(settings: &SideSettings, part: &mut Part, at: At) -> Option<Verdict<E>> {
    let call = settings.call.as_ref().filter(|call| call.at == at)?;
    if part.calls >= settings.call_times.unwrap_or(1) {
        return None;
    }
    part.calls += 1;
    let path = if call.path.is_empty() { "/" } else { &call.path };
    Some(Verdict::ask(Call {
        cluster: call.cluster.clone(),
        headers: Headers::from_pairs([(":method", "GET"), (":path", path), (":authority", "probe")]),
        body: Vec::new(),
        timeout: Duration::from_millis(call.timeout_ms.unwrap_or(1000)),
    }))
}

fn deny<E>() -> Verdict<E> {
    Verdict::reply(Reply::new(403, "denied by the probe"))
}

fn wish(settings: &SideSettings) -> Body {
    let access = match settings.access {
        Access::Read => portcullis_core::Access::Read,
        Access::Edit => portcullis_core::Access::Edit,
    };
    let over = match settings.over {
        Over::Refuse => portcullis_core::Over::Refuse,
        Over::Pass => portcullis_core::Over::Pass,
    };
    match settings.body {
        Reading::Skip => Body::Skip,
        Reading::Chunks => Body::Chunks(access),
        Reading::Whole => Body::Whole { max: settings.max.unwrap_or(DEFAULT_MAX), access, over },
    }
}

/// A verdict with one more edit; an edit that this side does not take fails the stream, so that a test sees it.
fn edited<E: TryFrom<Edit, Error = EditError>>(
    verdict: Verdict<E>,
    edit: Result<Edit, EditError>,
) -> Verdict<E> {
    match edit.and_then(|edit| verdict.with_edit(edit)) {
        Ok(verdict) => verdict,
        Err(error) => Verdict::fail(Failure::new(FailureKind::Evaluation, error.to_string())),
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && text.windows(needle.len()).any(|window| window == needle)
}
