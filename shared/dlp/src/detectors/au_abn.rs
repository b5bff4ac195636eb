//! Australian business numbers: eleven digits, weights, mod 89.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct AuAbn;

const FORM: Form = Form { grouped: &[&[2, 3, 3, 3]], plain: 11, separators: b" " };
const CONTEXT: &[&str] = &["abn", "business"];

impl Detector for AuAbn {
    fn name(&self) -> &'static str {
        "au_abn"
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

/// One is taken from the first digit.
fn is_valid(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    let sum = checks::weighted(digits, &WEIGHTS);
    !matches!(digits.first(), Some(0)) && (sum + 79).is_multiple_of(89)
}
