//! The compiled rules: what is looked for, and what becomes of it.

use crate::detectors::{Detector, Score};
use crate::mask::Mask;
use crate::scan::{self, Scan, Wanted};
use crate::text::Text;
use portcullis_patterns::ByteSet;
use regex::bytes::{CaptureLocations, Regex};
use std::cell::RefCell;
use std::ops::Range;

/// Compiled rules; a rule's number is its place in the configuration.
pub struct Rules {
    masks: Vec<Option<Mask>>,
    scan: Scan,
    /// The rule that each detector of the scan belongs to.
    scanned: Vec<usize>,
    patterns: Vec<(usize, Pattern)>,
}

/// What a rule looks for.
pub enum Search {
    /// What a detector finds, if it is sure enough.
    Detector {
        /// Which.
        detector: &'static dyn Detector,
        /// How sure.
        minimum: Score,
    },
    /// What a regex of bounded length matches.
    Pattern(Pattern),
}

/// A regex with what the window must know of it.
pub struct Pattern {
    /// Never matches the empty text.
    pub(crate) regex: Regex,
    /// Bytes of the longest match.
    pub(crate) longest: usize,
    /// With which bytes a match begins.
    pub(crate) first: ByteSet,
    /// The group that is the finding; 0 is the whole match.
    pub(crate) group: usize,
    /// Room for the groups of a match.
    pub(crate) groups: RefCell<CaptureLocations>,
}

/// How far each search has come in a text.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    detectors: Vec<scan::Progress>,
    patterns: Vec<usize>,
}

/// How far a look-around assertion can look beyond a match, bytes: without tables of Unicode there are none that look
/// further.
const LOOK_AROUND: usize = 1;

impl Rules {
    /// Rules in order; a rule without a mask only counts.
    pub fn new(rules: Vec<(Search, Option<Mask>)>) -> Rules {
        let mut masks = Vec::new();
        let (mut wanted, mut scanned, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (search, mask)) in rules.into_iter().enumerate() {
            masks.push(mask);
            match search {
                Search::Detector { detector, minimum } => {
                    wanted.push(Wanted { detector, minimum });
                    scanned.push(number);
                }
                Search::Pattern(pattern) => patterns.push((number, pattern)),
            }
        }
        Rules { masks, scan: Scan::new(wanted), scanned, patterns }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.masks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// Whether no rule changes anything.
    pub fn only_count(&self) -> bool {
        self.masks.iter().all(Option::is_none)
    }

    /// How often each byte is looked at: the detectors share one pass, each pattern has its own.
    pub fn passes(&self) -> u64 {
        u64::from(self.scan.len() > 0) + self.patterns.len() as u64
    }

    pub(crate) fn mask(&self, rule: usize) -> Option<Mask> {
        self.masks.get(rule).copied().flatten()
    }

    pub(crate) fn start(&self) -> Progress {
        Progress {
            detectors: vec![scan::Progress::default(); self.scan.len()],
            patterns: vec![0; self.patterns.len()],
        }
    }

    /// The findings that are decided by now, with their rule.
    pub(crate) fn find(&self, text: &Text<'_>, progress: &mut Progress) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        self.scan.run(text, &mut progress.detectors, |number, finding| {
            found.extend(self.scanned.get(number).map(|rule| (*rule, finding.range)));
        });
        for ((rule, pattern), next) in self.patterns.iter().zip(&mut progress.patterns) {
            pattern.find(text, next, |range| found.push((*rule, range)));
        }
        found
    }
}

impl Progress {
    /// All bytes in front of this place are decided.
    pub(crate) fn decided(&self, text: &Text<'_>) -> usize {
        let detectors = self.detectors.iter().map(|progress| progress.decided);
        detectors.chain(self.patterns.iter().copied()).min().unwrap_or(text.bytes().len())
    }

    /// The same in a text that has lost its first bytes.
    pub(crate) fn shift(&mut self, bytes: usize) {
        self.detectors.iter_mut().for_each(|progress| progress.shift(bytes));
        self.patterns.iter_mut().for_each(|next| *next = next.saturating_sub(bytes));
    }
}

impl Pattern {
    /// Finds from `next` on, and moves `next` behind what is decided.
    fn find(&self, text: &Text<'_>, next: &mut usize, mut found: impl FnMut(Range<usize>)) {
        let bytes = text.bytes();
        // A match that begins in front of this place cannot see the end of what has come.
        let horizon = match text.ended() {
            true => bytes.len(),
            false => (bytes.len() + 1).saturating_sub(self.longest + LOOK_AROUND),
        };
        while *next < horizon {
            let Some(range) = self.regex.find_at(bytes, *next).map(|hit| hit.range()) else { break };
            if range.start >= horizon {
                break;
            }
            found(self.finding(bytes, &range));
            *next = range.end;
        }
        if *next < bytes.len() {
            let from = (*next).max(horizon);
            let tail = bytes.get(from..).unwrap_or_default();
            let begins = tail.iter().position(|byte| self.first.contains(*byte));
            *next = from + begins.unwrap_or(tail.len());
        }
    }

    /// The part of a match that is the finding: empty if the group has no part in it.
    fn finding(&self, bytes: &[u8], range: &Range<usize>) -> Range<usize> {
        if self.group == 0 {
            return range.clone();
        }
        let Ok(mut groups) = self.groups.try_borrow_mut() else { return range.clone() };
        let _ = self.regex.captures_read_at(&mut groups, bytes, range.start);
        groups.get(self.group).map_or(range.start..range.start, |(start, end)| start..end)
    }
}
