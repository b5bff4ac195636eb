//! US individual taxpayer identification numbers: like a social security number, but 9 first and certain groups.

use super::us_ssn::nine;
use super::{Detector, Finding, Score, Trigger};
use crate::digits::Separator;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct UsItin;

const CONTEXT: &[&str] = &["itin", "taxpayer", "tax", "tin", "individual"];

impl Detector for UsItin {
    fn name(&self) -> &'static str {
        "us_itin"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::EMPTY.with_range(b'9', b'9'))
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some((digits, end)) = nine(text, place)? else { return Ok(None) };
        let form = match digits.separator {
            Separator::Same(_) if digits.grouped(&[3, 2, 4]) => Score(60),
            Separator::Same(_) if digits.grouped(&[3, 6]) || digits.grouped(&[5, 4]) => Score::WEAK,
            Separator::None => Score::WEAK,
            _ => return Ok(None),
        };
        let [_, _, _, tens, ones, ..] = digits.all() else { return Ok(None) };
        // The groups that the tax office uses, as of its publication 1915.
        if !matches!(tens * 10 + ones, 50..=65 | 70..=88 | 90..=92 | 94..=99) {
            return Ok(None);
        }
        let score = form.or_strong_near(text, place, CONTEXT);
        Ok(Some(Finding { range: place..end, score }))
    }
}
