//! A small proxy made of plain values, for the driver's tests: it buffers, holds and releases as Envoy does with and
//! without `allow_on_headers_stop_iteration`, and records what each peer saw.

use crate::phases::driver::Driver;
use crate::phases::side::{Request, Response, Side};
use crate::phases::wire::{Direction, Map, Then, Wire};
use portcullis_core::{Call, CallResult, Cas, CasMismatch, Edit, Headers, Level, Plugin, Rendered};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

/// What a peer saw of a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) headers: Option<Headers>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<Headers>,
    pub(crate) complete: bool,
}

/// The proxy's state for one stream.
#[derive(Default)]
pub(crate) struct Fake {
    maps: RefCell<HashMap<u8, Headers>>,
    buffers: RefCell<[Vec<u8>; 2]>,
    pub(crate) properties: RefCell<HashMap<String, Vec<u8>>>,
    pub(crate) counts: RefCell<HashMap<u32, i64>>,
    pub(crate) lines: RefCell<Vec<String>>,
    pub(crate) state: RefCell<HashMap<String, Vec<u8>>>,
    pub(crate) replied: RefCell<Option<Rendered>>,
    pub(crate) reset: Cell<bool>,
    pub(crate) resumed: RefCell<Vec<Direction>>,
    pub(crate) calls: RefCell<Vec<Call>>,
    pub(crate) refuses_calls: Cell<bool>,
    /// How often a whole map was read.
    pub(crate) map_reads: Cell<usize>,
    shared: RefCell<portcullis_core::MapStore>,
}

fn key(map: Map) -> u8 {
    match map {
        Map::Headers(Direction::Request) => 0,
        Map::Headers(Direction::Response) => 1,
        Map::Trailers(Direction::Request) => 2,
        Map::Trailers(Direction::Response) => 3,
    }
}

impl Fake {
    /// The request's headers, for tests that call the driver themselves.
    pub(crate) fn put_headers(&self, headers: Headers) {
        self.maps.borrow_mut().insert(key(Map::Headers(Direction::Request)), headers);
    }

    /// What is there of the request's body.
    pub(crate) fn put_body(&self, bytes: &[u8]) {
        self.buffers.borrow_mut()[Direction::Request as usize] = bytes.to_vec();
    }

    fn edit(&self, map: Map, edit: Edit) -> bool {
        match self.maps.borrow_mut().get_mut(&key(map)) {
            Some(headers) => {
                headers.apply(&edit);
                true
            }
            None => false,
        }
    }
}

impl Wire for Fake {
    fn now(&self) -> Duration {
        Duration::from_secs(1_000)
    }
    fn headers(&self, map: Map) -> Headers {
        self.map_reads.set(self.map_reads.get() + 1);
        self.maps.borrow().get(&key(map)).cloned().unwrap_or_default()
    }
    fn set_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool {
        self.edit(map, Edit::set(name, value).unwrap())
    }
    fn add_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool {
        self.edit(map, Edit::append(name, value).unwrap())
    }
    fn remove_header(&self, map: Map, name: &[u8]) -> bool {
        self.edit(map, Edit::remove(name).unwrap())
    }
    fn body(&self, direction: Direction, range: Range<usize>) -> Option<Vec<u8>> {
        self.buffers.borrow()[direction as usize].get(range).map(<[u8]>::to_vec)
    }
    fn set_body(&self, direction: Direction, range: Range<usize>, bytes: &[u8]) -> bool {
        let buffer = &mut self.buffers.borrow_mut()[direction as usize];
        let fits = range.end <= buffer.len();
        if fits {
            buffer.splice(range, bytes.iter().copied());
        }
        fits
    }
    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.borrow().get(&path.join(".")).cloned()
    }
    fn set_state(&self, key: &str, value: &[u8]) {
        self.state.borrow_mut().insert(key.to_owned(), value.to_vec());
    }
    fn reply(&self, reply: &Rendered, _details: &str) {
        assert!(self.replied.replace(Some(reply.clone())).is_none(), "two local replies");
    }
    fn resume(&self, direction: Direction) {
        assert!(self.replied.borrow().is_none(), "resumed after a local reply");
        self.resumed.borrow_mut().push(direction);
    }
    fn reset(&self, _direction: Direction) {
        self.reset.set(true);
    }
    fn call(&self, call: &Call) -> Option<u32> {
        let mut calls = self.calls.borrow_mut();
        calls.push(call.clone());
        (!self.refuses_calls.get()).then_some(calls.len() as u32)
    }
    fn count(&self, metric: u32, by: i64) {
        *self.counts.borrow_mut().entry(metric).or_default() += by;
    }
    fn record(&self, _metric: u32, _value: u64) {}
    fn log(&self, _level: Level, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
    fn shared(&self, key: &str) -> Option<(Vec<u8>, Cas)> {
        portcullis_core::Store::get(&mut *self.shared.borrow_mut(), key)
    }
    fn set_shared(&self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch> {
        portcullis_core::Store::set(&mut *self.shared.borrow_mut(), key, value, expected)
    }
}

/// A message to send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) trailers: Option<Vec<(String, String)>>,
    /// An empty last callback carries the end, as on HTTP/1.
    pub(crate) empty_end: bool,
    /// The end never comes.
    pub(crate) cut: bool,
}

/// One stream through the driver.
pub(crate) struct Sim<P: Plugin> {
    pub(crate) fake: Fake,
    pub(crate) driver: Driver<P>,
    /// `allow_on_headers_stop_iteration`.
    pub(crate) holds: bool,
    /// The headers were stopped without it, and everything with them.
    pub(crate) halted: bool,
    /// The answers to calls, in order; missing ones stay open.
    pub(crate) answers: Vec<CallResult>,
    pub(crate) upstream: Seen,
    pub(crate) client: Seen,
}

impl<P: Plugin> Sim<P> {
    pub(crate) fn request(&mut self, message: &Message) {
        self.send::<Request>(message);
    }

    pub(crate) fn response(&mut self, message: &Message) {
        self.send::<Response>(message);
    }

    fn seen(&mut self, direction: Direction) -> &mut Seen {
        match direction {
            Direction::Request => &mut self.upstream,
            Direction::Response => &mut self.client,
        }
    }

    fn over(&self) -> bool {
        self.fake.replied.borrow().is_some() || self.fake.reset.get()
    }

    fn send<S: Side>(&mut self, message: &Message) {
        let direction = S::DIRECTION;
        let headers = Headers::from_pairs(message.headers.iter().map(|(n, v)| (n, v)));
        self.fake.maps.borrow_mut().insert(key(Map::Headers(direction)), headers);
        let ends_at_headers = message.chunks.is_empty() && message.trailers.is_none();
        let then = match direction {
            Direction::Request => self.driver.request_headers(&self.fake, ends_at_headers),
            Direction::Response => self.driver.response_headers(&self.fake, ends_at_headers),
        };
        let mut held = then == Then::Pause;
        if held && !self.holds {
            held = !self.answer_until_resumed(direction);
            self.halted = !held;
            assert!(!held || self.over(), "without the listener's field this request hangs");
        }
        if !held {
            self.pass_headers(direction, ends_at_headers);
        }
        let mut paused = held;
        let last = message.chunks.len().wrapping_sub(1);
        for (index, chunk) in message.chunks.iter().enumerate() {
            if self.over() {
                return;
            }
            let end = index == last && message.trailers.is_none() && !message.empty_end && !message.cut;
            paused = self.data::<S>(chunk, end, paused);
        }
        if message.empty_end && message.trailers.is_none() && !self.over() {
            paused = self.data::<S>(b"", true, paused);
        }
        if let Some(trailers) = &message.trailers
            && !self.over()
        {
            self.trailers::<S>(trailers, paused);
        }
        self.answer_until_resumed(direction);
    }

    fn data<S: Side>(&mut self, chunk: &[u8], end: bool, paused: bool) -> bool {
        let direction = S::DIRECTION;
        {
            let mut buffers = self.fake.buffers.borrow_mut();
            if !paused {
                buffers[direction as usize].clear();
            }
            buffers[direction as usize].extend_from_slice(chunk);
        }
        let size = self.fake.buffers.borrow()[direction as usize].len();
        let then = self.driver.body::<S>(&self.fake, size, end);
        if then == Then::Pause {
            return !(end && self.answer_until_resumed(direction));
        }
        self.pass_headers(direction, false);
        self.pass_body(direction, end);
        false
    }

    fn trailers<S: Side>(&mut self, trailers: &[(String, String)], paused: bool) {
        let direction = S::DIRECTION;
        self.fake
            .maps
            .borrow_mut()
            .insert(key(Map::Trailers(direction)), Headers::from_pairs(trailers.iter().map(|(n, v)| (n, v))));
        if !paused {
            self.fake.buffers.borrow_mut()[direction as usize].clear();
        }
        let halted = self.seen(direction).headers.is_some() && self.halted;
        if self.driver.trailers::<S>(&self.fake) == Then::Continue {
            if halted && paused {
                // What Envoy does with a body that was gathered after a stop at the headers.
                self.fake.buffers.borrow_mut()[direction as usize].clear();
            }
            self.pass_rest(direction);
        } else if self.fake.resumed.borrow_mut().pop() == Some(direction) {
            self.pass_rest(direction);
        } else {
            self.answer_until_resumed(direction);
        }
    }

    /// Gives answers to calls until the driver resumes this direction; then what is held goes on.
    fn answer_until_resumed(&mut self, direction: Direction) -> bool {
        while !self.over() && !self.answers.is_empty() && self.driver_waits() {
            let answer = self.answers.remove(0);
            self.driver.call_done(&self.fake, &answer);
            if self.fake.resumed.borrow_mut().pop() == Some(direction) {
                self.pass_rest(direction);
                return true;
            }
        }
        false
    }

    fn driver_waits(&self) -> bool {
        self.driver.request.waiting.is_some() || self.driver.response.waiting.is_some()
    }

    fn pass_headers(&mut self, direction: Direction, complete: bool) {
        let headers = self.fake.headers(Map::Headers(direction));
        let seen = self.seen(direction);
        if seen.headers.is_none() {
            seen.headers = Some(headers);
            seen.complete = complete;
        }
    }

    fn pass_body(&mut self, direction: Direction, complete: bool) {
        let bytes = std::mem::take(&mut self.fake.buffers.borrow_mut()[direction as usize]);
        let seen = self.seen(direction);
        seen.body.extend(bytes);
        seen.complete |= complete;
    }

    fn pass_rest(&mut self, direction: Direction) {
        self.pass_headers(direction, false);
        let trailers = self.fake.maps.borrow().get(&key(Map::Trailers(direction))).cloned();
        self.pass_body(direction, true);
        self.seen(direction).trailers = trailers;
    }
}
