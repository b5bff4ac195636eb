//! Bodies: gathering up to a limit, keeping copies, replacing, letting go.

use crate::phases::active::{Count, Uninspected};
use crate::phases::driver::{Applied, Driver};
use crate::phases::lane::{Ending, HeaderState, Mode};
use crate::phases::side::Side;
use crate::phases::stages::Stage;
use crate::phases::wire::{Map, Then, Wire};
use portcullis_core::{Access, Edit, Exchange, Failure, FailureKind, Headers, Level, Over, Plugin, Reply};

/// What a message may become without `hostBufferLimit` in the configuration, bytes: no listener in use has less.
const SMALLEST_BUFFER: usize = 16 * 1024;
/// The most that is kept of a body that goes on in case its message turns out to be an ordinary one, bytes.
const MOST_KEPT: usize = 64 * 1024;

impl<P: Plugin> Driver<P> {
    /// The engine wants the body whole: refuses what is too long by its own word, and holds the headers if it may.
    pub(crate) fn plan_whole<S: Side>(
        &mut self,
        wire: &impl Wire,
        max: usize,
        access: Access,
        over: Over,
    ) -> Applied {
        let max = max.min(self.active.loaded.max_held(over));
        if over == Over::Refuse
            && declared_length(S::message(&mut self.exchange).0).is_some_and(|n| n > max as u64)
        {
            return self.refuse::<S>(wire, &Reply::new(S::TOO_LARGE, "the body is too large"));
        }
        self.lane::<S>().mode = Mode::Gather { max, access, over, streams: false };
        if access == Access::Edit && !self.active.loaded.hold_headers && !self.shadows() {
            remove_length::<S, _>(&mut self.exchange, wire);
        }
        Applied::Next
    }

    /// More of a body that is held: `size` bytes are there by now.
    pub(crate) fn gather<S: Side>(
        &mut self,
        wire: &impl Wire,
        size: usize,
        end: bool,
        (max, over, streams): (usize, Over, bool),
    ) -> Then {
        let seen = size.min(max);
        S::message(&mut self.exchange).1.received = size as u64;
        if size > max {
            return self.over_limit::<S>(wire, size, end, (max, over, streams));
        }
        let lane = S::lanes(&mut self.request, &mut self.response);
        if !self.active.account(wire, lane.accounted, seen) {
            let mut failure = Failure::new(FailureKind::Memory, "limits.heldBytes is used up");
            failure.status = Some(503);
            return self.give_up::<S>(wire, failure);
        }
        lane.accounted = seen;
        lane.buffered = size;
        if !end {
            return Then::Pause;
        }
        lane.deliver(0..size, Some(Ending::Body));
        self.run::<S>(wire)
    }

    fn over_limit<S: Side>(
        &mut self,
        wire: &impl Wire,
        size: usize,
        end: bool,
        (max, over, streams): (usize, Over, bool),
    ) -> Then {
        if streams {
            let lane = self.lane::<S>();
            lane.mode = Mode::Chunks(Access::Edit);
            lane.deliver(0..size, end.then_some(Ending::Body));
            return self.run::<S>(wire);
        }
        if over == Over::Refuse {
            return match self.refuse::<S>(wire, &Reply::new(S::TOO_LARGE, "the body is too large")) {
                Applied::Stop => Then::Pause,
                Applied::Next => Then::Continue,
            };
        }
        S::message(&mut self.exchange).1.truncated = true;
        self.active.count(wire, Count::Uninspected(Uninspected::OverLimit));
        self.lane::<S>().deliver(0..max, Some(Ending::Body));
        self.run::<S>(wire)
    }

    fn give_up<S: Side>(&mut self, wire: &impl Wire, failure: Failure) -> Then {
        match self.fail::<S>(wire, failure) {
            Applied::Stop => Then::Pause,
            Applied::Next => self.settle::<S>(wire),
        }
    }

    /// Bytes that go on without waiting: copies them, as far as allowed.
    pub(crate) fn keep<S: Side>(&mut self, wire: &impl Wire, size: usize, end: bool) -> Then {
        let state = S::message(&mut self.exchange).1;
        state.received += size as u64;
        let lane = S::lanes(&mut self.request, &mut self.response);
        let most = match lane.mode {
            Mode::Copy { max } => max,
            _ => MOST_KEPT,
        };
        let room = most.saturating_sub(lane.kept.len());
        state.truncated |= size > room;
        let wanted = size.min(room);
        if wanted > 0 && self.active.account(wire, lane.accounted, lane.accounted + wanted) {
            lane.accounted += wanted;
            lane.kept.extend(wire.body(S::DIRECTION, 0..wanted).unwrap_or_default());
        }
        if !end || !matches!(lane.mode, Mode::Copy { .. }) {
            return Then::Continue;
        }
        let all = 0..lane.kept.len();
        lane.deliver(all, Some(Ending::Body));
        self.run::<S>(wire)
    }

    /// Notes what the engine puts in the place of the bytes delivered, or behind them.
    pub(crate) fn replace<S: Side>(&mut self, wire: &impl Wire, stage: Stage, bytes: Vec<u8>) -> Applied {
        let truncated = S::message(&mut self.exchange).1.truncated;
        let lane = self.lane::<S>();
        if stage == Stage::End && bytes.is_empty() {
            return Applied::Next;
        }
        let Some(range) = lane.delivery.clone() else {
            // A message without a body (HEAD, 204, 304) takes none, and neither does one whose body passes unread.
            return match lane.mode {
                Mode::Chunks(_) => self.no_place_for_tail::<S>(wire),
                _ => Applied::Next,
            };
        };
        if !lane.body_editable(truncated) || !matches!(stage, Stage::Body | Stage::End) {
            let message = "an engine replaced a body that it had only asked to read";
            self.active.note(wire, Some(&self.exchange), Level::Error, message, Vec::new());
            return Applied::Next;
        }
        match (stage, lane.replacement.take()) {
            (Stage::Body, _) => lane.replacement = Some(bytes),
            (_, Some(mut body)) => {
                body.extend(bytes);
                lane.replacement = Some(body);
            }
            (_, None) => {
                let mut body = wire.body(S::DIRECTION, range).unwrap_or_default();
                body.extend(bytes);
                self.lane::<S>().replacement = Some(body);
            }
        }
        Applied::Next
    }

    /// The engine kept bytes back, and then trailers came without having been announced: the host takes no body bytes
    /// any more. Cutting them off silently would lose data; letting the rest go would break the message.
    fn no_place_for_tail<S: Side>(&mut self, wire: &impl Wire) -> Applied {
        let message = "trailers came unannounced over bytes that were held back";
        self.active.note(wire, Some(&self.exchange), Level::Warn, message, Vec::new());
        self.close::<S>(wire)
    }

    /// All due stages are done: writes the body, and lets go or goes on holding.
    pub(crate) fn settle<S: Side>(&mut self, wire: &impl Wire) -> Then {
        if self.closed || self.flush::<S>(wire) == Applied::Stop {
            return Then::Pause;
        }
        let hold = self.active.loaded.hold_headers;
        let now = self.exchange.time;
        let lane = S::lanes(&mut self.request, &mut self.response);
        match (lane.mode, &lane.headers) {
            (Mode::Gather { access, streams, .. }, HeaderState::Open) if !lane.ended => {
                if (hold && !streams) || lane.buffered > 0 {
                    let since = if S::DIRECTION == crate::phases::wire::Direction::Request {
                        now
                    } else {
                        wire.now()
                    };
                    let hold =
                        self.active.watchdog.hold(self.context, S::DIRECTION, access == Access::Edit, since);
                    lane.headers = HeaderState::Held(hold);
                    return Then::Pause;
                }
                lane.headers = HeaderState::Gone;
                Then::Continue
            }
            (Mode::Gather { .. }, _) if !lane.ended => Then::Pause,
            _ => {
                self.let_go::<S>(wire);
                Then::Continue
            }
        }
    }

    fn let_go<S: Side>(&mut self, wire: &impl Wire) {
        let lane = S::lanes(&mut self.request, &mut self.response);
        if let HeaderState::Held(hold) = &lane.headers {
            self.active.watchdog.forget(hold);
        }
        lane.headers = HeaderState::Gone;
        if lane.ended && !matches!(lane.mode, Mode::Flow(_)) {
            lane.pass();
            self.active.account(wire, lane.accounted, 0);
            lane.accounted = 0;
        }
    }

    /// Puts the engine's bytes in their place. What would grow past the host's buffer is a failure: writing it would
    /// end the whole proxy on the response side.
    fn flush<S: Side>(&mut self, wire: &impl Wire) -> Applied {
        let Some(range) = self.lane::<S>().delivery.take() else { return Applied::Next };
        self.lane::<S>().settled = (range.end, range.end);
        let Some(bytes) = self.lane::<S>().replacement.take() else { return Applied::Next };
        if let Mode::Gather { .. } = self.lane::<S>().mode {
            let limit = self.active.loaded.host_buffer_limit.unwrap_or(range.len().max(SMALLEST_BUFFER));
            if bytes.len() > limit {
                let message =
                    format!("the body would grow to {} bytes, the host's limit is {limit}", bytes.len());
                return self.fail::<S>(wire, Failure::new(FailureKind::Limit, message));
            }
            self.mend_length::<S>(wire, bytes.len());
        }
        self.lane::<S>().settled = (range.end, range.start + bytes.len());
        wire.set_body(S::DIRECTION, range, &bytes);
        Applied::Next
    }

    fn mend_length<S: Side>(&mut self, wire: &impl Wire, length: usize) {
        let has_length = S::message(&mut self.exchange).0.contains("content-length");
        if !has_length || !self.lane::<S>().headers_editable() {
            return;
        }
        let length = length.to_string();
        wire.set_header(Map::Headers(S::DIRECTION), b"content-length", length.as_bytes());
        if let Ok(edit) = Edit::set("content-length", length) {
            S::message(&mut self.exchange).0.apply(&edit);
        }
    }
}

/// Whether the message says that trailers will follow its body.
pub(crate) fn announces_trailers(headers: &Headers) -> bool {
    headers.contains("trailer")
}

/// `content-length` goes before a body whose length may change: the host would put the old length on the wire, and
/// what is longer would stand in front of the next message (request smuggling).
pub(crate) fn remove_length<S: Side, W: Wire>(exchange: &mut Exchange, wire: &W) {
    let (headers, _) = S::message(exchange);
    if headers.contains("content-length") {
        wire.remove_header(Map::Headers(S::DIRECTION), b"content-length");
        if let Ok(edit) = Edit::remove("content-length") {
            headers.apply(&edit);
        }
    }
}

fn declared_length(headers: &Headers) -> Option<u64> {
    std::str::from_utf8(headers.get("content-length")?).ok()?.trim().parse().ok()
}
