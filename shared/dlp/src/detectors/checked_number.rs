//! Numbers of a fixed length with a check of their own: what all detectors of such numbers do alike.

use super::{Detector, Finding, Score, Trigger};
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

/// A number that is known by its form and its check: medium in groups, weak in one piece, strong near a context word.
pub(super) struct CheckedNumber {
    /// Its name in configurations and metrics.
    pub(super) name: &'static str,
    /// The digits that it can begin with.
    pub(super) first: ByteSet,
    /// How it is written.
    pub(super) form: Form,
    /// The words that make it sure, in lower case.
    pub(super) context: &'static [&'static str],
    /// Whether its digits, as numbers from 0 to 9 and as many as the form has, pass its check.
    pub(super) is_valid: fn(&[u8]) -> bool,
}

impl Detector for CheckedNumber {
    fn name(&self) -> &'static str {
        self.name
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(self.first)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some(number) = self.form.read(text, place)? else { return Ok(None) };
        if !(self.is_valid)(number.digits.all()) {
            return Ok(None);
        }
        let form = if number.is_grouped { Score::MEDIUM } else { Score::WEAK };
        let score = form.or_strong_near(text, place, self.context);
        Ok(Some(Finding { range: place..number.end, score }))
    }
}
