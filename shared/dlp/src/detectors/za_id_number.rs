//! South African identity numbers: thirteen digits, six of them a date, Luhn.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct ZaIdNumber;

const FORM: Form = Form { grouped: &[&[6, 4, 3], &[6, 4, 2, 1]], plain: 13, separators: b" " };
const CONTEXT: &[&str] = &["id", "rsa", "sa", "identity", "african"];

impl Detector for ZaIdNumber {
    fn name(&self) -> &'static str {
        "za_id_number"
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

/// The eleventh digit says citizen, resident or refugee.
fn is_valid(digits: &[u8]) -> bool {
    let [a, b, c, d, e, f, _, _, _, _, status, ..] = digits else { return false };
    let (year, month, day) = (a * 10 + b, c * 10 + d, e * 10 + f);
    *status <= 2 && checks::is_day(year, month, day) && checks::luhn(digits)
}
