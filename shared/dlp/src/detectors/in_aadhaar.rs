//! Indian Aadhaar numbers: twelve digits from 2 on, Verhoeff; no palindromes.

use super::{Detector, Finding, Score, Trigger};
use crate::checks;
use crate::digits::Form;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct InAadhaar;

const FORM: Form = Form { grouped: &[&[4, 4, 4]], plain: 12, separators: b" -:" };
const CONTEXT: &[&str] = &["aadhaar", "aadhar", "uidai", "uid"];

impl Detector for InAadhaar {
    fn name(&self) -> &'static str {
        "in_aadhaar"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::EMPTY.with_range(b'2', b'9'))
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
    checks::verhoeff(digits) && !digits.iter().eq(digits.iter().rev())
}
