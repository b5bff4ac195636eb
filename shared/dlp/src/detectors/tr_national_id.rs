//! Turkish identity numbers: eleven digits, none first a zero, two check digits.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct TrNationalId;

const FORM: Form = Form { grouped: &[], plain: 11, separators: b"" };
const CONTEXT: &[&str] = &["tckn", "tc", "kimlik", "vatandas", "turkish"];

impl Detector for TrNationalId {
    fn name(&self) -> &'static str {
        "tr_national_id"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::EMPTY.with_range(b'1', b'9'))
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

/// The tenth digit is seven times the odd places less the even ones, the eleventh the sum of all, each mod 10.
fn is_valid(digits: &[u8]) -> bool {
    let tenth = checks::weighted(digits, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
    let eleventh = checks::weighted(digits, &[1; 10]) % 10;
    digits.get(9..).is_some_and(|check| check.iter().map(|digit| u32::from(*digit)).eq([tenth, eleventh]))
}
