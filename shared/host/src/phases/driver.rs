//! Leads one stream through its phases: calls the engine, applies its verdicts, holds and releases.
//!
//! The request and the response are led by the same code, generic over [`Side`]. A callback of the proxy sets the
//! stages that are due ([`Stages`](crate::phases::stages::Stages)); [`Driver::run`] gives them to the engine one after the
//! other, and [`Driver::settle`] lets go or goes on holding. A call ([`Flow::Ask`]) interrupts a run; its answer takes
//! it up again. So each phase reaches the engine exactly once, and the end always before anything held is released.

use crate::envelope::Mode as Enforcement;
use crate::phases::active::{Active, Choice, Count, Uninspected};
use crate::phases::lane::{Ending, HeaderState, Lane, Mode};
use crate::phases::side::{Request, Response, Side};
use crate::phases::stages::Stage;
use crate::phases::wire::{Direction, Map, Then, Wire};
use portcullis_core::{CallResult, Exchange, Plugin, Store, Stream, Summary, Verdict};
use std::ops::Range;
use std::rc::Rc;

/// One stream.
pub(crate) struct Driver<P: Plugin> {
    pub(crate) active: Rc<Active<P>>,
    pub(crate) context: u32,
    pub(crate) exchange: Exchange,
    pub(crate) choice: Option<Choice<P>>,
    pub(crate) stream: Option<P::Stream>,
    pub(crate) request: Lane,
    pub(crate) response: Lane,
    /// We have answered or closed: nothing of this stream goes on through us any more.
    pub(crate) closed: bool,
    /// We have answered: the response callbacks that follow are about our own words.
    pub(crate) replied: bool,
    /// The connection speaks another protocol from here on.
    pub(crate) upgraded: bool,
    pub(crate) calls: u8,
}

/// Whether a run goes on after a verdict.
#[derive(PartialEq, Eq)]
pub(crate) enum Applied {
    Next,
    /// A call is under way, or the stream is closed.
    Stop,
}

impl<P: Plugin> Driver<P> {
    pub(crate) fn new(active: Rc<Active<P>>, context: u32) -> Driver<P> {
        Driver {
            active,
            context,
            exchange: Exchange::default(),
            choice: None,
            stream: None,
            request: Lane::default(),
            response: Lane::default(),
            closed: false,
            replied: false,
            upgraded: false,
            calls: 0,
        }
    }

    pub(crate) fn lane<S: Side>(&mut self) -> &mut Lane {
        S::lanes(&mut self.request, &mut self.response)
    }

    /// The request's headers have come.
    pub(crate) fn request_headers(&mut self, wire: &impl Wire, end_of_stream: bool) -> Then {
        let active = Rc::clone(&self.active);
        self.exchange.id = active.next_id();
        self.exchange.time = wire.now();
        self.exchange.log_level = Some(active.loaded.log_level);
        self.exchange.request = wire.headers(Map::Headers(Direction::Request));
        let choice = active.choose(&self.exchange, wire);
        active.count(wire, Count::Request);
        self.exchange.route = choice.index;
        if choice.mode == Enforcement::Disabled {
            active.count(wire, Count::Uninspected(Uninspected::Disabled));
            self.choice = Some(choice);
            return Then::Continue;
        }
        self.read_needs(wire);
        self.stream = Some(choice.plugin.stream(&self.exchange));
        self.choice = Some(choice);
        self.begin::<Request>(wire, end_of_stream)
    }

    /// The response's headers have come.
    pub(crate) fn response_headers(&mut self, wire: &impl Wire, end_of_stream: bool) -> Then {
        if self.replied {
            return Then::Continue;
        }
        if self.closed {
            return Then::Pause;
        }
        let wanted = self.active.needs(self.exchange.route).response;
        let flowing = matches!(self.request.mode, Mode::Flow(_));
        if self.stream.is_none() || !(wanted || flowing) {
            return Then::Continue;
        }
        self.exchange.response = wire.headers(Map::Headers(Direction::Response));
        if flowing && self.look_again(wire) == Applied::Stop {
            return Then::Pause;
        }
        if !wanted || self.upgraded {
            return Then::Continue;
        }
        self.begin::<Response>(wire, end_of_stream)
    }

    /// More of a body has come: `size` bytes are there, of which those we paused on are the first.
    pub(crate) fn body<S: Side>(&mut self, wire: &impl Wire, size: usize, end: bool) -> Then {
        if self.closed {
            return if self.replied { Then::Continue } else { Then::Pause };
        }
        if let HeaderState::Held(hold) = &S::lanes(&mut self.request, &mut self.response).headers {
            self.active.watchdog.body_seen(hold);
        }
        let lane = self.lane::<S>();
        if lane.waiting.is_some() {
            lane.buffered = size;
            if end {
                lane.ending = Some(Ending::Body);
            }
            return Then::Pause;
        }
        match lane.mode {
            Mode::Pass => Then::Continue,
            Mode::Chunks(_) => {
                lane.buffered = size;
                lane.deliver(0..size, end.then_some(Ending::Body));
                S::message(&mut self.exchange).1.received += size as u64;
                self.run::<S>(wire)
            }
            Mode::Gather { max, over, streams, .. } => {
                self.gather::<S>(wire, size, end, (max, over, streams))
            }
            Mode::Copy { .. } | Mode::Flow(_) => self.keep::<S>(wire, size, end),
        }
    }

    /// The trailers have come, and with them the end.
    pub(crate) fn trailers<S: Side>(&mut self, wire: &impl Wire) -> Then {
        if self.closed {
            return if self.replied { Then::Continue } else { Then::Pause };
        }
        let lane = self.lane::<S>();
        if lane.waiting.is_some() {
            lane.ending = Some(Ending::Trailers);
            return Then::Pause;
        }
        match lane.mode {
            Mode::Pass | Mode::Flow(_) => Then::Continue,
            Mode::Chunks(_) => {
                lane.deliver(0..0, Some(Ending::Trailers));
                // The body has gone: the host takes nothing more for it, so a tail that the engine kept has no place.
                lane.delivery = None;
                self.run::<S>(wire)
            }
            Mode::Gather { .. } => {
                let (all, halted) = (0..lane.buffered, lane.was_halted());
                lane.deliver(all, Some(Ending::Trailers));
                match self.run::<S>(wire) {
                    // Envoy would send these trailers without the body that it gathered after such a stop.
                    Then::Continue if halted => {
                        wire.resume(S::DIRECTION);
                        Then::Pause
                    }
                    then => then,
                }
            }
            Mode::Copy { .. } => self.keep::<S>(wire, 0, true),
        }
    }

    /// The answer to a call of this stream.
    pub(crate) fn call_done(&mut self, wire: &impl Wire, result: &CallResult) {
        if self.request.waiting.is_some() {
            self.take_up::<Request>(wire, result);
        } else if self.response.waiting.is_some() {
            self.take_up::<Response>(wire, result);
        }
    }

    /// The stream is over.
    pub(crate) fn log(&mut self, wire: &impl Wire) {
        self.end_aborted::<Request>(wire);
        self.end_aborted::<Response>(wire);
        let summary = Summary {
            duration: wire.now().saturating_sub(self.exchange.time),
            status: self.exchange.response.status(),
            replied: self.replied,
        };
        if let Some(stream) = &mut self.stream {
            let active = Rc::clone(&self.active);
            let effects = stream.log(&self.exchange, &summary, &mut active.store(wire));
            self.active.apply(wire, &self.exchange, self.exchange.route, effects);
        }
        for lane in [&mut self.request, &mut self.response] {
            lane.buffered = 0;
            self.active.account(wire, lane.accounted, 0);
            lane.accounted = 0;
            if let HeaderState::Held(hold) = &lane.headers {
                self.active.watchdog.forget(hold);
            }
        }
    }

    fn read_needs(&mut self, wire: &impl Wire) {
        let needs = self.active.needs(self.exchange.route);
        let text = |path: &[&str]| {
            wire.property(path).map(|value| String::from_utf8_lossy(&value).into_owned()).unwrap_or_default()
        };
        if needs.addresses {
            self.exchange.source = text(&["source", "address"]);
            self.exchange.destination = text(&["destination", "address"]);
        }
        self.exchange.properties = needs
            .properties
            .iter()
            .map(|path| wire.property(&path.iter().map(String::as_str).collect::<Vec<_>>()))
            .collect();
    }

    fn begin<S: Side>(&mut self, wire: &impl Wire, end_of_stream: bool) -> Then {
        S::message(&mut self.exchange).1.present = !end_of_stream;
        let lane = self.lane::<S>();
        lane.begun = true;
        lane.stages = lane.stages.with(Stage::Headers);
        if end_of_stream {
            lane.stages = lane.stages.with(Stage::End);
        }
        self.run::<S>(wire)
    }

    /// Gives the stages that are due to the engine, until they are done, a call interrupts, or the stream is closed.
    pub(crate) fn run<S: Side>(&mut self, wire: &impl Wire) -> Then {
        while let Some(stage) = self.lane::<S>().stages.pop() {
            let verdict = self.engine::<S>(wire, stage);
            if self.apply::<S>(wire, stage, verdict) == Applied::Stop {
                return Then::Pause;
            }
        }
        self.settle::<S>(wire)
    }

    fn engine<S: Side>(&mut self, wire: &impl Wire, stage: Stage) -> Verdict<S::Edit> {
        let active = Rc::clone(&self.active);
        let mut store = active.store(wire);
        let Some(mut stream) = self.stream.take() else { return Verdict::proceed() };
        let verdict = match stage {
            Stage::Headers => S::headers(&mut stream, &self.exchange, &mut store),
            Stage::Body => {
                let bytes = self.delivered::<S>(wire);
                S::body(&mut stream, &self.exchange, &bytes, &mut store)
            }
            Stage::Trailers => {
                let trailers = wire.headers(Map::Trailers(S::DIRECTION));
                S::trailers(&mut stream, &self.exchange, &trailers)
            }
            Stage::End => {
                self.lane::<S>().ended = true;
                S::end(&mut stream, &self.exchange, &mut store)
            }
        };
        self.stream = Some(stream);
        verdict
    }

    fn delivered<S: Side>(&mut self, wire: &impl Wire) -> Vec<u8> {
        let lane = self.lane::<S>();
        if matches!(lane.mode, Mode::Copy { .. }) {
            return std::mem::take(&mut lane.kept);
        }
        let range = lane.delivery.clone().unwrap_or_default();
        wire.body(S::DIRECTION, range).unwrap_or_default()
    }

    pub(crate) fn answer<S: Side>(&mut self, wire: &impl Wire, result: &CallResult) -> Verdict<S::Edit> {
        let active = Rc::clone(&self.active);
        let mut store = active.store(wire);
        match &mut self.stream {
            Some(stream) => S::call_done(stream, &self.exchange, result, &mut store as &mut dyn Store),
            None => Verdict::proceed(),
        }
    }

    /// Goes on after a call: the verdict stands for the phase that asked.
    fn take_up<S: Side>(&mut self, wire: &impl Wire, result: &CallResult) {
        let Some(stage) = self.lane::<S>().waiting.take() else { return };
        let verdict = self.answer::<S>(wire, result);
        if self.apply::<S>(wire, stage, verdict) == Applied::Stop {
            return;
        }
        let mut then = self.run::<S>(wire);
        if let Some(range) = self.arrived_meanwhile::<S>() {
            let lane = self.lane::<S>();
            let ending = lane.ending.take();
            lane.deliver(range, ending);
            then = self.run::<S>(wire);
        }
        if then == Then::Continue && !self.closed {
            wire.resume(S::DIRECTION);
        }
    }

    /// Where the part of the body stands that came while a call was under way and that nobody has looked at.
    fn arrived_meanwhile<S: Side>(&mut self) -> Option<Range<usize>> {
        let lane = self.lane::<S>();
        if lane.ended || lane.waiting.is_some() {
            return None;
        }
        let (seen, stands) = lane.settled;
        let fresh = lane.buffered.saturating_sub(seen);
        match lane.mode {
            Mode::Chunks(_) if fresh > 0 || lane.ending.is_some() => Some(stands..stands + fresh),
            Mode::Gather { .. } if lane.ending.is_some() => Some(0..lane.buffered),
            _ => None,
        }
    }

    /// An exchange that was cut off still gets its end, marked as such; nothing can be done about it any more.
    fn end_aborted<S: Side>(&mut self, wire: &impl Wire) {
        let lane = self.lane::<S>();
        if !lane.begun || lane.ended {
            return;
        }
        S::message(&mut self.exchange).1.aborted = true;
        let verdict = self.engine::<S>(wire, Stage::End);
        self.active.apply(wire, &self.exchange, self.exchange.route, verdict.effects);
    }
}
