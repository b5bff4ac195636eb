//! Canadian social insurance numbers: nine digits, Luhn; none begins with 0 or 8.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct CaSin;

const FORM: Form = Form { grouped: &[&[3, 3, 3]], plain: 9, separators: b" -" };
const CONTEXT: &[&str] = &["sin", "social", "insurance", "nas", "assurance"];

impl Detector for CaSin {
    fn name(&self) -> &'static str {
        "ca_sin"
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

fn is_valid(digits: &[u8]) -> bool {
    !matches!(digits.first(), Some(0 | 8)) && checks::luhn(digits) && !checks::is_uniform(digits)
}
