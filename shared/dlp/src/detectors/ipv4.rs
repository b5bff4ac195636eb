//! IPv4 addresses: four numbers up to 255, perhaps with a prefix length.

use super::ipv6::prefix_length;
use super::{Detector, Finding, Score, Trigger};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct Ipv4;

impl Detector for Ipv4 {
    fn name(&self) -> &'static str {
        "ipv4"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::DIGIT)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        if text.before(place) == Some(b'.') {
            return Ok(None);
        }
        let Some(end) = dotted(text, place)? else { return Ok(None) };
        let next = text.peek(end)?;
        if !text.ends_word(end)? || (next == Some(b'.') && text.is(end + 1, ByteSet::WORD)?) {
            return Ok(None);
        }
        let prefix = if next == Some(b'/') { prefix_length(text, end + 1, 32)? } else { None };
        Ok(Some(Finding { range: place..prefix.unwrap_or(end), score: Score(60) }))
    }
}

/// The place behind four numbers with dots.
pub(super) fn dotted(text: &Text<'_>, place: usize) -> Result<Option<usize>, More> {
    let mut at = place;
    for index in 0..4 {
        if index > 0 {
            if text.peek(at)? != Some(b'.') {
                return Ok(None);
            }
            at += 1;
        }
        match octet(text, at)? {
            Some(end) => at = end,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// The place behind a number from 0 to 255 without leading zeros.
fn octet(text: &Text<'_>, place: usize) -> Result<Option<usize>, More> {
    let mut value = 0;
    let mut at = place;
    while let Some(digit) = text.digit(at)? {
        value = value * 10 + u32::from(digit);
        at += 1;
        if value > 255 || (at - place > 1 && text.peek(place)? == Some(b'0')) {
            return Ok(None);
        }
    }
    Ok((at > place).then_some(at))
}
