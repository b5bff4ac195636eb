//! One pass over a text for many detectors: only trigger bytes start work.

use crate::detectors::{Detector, Finding, Score, Trigger};
use crate::text::Text;

/// The most detectors of one pass: a bit each.
pub(crate) const MOST: usize = 32;

/// Detectors that are run together. Each has a number, its place in the list.
pub(crate) struct Scan {
    detectors: Vec<Wanted>,
    /// For each byte the detectors that it triggers: below those that it triggers anywhere, above, from bit 32 on,
    /// those that it triggers at the start of a word.
    triggers: Box<[u64; 256]>,
}

/// A detector, and how sure its findings must be.
pub(crate) struct Wanted {
    pub(crate) detector: &'static dyn Detector,
    pub(crate) minimum: Score,
}

/// How far a detector has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// What begins in front of this place is decided.
    pub(crate) decided: usize,
    /// The end of its last finding: findings of one detector do not overlap.
    pub(crate) floor: usize,
}

impl Progress {
    /// The same in a text that has lost its first bytes.
    pub(crate) fn shift(&mut self, bytes: usize) {
        self.decided = self.decided.saturating_sub(bytes);
        self.floor = self.floor.saturating_sub(bytes);
    }
}

impl Scan {
    /// At most [`MOST`] detectors; more are left out.
    pub(crate) fn new(detectors: Vec<Wanted>) -> Scan {
        let mut triggers = Box::new([0; 256]);
        for (wanted, bit) in detectors.iter().zip(0..MOST) {
            let (set, bit) = match wanted.detector.trigger() {
                Trigger::WordStart(set) => (set, bit + MOST),
                Trigger::Anywhere(set) => (set, bit),
            };
            for (slot, _) in triggers.iter_mut().zip(0..=u8::MAX).filter(|(_, byte)| set.contains(*byte)) {
                *slot |= 1 << bit;
            }
        }
        Scan { detectors, triggers }
    }

    /// How many detectors there are.
    pub(crate) fn len(&self) -> usize {
        self.detectors.len()
    }

    /// Finds what is decided by now; `progress` has an entry for each detector.
    pub(crate) fn run(
        &self,
        text: &Text<'_>,
        progress: &mut [Progress],
        mut found: impl FnMut(usize, Finding),
    ) {
        let Some(start) = progress.iter().map(|progress| progress.decided).min() else { return };
        let mut active = u32::MAX;
        for (place, byte) in text.bytes().iter().enumerate().skip(start) {
            let triggered = self.triggers.get(usize::from(*byte)).copied().unwrap_or_default();
            if triggered == 0 {
                continue;
            }
            let (word, any) = ((triggered >> MOST) as u32, triggered as u32);
            let mut due = if word != 0 && text.starts_word(place) { word | any } else { any } & active;
            while due != 0 {
                let number = due.trailing_zeros();
                due &= due - 1;
                let (Some(wanted), Some(progress)) =
                    (self.detectors.get(number as usize), progress.get_mut(number as usize))
                else {
                    continue;
                };
                match wanted.ask(text, place, progress) {
                    Answer::Nothing => {}
                    Answer::Finding(finding) => found(number as usize, finding),
                    Answer::Wait => active &= !(1 << number),
                }
            }
        }
        for (number, (wanted, progress)) in self.detectors.iter().zip(progress).enumerate() {
            if active >> number & 1 == 1 {
                progress.decided = progress.decided.max(wanted.pending(text));
            }
        }
    }
}

enum Answer {
    Nothing,
    Finding(Finding),
    Wait,
}

impl Wanted {
    fn ask(&self, text: &Text<'_>, place: usize, progress: &mut Progress) -> Answer {
        if place < progress.decided {
            return Answer::Nothing;
        }
        match self.detector.at(text, place) {
            Ok(Some(mut finding)) if finding.score >= self.minimum && finding.range.end > progress.floor => {
                // Two addresses in a row share what stands between them: the first has it.
                finding.range.start = finding.range.start.max(progress.floor);
                progress.floor = finding.range.end;
                progress.decided = finding.range.end;
                Answer::Finding(finding)
            }
            Ok(_) => Answer::Nothing,
            Err(_) => {
                progress.decided = progress.decided.max(self.detector.earliest(text, place));
                Answer::Wait
            }
        }
    }

    fn pending(&self, text: &Text<'_>) -> usize {
        if text.ended() { text.bytes().len() } else { self.detector.pending(text) }
    }
}
