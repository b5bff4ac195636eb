//! What becomes of an engine's verdict.

use crate::envelope::Mode as Enforcement;
use crate::phases::active::{Count, Uninspected};
use crate::phases::body::{announces_trailers, remove_length};
use crate::phases::driver::{Applied, Driver};
use crate::phases::lane::{Body0, Mode};
use crate::phases::side::{Side, Unholdable};
use crate::phases::stages::Stage;
use crate::phases::wire::{Direction, Map, Wire};
use portcullis_core::{
    Access, Body, BodyEdit, CallFailure, CallResult, Edit, Failure, FailureKind, Flow, Level, OnError, Over,
    Plugin, Reply, Verdict,
};

/// An engine that asks for more calls than this in one stream has failed.
const MOST_CALLS: u8 = 16;

impl<P: Plugin> Driver<P> {
    /// Applies a verdict; a call that the host refuses is answered at once.
    pub(crate) fn apply<S: Side>(
        &mut self,
        wire: &impl Wire,
        stage: Stage,
        verdict: Verdict<S::Edit>,
    ) -> Applied {
        let mut verdict = verdict;
        loop {
            let effects = std::mem::take(&mut verdict.effects);
            self.active.apply(wire, &self.exchange, self.exchange.route, effects);
            match verdict.flow {
                Flow::Continue => return self.accept::<S>(wire, stage, verdict),
                Flow::Reply(reply) => return self.refuse::<S>(wire, &reply),
                Flow::Fail(failure) => return self.fail_with::<S>(wire, stage, failure, verdict.content),
                Flow::Reset => return self.close::<S>(wire),
                Flow::Ask(call) => {
                    self.calls += 1;
                    if self.calls > MOST_CALLS {
                        let message = format!("more than {MOST_CALLS} calls in one stream");
                        return self.fail::<S>(wire, Failure::new(FailureKind::Call, message));
                    }
                    if wire.call(&call).is_some() {
                        let halts = stage == Stage::Headers && !self.active.loaded.hold_headers;
                        let lane = self.lane::<S>();
                        lane.halted |= halts;
                        lane.waiting = Some(stage);
                        return Applied::Stop;
                    }
                    verdict = self.answer::<S>(wire, &CallResult::Failed(CallFailure::Refused));
                }
            }
        }
    }

    fn accept<S: Side>(&mut self, wire: &impl Wire, stage: Stage, verdict: Verdict<S::Edit>) -> Applied {
        if self.shadows() {
            return self.accept_in_shadow::<S>(wire, stage, verdict.body);
        }
        self.edit::<S>(wire, stage, &verdict.edits);
        if let BodyEdit::Replace(bytes) = verdict.content
            && self.replace::<S>(wire, stage, bytes) == Applied::Stop
        {
            return Applied::Stop;
        }
        self.wish::<S>(wire, stage, verdict.body)
    }

    fn accept_in_shadow<S: Side>(&mut self, wire: &impl Wire, stage: Stage, body: Option<Body>) -> Applied {
        let applied = self.wish::<S>(wire, stage, body);
        let lane = self.lane::<S>();
        match lane.mode {
            Mode::Gather { max, .. } => lane.mode = Mode::Copy { max },
            Mode::Chunks(_) => lane.mode = Mode::Chunks(Access::Read),
            _ => {}
        }
        applied
    }

    pub(crate) fn shadows(&self) -> bool {
        self.choice.as_ref().is_some_and(|choice| choice.mode == Enforcement::Shadow)
    }

    fn edit<S: Side>(&mut self, wire: &impl Wire, stage: Stage, edits: &[S::Edit]) {
        if edits.is_empty() {
            return;
        }
        let in_trailers = stage == Stage::Trailers;
        if !in_trailers && !self.lane::<S>().headers_editable() {
            self.active.count(wire, Count::LateEdits);
            return;
        }
        let map = if in_trailers { Map::Trailers(S::DIRECTION) } else { Map::Headers(S::DIRECTION) };
        for edit in edits {
            let edit: &Edit = edit.as_ref();
            let done = match edit {
                Edit::Set { name, value } => wire.set_header(map, name.as_bytes(), value.as_bytes()),
                Edit::Append { name, value } => wire.add_header(map, name.as_bytes(), value.as_bytes()),
                Edit::Remove { name } => wire.remove_header(map, name.as_bytes()),
            };
            if done && !in_trailers {
                S::message(&mut self.exchange).0.apply(edit);
            }
        }
    }

    /// Takes the engine's wish for the rest of the body; after the headers this decides how the body is read.
    fn wish<S: Side>(&mut self, wire: &impl Wire, stage: Stage, body: Option<Body>) -> Applied {
        let lane = self.lane::<S>();
        if let Some(body) = body {
            lane.wish = Body0(body);
        }
        let present = S::message(&mut self.exchange).1.present;
        match stage {
            Stage::Headers if present => self.plan::<S>(wire),
            Stage::Body if body == Some(Body::Skip) && !self.lane::<S>().ended => {
                let lane = self.lane::<S>();
                lane.stages.clear();
                lane.stages = lane.stages.with(Stage::End);
                Applied::Next
            }
            _ => Applied::Next,
        }
    }

    fn plan<S: Side>(&mut self, wire: &impl Wire) -> Applied {
        let wish = self.lane::<S>().wish.0;
        if wish == Body::Skip {
            return self.plan_end::<S>();
        }
        let reason = S::unholdable(&self.exchange, wire);
        match (wish, reason) {
            (_, Some(Unholdable::Upgrade)) | (Body::Whole { .. }, Some(_)) => {
                self.plan_flow::<S>(wire, reason)
            }
            (Body::Chunks(Access::Edit), _) if announces_trailers(S::message(&mut self.exchange).0) => {
                let max = self.active.loaded.max_body();
                let (access, over) = (Access::Edit, Over::Pass);
                self.lane::<S>().mode = Mode::Gather { max, access, over, streams: true };
                remove_length::<S, _>(&mut self.exchange, wire);
                Applied::Next
            }
            (Body::Chunks(access), _) => {
                self.lane::<S>().mode = Mode::Chunks(access);
                if access == Access::Edit && !self.shadows() {
                    remove_length::<S, _>(&mut self.exchange, wire);
                }
                Applied::Next
            }
            (Body::Whole { max, access, over }, _) => self.plan_whole::<S>(wire, max, access, over),
            (Body::Skip, _) => Applied::Next,
        }
    }

    /// Nothing more will be shown to the engine, so the end comes now, while the headers can still be denied.
    pub(crate) fn plan_end<S: Side>(&mut self) -> Applied {
        let lane = self.lane::<S>();
        lane.stages = lane.stages.with(Stage::End);
        Applied::Next
    }

    fn plan_flow<S: Side>(&mut self, wire: &impl Wire, reason: Option<Unholdable>) -> Applied {
        if let Some(reason) = reason {
            match S::DIRECTION {
                Direction::Request => self.lane::<S>().mode = Mode::Flow(reason),
                Direction::Response => self.active.count(wire, Count::Uninspected(uninspected(reason))),
            }
        }
        self.plan_end::<S>()
    }

    /// An engine failed and says what stands in place of the bytes if they pass: those that it had kept back are in it.
    fn fail_with<S: Side>(
        &mut self,
        wire: &impl Wire,
        stage: Stage,
        failure: Failure,
        content: BodyEdit,
    ) -> Applied {
        let truncated = S::message(&mut self.exchange).1.truncated;
        let takes = !self.shadows() && stage == Stage::Body && self.lane::<S>().body_editable(truncated);
        let applied = self.fail::<S>(wire, failure);
        if let (true, Applied::Next, BodyEdit::Replace(bytes)) = (takes, &applied, content) {
            self.lane::<S>().replacement = Some(bytes);
        }
        applied
    }

    /// An engine failed. `onError` decides; what passes for it counts as uninspected.
    pub(crate) fn fail<S: Side>(&mut self, wire: &impl Wire, failure: Failure) -> Applied {
        self.active.count(wire, Count::Error(failure.kind));
        let fields = vec![("reason", failure.kind.as_str().into()), ("detail", failure.message.into())];
        self.active.note(wire, Some(&self.exchange), Level::Warn, "the filter could not do its work", fields);
        let denies = self.choice.as_ref().is_none_or(|choice| choice.on_error == OnError::Deny);
        if denies {
            let status = failure.status.unwrap_or(500);
            return self.refuse::<S>(wire, &Reply::new(status, "the request could not be processed"));
        }
        self.active.count(wire, Count::Uninspected(Uninspected::Error));
        self.active.mark(wire, "error");
        self.lane::<S>().pass();
        Applied::Next
    }

    /// Answers the client, or closes the stream where an answer has begun already.
    pub(crate) fn refuse<S: Side>(&mut self, wire: &impl Wire, reply: &Reply) -> Applied {
        if self.shadows() {
            self.active.count(wire, Count::ShadowDenied);
            self.active.mark(wire, "shadow_denied");
            let fields = vec![("status", i64::from(reply.status).into())];
            self.active.note(wire, Some(&self.exchange), Level::Info, "would have been denied", fields);
            self.lane::<S>().pass();
            return Applied::Next;
        }
        self.active.count(wire, Count::Denied);
        self.active.mark(wire, "denied");
        if !self.response.headers_editable() {
            return self.close::<S>(wire);
        }
        wire.reply(&reply.render(&self.exchange.request), &format!("portcullis_{}", P::NAME));
        self.closed = true;
        self.replied = true;
        self.pass_all();
        Applied::Stop
    }

    pub(crate) fn close<S: Side>(&mut self, wire: &impl Wire) -> Applied {
        if self.shadows() {
            self.lane::<S>().pass();
            return Applied::Next;
        }
        self.active.count(wire, Count::Reset);
        wire.reset(S::DIRECTION);
        self.closed = true;
        self.pass_all();
        Applied::Stop
    }

    fn pass_all(&mut self) {
        self.request.pass();
        self.response.pass();
    }
}

pub(crate) fn uninspected(reason: Unholdable) -> Uninspected {
    match reason {
        Unholdable::Upgrade => Uninspected::Upgrade,
        Unholdable::Grpc => Uninspected::Grpc,
        Unholdable::EventStream => Uninspected::EventStream,
    }
}
