//! Australian tax file numbers: nine digits, weights, mod 11.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct AuTfn;

const FORM: Form = Form { grouped: &[&[3, 3, 3]], plain: 9, separators: b" " };
const CONTEXT: &[&str] = &["tfn", "tax"];

impl Detector for AuTfn {
    fn name(&self) -> &'static str {
        "au_tfn"
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
    checks::weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !checks::is_uniform(digits)
}
