//! IPv6 addresses (RFC 4291 section 2.2): eight groups, or fewer with `::`, perhaps ending in an IPv4 address, perhaps
//! with a prefix length.

use super::ipv4::dotted;
use super::{Detector, Finding, Score, Trigger};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct Ipv6;

const HEX: ByteSet = ByteSet::DIGIT.with_range(b'a', b'f').with_range(b'A', b'F');
/// Hexadecimal digits of a group.
const MOST_HEX: usize = 4;

impl Detector for Ipv6 {
    fn name(&self) -> &'static str {
        "ipv6"
    }

    fn trigger(&self) -> Trigger {
        Trigger::Anywhere(ByteSet::EMPTY.with_range(b':', b':'))
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some(start) = start(text, place) else { return Ok(None) };
        let Some(end) = address(text, start)? else { return Ok(None) };
        let next = text.peek(end)?;
        let goes_on = match next {
            Some(b':') => {
                text.before(end) == Some(b':') || text.is(end + 1, ByteSet::WORD.with_range(b':', b':'))?
            }
            Some(b'.') => text.digit(end + 1)?.is_some(),
            _ => !text.ends_word(end)?,
        };
        if goes_on {
            return Ok(None);
        }
        let prefix = if next == Some(b'/') { prefix_length(text, end + 1, 128)? } else { None };
        let score = if end - start == 2 { Score::WEAK } else { Score(60) };
        Ok(Some(Finding { range: start..prefix.unwrap_or(end), score }))
    }

    fn earliest(&self, text: &Text<'_>, place: usize) -> usize {
        start(text, place).unwrap_or(place)
    }

    fn pending(&self, text: &Text<'_>) -> usize {
        let end = text.bytes().len();
        start(text, end).unwrap_or(end)
    }
}

/// Where an address would begin whose first colon stands at a place.
fn start(text: &Text<'_>, colon: usize) -> Option<usize> {
    let before = text.bytes().get(..colon).unwrap_or_default();
    let group = before.iter().rev().take(MOST_HEX + 1).take_while(|byte| HEX.contains(**byte)).count();
    let start = colon.checked_sub(group).filter(|_| group <= MOST_HEX)?;
    (text.starts_word(start) && !matches!(text.before(start), Some(b':' | b'.'))).then_some(start)
}

/// The place behind an address that begins here.
fn address(text: &Text<'_>, start: usize) -> Result<Option<usize>, More> {
    let mut at = start;
    let (mut groups, mut is_short) = (0, false);
    loop {
        if text.peek(at)? == Some(b':') && text.peek(at + 1)? == Some(b':') {
            if is_short {
                return Ok(None);
            }
            is_short = true;
            at += 2;
        } else if groups > 0 {
            let goes_on = text.peek(at)? == Some(b':') && text.is(at + 1, HEX)?;
            if !goes_on {
                break;
            }
            at += 1;
        }
        let size = group(text, at)?;
        if size == 0 {
            break;
        }
        let tail = if size <= 3 && text.peek(at + size)? == Some(b'.') { dotted(text, at)? } else { None };
        if let Some(end) = tail {
            groups += 2;
            at = end;
            break;
        }
        groups += 1;
        at += size;
        if groups > 8 {
            return Ok(None);
        }
    }
    let is_address = if is_short { groups <= 7 } else { groups == 8 };
    Ok((is_address && at > start).then_some(at))
}

/// How many hexadecimal digits stand at a place, up to one too many for a group.
fn group(text: &Text<'_>, place: usize) -> Result<usize, More> {
    let mut size = 0;
    while size <= MOST_HEX && text.is(place + size, HEX)? {
        size += 1;
    }
    Ok(size)
}

/// The place behind a prefix length of up to three digits and at most `most`.
pub(super) fn prefix_length(text: &Text<'_>, place: usize, most: u32) -> Result<Option<usize>, More> {
    let mut length = 0;
    let mut at = place;
    while let Some(digit) = text.digit(at)? {
        length = length * 10 + u32::from(digit);
        at += 1;
        if at - place > 3 {
            return Ok(None);
        }
    }
    Ok((at > place && length <= most && text.ends_word(at)?).then_some(at))
}
