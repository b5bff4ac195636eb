//! Takes messages through an engine's phases in one go, in the order that the proxy has.

use crate::filter;
use crate::message::Message;
use crate::report::{self, Outcome, Phase, Report, Shown};
use portcullis_core::{
    Body, BodyEdit, BodyState, Edit, Exchange, Flow, Headers, MapStore, MetricSpec, OnError, Over, Plugin,
    Reply, Stream, Summary, Verdict,
};
use portcullis_host::envelope::{Loaded, Mode};

/// What is run through a filter.
#[derive(Debug)]
pub(crate) struct Exchanges {
    /// The request.
    pub(crate) request: Message,
    /// The response, if its phases are to run too.
    pub(crate) response: Option<Message>,
    /// `source.address`.
    pub(crate) source: String,
    /// `destination.address`.
    pub(crate) destination: String,
    /// Properties of the host by their path with dots.
    pub(crate) properties: Vec<(String, String)>,
}

/// Runs the messages through the filter.
pub(crate) fn drive<P: Plugin>(loaded: &Loaded<P>, exchanges: &Exchanges) -> Report {
    let request = &exchanges.request;
    let property = |path: &[&str]| known(exchanges, &path.join("."));
    let route = loaded.choose(&request.headers, property);
    let needs = route.plugin.needs();
    let mut report = Report {
        route: route.index.map_or_else(|| "default".to_owned(), |index| format!("routes[{index}]")),
        mode: mode(route.mode),
        phases: Vec::new(),
        outcome: Outcome::Passes,
        request: Some(Shown::new(&request.headers, &request.body)),
        response: exchanges.response.as_ref().map(|response| Shown::new(&response.headers, &response.body)),
    };
    if route.mode == Mode::Disabled {
        return report;
    }
    let exchange = Exchange {
        request: request.headers.clone(),
        time: filter::now(),
        source: exchanges.source.clone(),
        destination: exchanges.destination.clone(),
        route: route.index,
        log_level: Some(loaded.log_level),
        properties: needs.properties.iter().map(|path| known(exchanges, &path.join("."))).collect(),
        request_body: body_state(request),
        response_body: exchanges.response.as_ref().map(body_state).unwrap_or_default(),
        ..Exchange::default()
    };
    let stream = route.plugin.stream(&exchange);
    let mut run = Run {
        filter: P::NAME,
        stream,
        exchange,
        store: MapStore::default(),
        metrics: needs.metrics,
        on_error: route.on_error,
        max_held: |over| loaded.max_held(over),
        phases: Vec::new(),
    };
    run.messages(exchanges, &mut report);
    report.phases = run.phases;
    report
}

fn known(exchanges: &Exchanges, path: &str) -> Option<Vec<u8>> {
    let found = exchanges.properties.iter().find(|(name, _)| name == path);
    found.map(|(_, value)| value.clone().into_bytes())
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "enforce",
        Mode::Shadow => "shadow: nothing of this is carried out",
        Mode::Disabled => "disabled",
    }
}

fn body_state(message: &Message) -> BodyState {
    BodyState { present: !message.body.is_empty(), ..BodyState::default() }
}

struct Run<S, M> {
    filter: &'static str,
    stream: S,
    exchange: Exchange,
    store: MapStore,
    metrics: Vec<MetricSpec>,
    on_error: OnError,
    max_held: M,
    phases: Vec<Phase>,
}

/// What a verdict leaves to do.
struct Step {
    end: Option<Outcome>,
    edits: Vec<Edit>,
    body: Option<Body>,
    content: BodyEdit,
}

/// Which of the two messages.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Request,
    Response,
}

impl<S: Stream, M: Fn(Over) -> usize> Run<S, M> {
    fn messages(&mut self, exchanges: &Exchanges, report: &mut Report) {
        let ended = match self.side(Side::Request, &exchanges.request.body) {
            Ok(body) => {
                report.request = Some(Shown::new(&self.exchange.request, &body));
                exchanges.response.as_ref().and_then(|response| {
                    self.exchange.response = response.headers.clone();
                    match self.side(Side::Response, &response.body) {
                        Ok(body) => {
                            report.response = Some(Shown::new(&self.exchange.response, &body));
                            None
                        }
                        Err(outcome) => {
                            report.response = None;
                            Some(outcome)
                        }
                    }
                })
            }
            Err(outcome) => {
                report.request = None;
                report.response = None;
                Some(outcome)
            }
        };
        let status = match &ended {
            Some(Outcome::Replies { reply, .. }) => reply.status,
            _ => self.exchange.response.status(),
        };
        let summary = Summary { status, replied: ended.is_some(), ..Summary::default() };
        let effects = self.stream.log(&self.exchange, &summary, &mut self.store);
        self.note("log", &[], &effects);
        if let Some(outcome) = ended {
            report.outcome = outcome;
        }
    }

    /// Headers, body and end of one message; gives the body as it leaves.
    fn side(&mut self, side: Side, body: &[u8]) -> Result<Vec<u8>, Outcome> {
        let headers = match side {
            Side::Request => {
                let verdict = self.stream.request_headers(&self.exchange, &mut self.store);
                self.step("request headers", verdict)
            }
            Side::Response => {
                let verdict = self.stream.response_headers(&self.exchange, &mut self.store);
                self.step("response headers", verdict)
            }
        };
        let wish = self.apply(side, headers)?.0;
        let mut out = self.body(side, wish, body)?;
        let end = match side {
            Side::Request => {
                let verdict = self.stream.request_end(&self.exchange, &mut self.store);
                self.step("request end", verdict)
            }
            Side::Response => {
                let verdict = self.stream.response_end(&self.exchange, &mut self.store);
                self.step("response end", verdict)
            }
        };
        if let (_, BodyEdit::Replace(tail)) = self.apply(side, end)? {
            out.extend(tail);
        }
        if out != body {
            self.forget_length(side);
        }
        Ok(out)
    }

    fn body(&mut self, side: Side, wish: Option<Body>, body: &[u8]) -> Result<Vec<u8>, Outcome> {
        self.state(side).received = body.len() as u64;
        let seen = match wish.unwrap_or(Body::Skip) {
            _ if body.is_empty() => return Ok(Vec::new()),
            Body::Skip => return Ok(body.to_vec()),
            Body::Chunks(_) => body,
            Body::Whole { max, over, .. } => {
                let max = max.min((self.max_held)(over));
                if body.len() > max && over == Over::Refuse {
                    return Err(self.refusal(side));
                }
                self.state(side).truncated = body.len() > max;
                body.get(..max).unwrap_or(body)
            }
        };
        let step = match side {
            Side::Request => {
                let verdict = self.stream.request_body(&self.exchange, seen, &mut self.store);
                self.step("request body", verdict)
            }
            Side::Response => {
                let verdict = self.stream.response_body(&self.exchange, seen, &mut self.store);
                self.step("response body", verdict)
            }
        };
        match self.apply(side, step)?.1 {
            BodyEdit::Keep => Ok(body.to_vec()),
            BodyEdit::Replace(bytes) => Ok(bytes),
        }
    }

    fn state(&mut self, side: Side) -> &mut BodyState {
        match side {
            Side::Request => &mut self.exchange.request_body,
            Side::Response => &mut self.exchange.response_body,
        }
    }

    fn refusal(&self, side: Side) -> Outcome {
        match side {
            Side::Request => self.reply(&Reply::new(413, "the body is too long"), None),
            Side::Response => self.reply(&Reply::new(502, "the response's body is too long"), None),
        }
    }

    /// Takes a verdict apart and writes down what it did.
    fn step<E: AsRef<Edit>>(&mut self, phase: &'static str, verdict: Verdict<E>) -> Step {
        let edits: Vec<Edit> = verdict.edits.iter().map(|edit| edit.as_ref().clone()).collect();
        self.note(phase, &edits, &verdict.effects);
        let end = match verdict.flow {
            Flow::Continue => None,
            Flow::Reply(reply) => Some(self.reply(&reply, None)),
            Flow::Ask(call) => Some(Outcome::Asks { cluster: call.cluster }),
            Flow::Reset => Some(Outcome::Resets),
            Flow::Fail(failure) => {
                let error = format!("{}: {}", failure.kind.as_str(), failure.message);
                match self.on_error {
                    OnError::Deny => {
                        let status = failure.status.unwrap_or(500);
                        Some(self.reply(&Reply::new(status, "the request cannot be processed"), Some(error)))
                    }
                    OnError::Allow => {
                        self.phases.push(Phase {
                            phase,
                            edits: Vec::new(),
                            effects: vec![format!("error, passed by `onError: allow`: {error}")],
                        });
                        None
                    }
                }
            }
        };
        Step { end, edits, body: verdict.body, content: verdict.content }
    }

    /// Carries out a step; gives the wish for the body and the edit of it.
    fn apply(&mut self, side: Side, step: Step) -> Result<(Option<Body>, BodyEdit), Outcome> {
        if let Some(outcome) = step.end {
            return Err(outcome);
        }
        for edit in &step.edits {
            self.headers(side).apply(edit);
        }
        Ok((step.body, step.content))
    }

    fn headers(&mut self, side: Side) -> &mut Headers {
        match side {
            Side::Request => &mut self.exchange.request,
            Side::Response => &mut self.exchange.response,
        }
    }

    /// As the host does where a body has changed.
    fn forget_length(&mut self, side: Side) {
        if let Ok(edit) = Edit::remove("content-length") {
            self.headers(side).apply(&edit);
        }
    }

    fn reply(&self, reply: &Reply, error: Option<String>) -> Outcome {
        Outcome::Replies { reply: Shown::reply(&reply.render(&self.exchange.request)), error }
    }

    fn note(&mut self, phase: &'static str, edits: &[Edit], effects: &[portcullis_core::Effect]) {
        if edits.is_empty() && effects.is_empty() {
            return;
        }
        self.phases.push(Phase {
            phase,
            edits: edits.iter().map(report::edit).collect(),
            effects: effects
                .iter()
                .map(|effect| report::effect(self.filter, effect, &self.metrics))
                .collect(),
        });
    }
}
