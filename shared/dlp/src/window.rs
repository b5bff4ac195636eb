//! A body that is masked as it flows. Bytes are given out as soon as no finding can take them any more.
//!
//! The result does not depend on how the body came in pieces: what begins at a place is decided when all bytes that
//! matter have come, from the same bytes in front of it and behind it, and never sooner.

use crate::json_state::JsonState;
use crate::rules::{Progress, Rules};
use crate::text::{HISTORY, Text};
use std::rc::Rc;

/// The most bytes that are held back.
pub const MOST_HELD: usize = 512;

/// How many bytes are looked at together. What a body costs in memory does not depend on the pieces it comes in, either.
const AT_ONCE: usize = 8 * 1024;

/// One body under way.
pub struct Window {
    rules: Rc<Rules>,
    /// The last bytes that went on, as they came, then those held.
    text: Vec<u8>,
    /// How many bytes of `text` have gone on.
    sent: usize,
    progress: Progress,
    /// Bytes of `text` that are covered; in front of `sent` there are none.
    marks: Vec<Mark>,
    syntax: Syntax,
    found: Vec<u64>,
}

/// A byte that is covered. Where several rules cover it, the first rule says with what, whenever it was found.
struct Mark {
    at: usize,
    rule: usize,
    byte: u8,
}

/// What a body is, as far as masking must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Text.
    Plain,
    /// JSON, or several JSON texts; the state in front of the first byte that has not gone on.
    Json(#[doc(hidden)] JsonPlace),
    /// Server-sent events: a finding lies within one event, and an event never waits for the next.
    Events {
        /// Whether the line that has begun is empty so far.
        #[doc(hidden)]
        blank: bool,
    },
}

/// A place in a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JsonPlace(JsonState);

impl Syntax {
    /// JSON, from its first byte on.
    pub fn json() -> Syntax {
        Syntax::Json(JsonPlace::default())
    }

    /// Server-sent events, from the first byte on.
    pub fn events() -> Syntax {
        Syntax::Events { blank: false }
    }
}

impl Window {
    /// A body about to begin.
    pub fn new(rules: Rc<Rules>, syntax: Syntax) -> Window {
        let (progress, found) = (rules.start(), vec![0; rules.len()]);
        Window { rules, text: Vec::new(), sent: 0, progress, marks: Vec::new(), syntax, found }
    }

    /// Takes more of the body and gives what can go on; `None` means these very bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let was_empty = self.held().is_empty();
        let mut out = Vec::new();
        for piece in bytes.chunks(AT_ONCE) {
            let part = self.piece(piece);
            if out.is_empty() {
                out = part;
            } else {
                out.extend(part);
            }
        }
        let unchanged = was_empty && self.held().is_empty() && out == bytes;
        (!unchanged).then_some(out)
    }

    /// The body is over: gives what is left.
    pub fn finish(&mut self) -> Vec<u8> {
        self.end()
    }

    /// What is held back, as it came.
    pub fn held(&self) -> &[u8] {
        self.text.get(self.sent..).unwrap_or_default()
    }

    /// How many findings each rule has had so far.
    pub fn found(&self) -> &[u64] {
        &self.found
    }

    fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(length) = self.event_end(rest) {
            let (event, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.text.extend_from_slice(event);
            events.extend(self.end());
            rest = behind;
        }
        self.text.extend_from_slice(rest);
        let end = self.decide(false);
        let tail = self.give(end);
        if events.is_empty() { tail } else { [events, tail].concat() }
    }

    /// The text is over; another may begin.
    fn end(&mut self) -> Vec<u8> {
        let end = self.decide(true);
        let out = self.give(end);
        self.text.clear();
        self.marks.clear();
        self.sent = 0;
        self.progress = self.rules.start();
        out
    }

    /// How many bytes end an event, if one ends here: up to and with the line feed of an empty line.
    fn event_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let Syntax::Events { blank } = &mut self.syntax else { return None };
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(start..end).unwrap_or_default();
            let is_empty = (start > 0 || *blank) && line.iter().all(|byte| *byte == b'\r');
            start = end + 1;
            *blank = true;
            if is_empty {
                return Some(start);
            }
        }
        let tail = bytes.get(start..).unwrap_or_default();
        *blank = (start > 0 || *blank) && tail.iter().all(|byte| *byte == b'\r');
        None
    }

    /// Finds what can be found by now; the bytes in front of the place that comes back can go on.
    fn decide(&mut self, ended: bool) -> usize {
        let text = if ended { Text::whole(&self.text) } else { Text::open(&self.text) };
        let mut findings = self.rules.find(&text, &mut self.progress);
        findings.sort_by_key(|(_, range)| range.start);
        let mut place = self.sent;
        let mut json = self.json();
        for (rule, range) in findings {
            json = json.map(|state| state.skip(self.text.get(place..range.start).unwrap_or_default()));
            place = range.start.max(place);
            if let Some(count) = self.found.get_mut(rule) {
                *count += 1;
            }
            if let Some(mask) = self.rules.mask(rule) {
                let marks = mask.marks(&self.text, range, json);
                self.marks.extend(marks.into_iter().map(|(at, byte)| Mark { at, rule, byte }));
            }
        }
        self.progress.decided(&text).clamp(self.sent, self.text.len())
    }

    /// The bytes up to a place, covered where they must be.
    fn give(&mut self, end: usize) -> Vec<u8> {
        let mut out = self.text.get(self.sent..end).unwrap_or_default().to_vec();
        let sent = self.sent;
        self.marks.sort_by_key(|mark| std::cmp::Reverse(mark.rule));
        self.marks.retain(|mark| match out.get_mut(mark.at.wrapping_sub(sent)) {
            Some(slot) => {
                *slot = mark.byte;
                false
            }
            None => true,
        });
        self.advance_json(end);
        self.sent = end;
        let drop = end.saturating_sub(HISTORY);
        self.text.drain(..drop);
        self.sent -= drop;
        self.progress.shift(drop);
        self.marks.iter_mut().for_each(|mark| mark.at = mark.at.saturating_sub(drop));
        out
    }

    fn json(&self) -> Option<JsonState> {
        match self.syntax {
            Syntax::Json(JsonPlace(state)) => Some(state),
            _ => None,
        }
    }

    fn advance_json(&mut self, end: usize) {
        if let Some(state) = self.json() {
            let gone = self.text.get(self.sent..end).unwrap_or_default();
            self.syntax = Syntax::Json(JsonPlace(state.skip(gone)));
        }
    }
}
