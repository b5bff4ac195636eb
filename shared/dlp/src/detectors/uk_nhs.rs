//! UK NHS numbers: ten digits, weights 10 to 1, a multiple of eleven.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct UkNhs;

const FORM: Form = Form { grouped: &[&[3, 3, 4]], plain: 10, separators: b" -" };
const CONTEXT: &[&str] = &["nhs", "health", "patient"];

impl Detector for UkNhs {
    fn name(&self) -> &'static str {
        "uk_nhs"
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
    checks::weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
        && !checks::is_uniform(digits)
}
