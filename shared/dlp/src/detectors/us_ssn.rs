//! US social security numbers: three, two and four digits; no check digit, but areas, groups and serials that are
//! never given out.

use super::{Detector, Finding, Score, Trigger};
use crate::checks::is_uniform;
use crate::digits::{Digits, Separator, begins_with, continues_number, goes_on};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct UsSsn;

const CONTEXT: &[&str] = &["ssn", "ssns", "ssid", "social", "security"];

impl Detector for UsSsn {
    fn name(&self) -> &'static str {
        "us_ssn"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::DIGIT)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some((digits, end)) = nine(text, place)? else { return Ok(None) };
        let form = match digits.separator {
            Separator::Same(_) if digits.grouped(&[3, 2, 4]) => Score(60),
            Separator::Same(_) if digits.grouped(&[3, 6]) || digits.grouped(&[5, 4]) => Score::WEAK,
            Separator::None => Score::WEAK,
            _ => return Ok(None),
        };
        if !is_given_out(digits.all()) {
            return Ok(None);
        }
        let score = form.or_strong_near(text, place, CONTEXT);
        Ok(Some(Finding { range: place..end, score }))
    }
}

/// Nine digits in up to three groups, and the place behind them.
pub(super) fn nine(text: &Text<'_>, place: usize) -> Result<Option<(Digits, usize)>, More> {
    if !begins_with(text, place, 3)? || continues_number(text, place) {
        return Ok(None);
    }
    let Some(digits) = Digits::read(text, place, 9, b" -.")? else { return Ok(None) };
    let Some((count, end)) = digits.end(digits.groups().min(3)) else { return Ok(None) };
    if count != 9 || digits.groups() > 3 || !text.ends_word(end)? || goes_on(text, end)? {
        return Ok(None);
    }
    Ok(Some((digits, end)))
}

/// The areas 000, 666 and 900 to 999, group 00, serial 0000, and one number printed on a million sample cards.
fn is_given_out(digits: &[u8]) -> bool {
    let [a, b, c, d, e, rest @ ..] = digits else { return false };
    let area = [*a, *b, *c];
    let barred = area == [0, 0, 0] || area == [6, 6, 6] || *a == 9;
    let empty = (*d, *e) == (0, 0) || rest.iter().all(|digit| *digit == 0);
    !barred && !empty && !is_uniform(digits) && digits != [0, 7, 8, 0, 5, 1, 1, 2, 0]
}
