//! One exchange: when each transformation runs, and what its outcome means to the host.

use crate::config::OnRenderError;
use crate::entity;
use crate::plan::Plan;
use crate::plugin::{Count, Transform};
use crate::transformation::{Message, Outcome, TransformError};
use portcullis_core::{
    Access, Body, BodyState, Edit, EditError, Effect, Exchange, Failure, FailureKind, Flow, Fuel, Level,
    LogRecord, Over, Reply, RequestVerdict, ResponseVerdict, Store, Stream, Verdict,
};
use portcullis_template::Random;
use std::rc::Rc;

/// The state of one exchange.
#[derive(Debug)]
pub struct TransformStream {
    transform: Rc<Transform>,
    fuel: Fuel,
    random: Random,
    request: Progress,
    response: Progress,
}

/// How far a direction's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Progress {
    /// Nothing is to be done with it, or that is done.
    #[default]
    Done,
    /// The late transformation waits.
    Waits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

impl TransformStream {
    pub(crate) fn new(transform: Rc<Transform>, exchange: &Exchange) -> TransformStream {
        let request_id = exchange.request.get("x-request-id").unwrap_or_default();
        let seed = [request_id, &exchange.time.as_nanos().to_le_bytes(), &exchange.id.to_le_bytes()].concat();
        TransformStream {
            fuel: Fuel::new(transform.fuel),
            transform,
            random: Random::new(seed),
            request: Progress::default(),
            response: Progress::default(),
        }
    }

    /// What can be done at the headers, and the wish for the body.
    fn headers<E>(&mut self, side: Side, exchange: &Exchange) -> Verdict<E>
    where
        E: TryFrom<Edit, Error = EditError>,
    {
        let plan = self.plan(side);
        let (headers, body) = side.of(exchange);
        let mut verdict = match self.early(side, exchange) {
            Ok(verdict) => verdict,
            Err(error) => self.failed(side, exchange, &error),
        };
        if verdict.flow != Flow::Continue || plan.late.is_empty() {
            return verdict;
        }
        let skipped = match () {
            () if body.present && entity::is_coded(headers) => Some(Count::Encoded),
            () if side == Side::Response && entity::is_partial(headers) => Some(Count::Partial),
            () => None,
        };
        if let Some(skipped) = skipped {
            return verdict.with_effect(count(skipped));
        }
        *self.progress(side) = Progress::Waits;
        let plan = self.plan(side);
        if body.present {
            let access = if plan.late.changes_body() { Access::Edit } else { Access::Read };
            let over = plan.over.unwrap_or(Over::Pass);
            verdict.body = Some(Body::Whole { max: plan.max_body, access, over });
            if access == Access::Edit {
                add(&mut verdict, entity::mended(headers));
            }
        }
        verdict
    }

    fn early<E>(&self, side: Side, exchange: &Exchange) -> Result<Verdict<E>, TransformError>
    where
        E: TryFrom<Edit, Error = EditError>,
    {
        let plan = self.plan(side);
        if plan.early.is_empty() {
            return Ok(Verdict::proceed());
        }
        verdict(plan.early.apply(&self.message(side, exchange, b""), &self.fuel)?)
    }

    /// The whole body, or as much of it as there is.
    fn body<E>(&mut self, side: Side, exchange: &Exchange, bytes: &[u8]) -> Verdict<E>
    where
        E: TryFrom<Edit, Error = EditError>,
    {
        if std::mem::take(self.progress(side)) == Progress::Done {
            return Verdict::proceed();
        }
        if side.of(exchange).1.truncated {
            return Verdict::proceed().with_effect(count(Count::OverLimit));
        }
        let late = &self.plan(side).late;
        match late.apply(&self.message(side, exchange, bytes), &self.fuel).and_then(verdict) {
            Ok(verdict) => verdict,
            Err(error) => self.failed(side, exchange, &error),
        }
    }

    /// A message without a body, or with one that cannot be held: the headers that wait for it are made without it. A
    /// body cannot be given to a message that has none.
    fn end<E>(&mut self, side: Side, exchange: &Exchange) -> Verdict<E>
    where
        E: TryFrom<Edit, Error = EditError>,
    {
        let aborted = side.of(exchange).1.aborted;
        if std::mem::take(self.progress(side)) == Progress::Done || aborted {
            return Verdict::proceed();
        }
        let late = &self.plan(side).late;
        match late.apply_to_headers(&self.message(side, exchange, b""), &self.fuel).and_then(verdict) {
            Ok(verdict) => verdict,
            Err(error) => self.failed(side, exchange, &error),
        }
    }

    /// What an error means: fuel is the host's affair, all else the configuration's.
    fn failed<E>(&self, side: Side, exchange: &Exchange, error: &TransformError) -> Verdict<E> {
        if error.is_fuel() {
            return Verdict::fail(Failure::new(FailureKind::Fuel, error.to_string()));
        }
        let mut verdict = match (self.plan(side).on_error, side) {
            (OnRenderError::Keep, _) => Verdict::proceed(),
            (OnRenderError::Gloo, _) | (OnRenderError::Reply, Side::Request) => {
                Verdict::reply(Reply::new(400, "the message could not be transformed"))
            }
            (OnRenderError::Reply, Side::Response) => {
                Verdict::reply(Reply::new(500, "the message could not be transformed"))
            }
        };
        verdict.effects.push(count(Count::Failed));
        if exchange.logs(Level::Warn) {
            let fields = vec![("side", side.name().into()), ("detail", error.to_string().into())];
            let record = LogRecord { level: Level::Warn, message: "a transformation failed", fields };
            verdict.effects.push(Effect::Log(record));
        }
        verdict
    }

    fn message<'a>(&'a self, side: Side, exchange: &'a Exchange, body: &'a [u8]) -> Message<'a> {
        let headers = side.of(exchange).0;
        Message {
            request_headers: &exchange.request,
            body,
            random: Some(&self.random),
            ..Message::of(headers)
        }
    }

    fn plan(&self, side: Side) -> &Plan {
        match side {
            Side::Request => &self.transform.request,
            Side::Response => &self.transform.response,
        }
    }

    fn progress(&mut self, side: Side) -> &mut Progress {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }
}

impl Stream for TransformStream {
    fn request_headers(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        let mut verdict = self.headers(Side::Request, exchange);
        if verdict.flow == Flow::Continue && !self.transform.response.late.is_empty() {
            add(&mut verdict, entity::whole_and_plain(&exchange.request));
        }
        verdict
    }

    fn request_body(&mut self, exchange: &Exchange, bytes: &[u8], _store: &mut dyn Store) -> RequestVerdict {
        self.body(Side::Request, exchange, bytes)
    }

    fn request_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        self.end(Side::Request, exchange)
    }

    fn response_headers(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        self.headers(Side::Response, exchange)
    }

    fn response_body(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        self.body(Side::Response, exchange, bytes)
    }

    fn response_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        self.end(Side::Response, exchange)
    }
}

impl Side {
    fn of(self, exchange: &Exchange) -> (&portcullis_core::Headers, &BodyState) {
        match self {
            Side::Request => (&exchange.request, &exchange.request_body),
            Side::Response => (&exchange.response, &exchange.response_body),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Side::Request => "request",
            Side::Response => "response",
        }
    }
}

fn verdict<E>(outcome: Outcome) -> Result<Verdict<E>, TransformError>
where
    E: TryFrom<Edit, Error = EditError>,
{
    let mut verdict = Verdict::proceed();
    verdict.edits = outcome.edits.into_iter().map(E::try_from).collect::<Result<_, _>>()?;
    Ok(match outcome.body {
        Some(body) => verdict.with_content(body),
        None => verdict,
    })
}

/// Edits of headers that exist on both sides.
fn add<E: TryFrom<Edit>>(verdict: &mut Verdict<E>, edits: Vec<Edit>) {
    verdict.edits.extend(edits.into_iter().filter_map(|edit| E::try_from(edit).ok()));
}

fn count(what: Count) -> Effect {
    Effect::Count { metric: what.metric(), by: 1 }
}
