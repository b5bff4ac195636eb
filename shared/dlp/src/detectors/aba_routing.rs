//! US bank routing numbers (ABA): nine digits, the first two of a Federal Reserve district, weights 3, 7 and 1.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct AbaRouting;

const FORM: Form = Form { grouped: &[&[4, 4, 1]], plain: 9, separators: b"-" };
const CONTEXT: &[&str] = &["aba", "routing", "rtn", "bank", "wire"];

impl Detector for AbaRouting {
    fn name(&self) -> &'static str {
        "aba_routing"
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

/// The first two digits are those of the districts, thrift institutions, electronic processing or checks of the state.
fn is_valid(digits: &[u8]) -> bool {
    let [tens, ones, ..] = digits else { return false };
    let district = matches!(tens * 10 + ones, 1..=12 | 21..=32 | 61..=72 | 80);
    district && checks::weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}
