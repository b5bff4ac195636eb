//! US national provider identifiers: ten digits from 1 or 2 on, Luhn over 80840 and the number.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct UsNpi;

const FORM: Form = Form { grouped: &[&[4, 3, 3]], plain: 10, separators: b" -" };
const CONTEXT: &[&str] = &["npi", "provider", "prescriber", "practitioner"];

impl Detector for UsNpi {
    fn name(&self) -> &'static str {
        "us_npi"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::EMPTY.with_range(b'1', b'2'))
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

/// The prefix 80840 adds 24 to the sum of the Luhn check.
fn is_valid(digits: &[u8]) -> bool {
    let mut prefixed = [8, 0, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (slot, digit) in prefixed.iter_mut().skip(5).zip(digits) {
        *slot = *digit;
    }
    checks::luhn(&prefixed) && !checks::is_uniform(digits.get(1..).unwrap_or_default())
}
