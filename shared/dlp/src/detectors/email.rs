//! E-mail addresses (the forms of RFC 5321 that are in use): a local part, `@`, a domain with a top-level label.

use super::{Detector, Finding, Score, Trigger};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct Email;

/// RFC 5321 section 4.5.3.1: the most bytes of a local part.
const MOST_LOCAL: usize = 64;
/// The most bytes of a domain that are read; the standard allows 255, no host in use is near that.
const MOST_DOMAIN: usize = 190;

const LOCAL: ByteSet = ByteSet::WORD
    .with_range(b'.', b'.')
    .with_range(b'+', b'+')
    .with_range(b'-', b'-')
    .with_range(b'!', b'!')
    .with_range(b'#', b'\'')
    .with_range(b'^', b'^')
    .with_range(b'{', b'~');
const DOMAIN: ByteSet = ByteSet::WORD.with_range(b'.', b'.').with_range(b'-', b'-');

impl Detector for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn trigger(&self) -> Trigger {
        Trigger::Anywhere(ByteSet::EMPTY.with_range(b'@', b'@'))
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        let Some(start) = local_start(text, place) else { return Ok(None) };
        let mut end = place + 1;
        while text.is(end, DOMAIN)? {
            end += 1;
            if end - place > MOST_DOMAIN {
                return Ok(None);
            }
        }
        let domain = text.bytes().get(place + 1..end).unwrap_or_default();
        let length = domain_length(domain);
        Ok(length.map(|length| Finding { range: start..place + 1 + length, score: Score::STRONG }))
    }

    fn earliest(&self, text: &Text<'_>, place: usize) -> usize {
        local_start(text, place).unwrap_or(place)
    }

    fn pending(&self, text: &Text<'_>) -> usize {
        let end = text.bytes().len();
        match run_length(text, end) {
            length if length > MOST_LOCAL => end,
            length => end - length,
        }
    }
}

/// Where the local part in front of an `@` begins.
fn local_start(text: &Text<'_>, place: usize) -> Option<usize> {
    let length = run_length(text, place);
    let run = text.bytes().get(place.checked_sub(length)?..place)?;
    let skipped = run.iter().take_while(|byte| !byte.is_ascii_alphanumeric() && **byte != b'_').count();
    let escape = usize::from(skipped == 0 && is_escape(text, place - length));
    let local = run.get(skipped + escape..)?;
    let fits = length <= MOST_LOCAL && !local.is_empty() && local.last() != Some(&b'.');
    (fits && !local.windows(2).any(|pair| pair == b"..")).then_some(place - local.len())
}

/// Whether the first letter of a run belongs to `\n` or its like.
fn is_escape(text: &Text<'_>, start: usize) -> bool {
    text.before(start) == Some(b'\\') && text.starts_word(start + 1)
}

/// How many bytes in front of a place can stand in a local part; counts no further than one too many.
fn run_length(text: &Text<'_>, place: usize) -> usize {
    let before = text.bytes().get(..place).unwrap_or_default();
    before.iter().rev().take(MOST_LOCAL + 1).take_while(|byte| LOCAL.contains(**byte)).count()
}

/// How much of what stands behind `@` is a domain: labels of letters, digits and hyphens, the last one of letters
/// (or `xn--`) with at least two.
fn domain_length(text: &[u8]) -> Option<usize> {
    let mut length = 0;
    let mut best = None;
    for (index, label) in text.split(|byte| *byte == b'.').enumerate() {
        let plain = label.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        let label = label.get(..plain).map(trim_hyphens).unwrap_or_default();
        if label.is_empty() || label.len() > 63 || label.first() == Some(&b'-') {
            break;
        }
        let end = length + label.len();
        best = top_length(label).filter(|_| index > 0).map(|top| length + top).or(best);
        if text.get(end) != Some(&b'.') {
            break;
        }
        length = end + 1;
    }
    best
}

/// How much of a label can be the last one: two letters or more, to its end or to a hyphen.
fn top_length(label: &[u8]) -> Option<usize> {
    if label.starts_with(b"xn--") {
        return Some(label.len());
    }
    let letters = label.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    (letters >= 2 && matches!(label.get(letters), None | Some(b'-'))).then_some(letters)
}

fn trim_hyphens(label: &[u8]) -> &[u8] {
    let kept = label.iter().rposition(|byte| *byte != b'-').map_or(0, |last| last + 1);
    label.get(..kept).unwrap_or_default()
}
