//! Polish PESEL numbers: eleven digits, six of them a date, weights 1, 3, 7 and 9.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct PlPesel;

const FORM: Form = Form { grouped: &[], plain: 11, separators: b"" };
const CONTEXT: &[&str] = &["pesel"];

impl Detector for PlPesel {
    fn name(&self) -> &'static str {
        "pl_pesel"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::DIGIT)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some(number) = FORM.read(text, place)? else { return Ok(None) };
        if !is_valid(number.digits.all()) {
            return Ok(None);
        }
        let form = if number.is_grouped { Score::MEDIUM } else { Score::WEAK };
        let score = form.or_strong_near(text, place, CONTEXT);
        Ok(Some(Finding { range: place..number.end, score }))
    }
}

/// The month carries the century: 80, 00, 20, 40 or 60 is added to it.
fn is_valid(digits: &[u8]) -> bool {
    let [a, b, m, month, d, day, ..] = digits else { return false };
    let date = checks::is_day(a * 10 + b, (m % 2) * 10 + month, d * 10 + day);
    date && checks::weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}
