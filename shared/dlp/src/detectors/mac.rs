//! MAC addresses (EUI-48): six bytes with `:` or `-`, or three groups with `.`.

use super::{Detector, Finding, Score, Trigger};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct Mac;

const HEX: ByteSet = ByteSet::DIGIT.with_range(b'a', b'f').with_range(b'A', b'F');

impl Detector for Mac {
    fn name(&self) -> &'static str {
        "mac"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(HEX)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        if text.before(place).is_some_and(|byte| b":-.".contains(&byte)) {
            return Ok(None);
        }
        let Some(size) = hex_run(text, place)? else { return Ok(None) };
        let separator = text.peek(place + size)?;
        let groups = match (size, separator) {
            (2, Some(b':' | b'-')) => 6,
            (4, Some(b'.')) => 3,
            _ => return Ok(None),
        };
        let mut at = place + size;
        for _ in 1..groups {
            if text.peek(at)? != separator || hex_run(text, at + 1)? != Some(size) {
                return Ok(None);
            }
            at += 1 + size;
        }
        let goes_on = text.peek(at)? == separator && text.is(at + 1, ByteSet::WORD)?;
        let null = text.bytes().get(place..at).is_some_and(is_no_address);
        let found = text.ends_word(at)? && !goes_on && !null;
        Ok(found.then_some(Finding { range: place..at, score: Score(60) }))
    }
}

/// How many hexadecimal digits stand at a place; `None` for more than four.
fn hex_run(text: &Text<'_>, place: usize) -> Result<Option<usize>, More> {
    let mut size = 0;
    while text.is(place + size, HEX)? {
        size += 1;
        if size > 4 {
            return Ok(None);
        }
    }
    Ok(Some(size))
}

/// All zeros, or broadcast.
fn is_no_address(text: &[u8]) -> bool {
    let mut digits = text.iter().filter(|byte| HEX.contains(**byte));
    let first = digits.next().copied().unwrap_or_default();
    matches!(first, b'0' | b'f' | b'F') && digits.all(|byte| byte.eq_ignore_ascii_case(&first))
}
