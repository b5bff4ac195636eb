//! Australian Medicare numbers: ten digits from 2 to 6 on, the ninth a check digit.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct AuMedicare;

const FORM: Form = Form { grouped: &[&[4, 5, 1]], plain: 10, separators: b" " };
const CONTEXT: &[&str] = &["medicare"];

impl Detector for AuMedicare {
    fn name(&self) -> &'static str {
        "au_medicare"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::EMPTY.with_range(b'2', b'6'))
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
    let sum = checks::weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]);
    digits.get(8).is_some_and(|check| sum % 10 == u32::from(*check))
}
