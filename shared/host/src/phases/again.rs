//! A second look at requests that were let through because they asked for an upgrade or said that they were gRPC.
//!
//! Their bodies cannot be held. But whoever writes the request chooses these words, so they must not be a way round:
//! copies of the first bytes are kept until the response comes. If it shows that the message was an ordinary one after
//! all, the engine looks at it again, as a new stream with that body, before anything of the response is released.

use crate::phases::active::{Count, Uninspected};
use crate::phases::driver::{Applied, Driver};
use crate::phases::lane::Mode;
use crate::phases::side::{Request, Unholdable, is_grpc, is_upgraded};
use crate::phases::verdicts::uninspected;
use crate::phases::wire::Wire;
use portcullis_core::{Body, Failure, FailureKind, Flow, Plugin, RequestVerdict, Stream};
use std::rc::Rc;

impl<P: Plugin> Driver<P> {
    /// Called when the response's headers have come and have been read.
    pub(crate) fn look_again(&mut self, wire: &impl Wire) -> Applied {
        let Mode::Flow(reason) = std::mem::take(&mut self.request.mode) else { return Applied::Next };
        let kept = std::mem::take(&mut self.request.kept);
        self.active.account(wire, self.request.accounted, 0);
        self.request.accounted = 0;
        let honest = match reason {
            Unholdable::Upgrade => is_upgraded(&self.exchange),
            Unholdable::Grpc => is_grpc(&self.exchange.response),
            Unholdable::EventStream => true,
        };
        if honest {
            self.active.count(wire, Count::Uninspected(uninspected(reason)));
            self.upgraded = reason == Unholdable::Upgrade;
            return Applied::Next;
        }
        if self.exchange.request_body.truncated {
            self.active.count(wire, Count::Uninspected(Uninspected::OverLimit));
        }
        if kept.is_empty() {
            return Applied::Next;
        }
        let verdict = self.inspect_as_body(wire, &kept);
        self.apply_late(wire, verdict)
    }

    /// Leads a new stream of the engine through the whole request with this body.
    fn inspect_as_body(&mut self, wire: &impl Wire, kept: &[u8]) -> RequestVerdict {
        let Some(choice) = &self.choice else { return RequestVerdict::proceed() };
        let active = Rc::clone(&self.active);
        let mut store = active.store(wire);
        let mut stream = choice.plugin.stream(&self.exchange);
        let first = stream.request_headers(&self.exchange, &mut store);
        let wish = first.body.unwrap_or(Body::Skip);
        let (visible, wanted) = match wish {
            Body::Skip => (&[][..], false),
            Body::Chunks(_) => (kept, true),
            Body::Whole { max, .. } => (kept.get(..max).unwrap_or(kept), true),
        };
        let mut verdict = first;
        if wanted && verdict.flow == Flow::Continue {
            verdict = stream.request_body(&self.exchange, visible, &mut store);
        }
        if wanted && verdict.flow == Flow::Continue {
            verdict = stream.request_end(&self.exchange, &mut store);
        }
        self.stream = Some(stream);
        verdict
    }

    /// The request has gone already, so only a denial is left to do.
    fn apply_late(&mut self, wire: &impl Wire, verdict: RequestVerdict) -> Applied {
        self.active.apply(wire, &self.exchange, self.exchange.route, verdict.effects);
        match verdict.flow {
            Flow::Continue => Applied::Next,
            Flow::Reply(reply) => self.refuse::<Request>(wire, &reply),
            Flow::Fail(failure) => self.fail::<Request>(wire, failure),
            Flow::Reset => self.close::<Request>(wire),
            Flow::Ask(_) => {
                let failure = Failure::new(FailureKind::TooLate, "a call was asked for at a second look");
                self.fail::<Request>(wire, failure)
            }
        }
    }
}
