//! International bank account numbers (ISO 13616): the country's length, and mod 97.

use super::{Detector, Finding, Score, Trigger};
use crate::checks::mod_97;
use crate::digits::begins_with;
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;

pub(super) struct Iban;

impl Detector for Iban {
    fn name(&self) -> &'static str {
        "iban"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::UPPER)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        if !text.is(place + 1, ByteSet::UPPER)? || !begins_with(text, place + 2, 2)? {
            return Ok(None);
        }
        let (Some(first), Some(second)) = (text.peek(place)?, text.peek(place + 1)?) else { return Ok(None) };
        let Some(country) = COUNTRIES.iter().find(|country| country.code == [first, second]) else {
            return Ok(None);
        };
        let Some((number, end)) = characters(text, place, country.length)? else { return Ok(None) };
        let number = number.get(..country.length).unwrap_or_default();
        if !text.ends_word(end)? || !country.fits(number) {
            return Ok(None);
        }
        let (head, tail) = number.split_at_checked(4).unwrap_or_default();
        let valid = mod_97(tail.iter().chain(head).copied()) == Some(1);
        Ok(valid.then_some(Finding { range: place..end, score: Score::STRONG }))
    }
}

/// The characters of a number of this length, and the place behind it: in one piece, or in groups of four.
fn characters(text: &Text<'_>, place: usize, length: usize) -> Result<Option<([u8; 34], usize)>, More> {
    const LETTER_OR_DIGIT: ByteSet = ByteSet::UPPER.or(ByteSet::DIGIT);
    let mut number = [0; 34];
    let mut at = place;
    let mut separator = None;
    for (index, slot) in number.iter_mut().take(length).enumerate() {
        if index > 0 && index % 4 == 0 {
            let next = text.peek(at)?.filter(|byte| matches!(byte, b' ' | b'-'));
            if separator.is_some_and(|known| known != next) {
                return Ok(None);
            }
            separator = Some(next);
            at += usize::from(next.is_some());
        }
        match text.peek(at)?.filter(|byte| LETTER_OR_DIGIT.contains(*byte)) {
            Some(byte) => *slot = byte,
            None => return Ok(None),
        }
        at += 1;
    }
    Ok(Some((number, at)))
}

/// A country's form: its length, and how many letters stand behind the check digits.
struct Country {
    code: [u8; 2],
    length: usize,
    letters: usize,
}

impl Country {
    fn fits(&self, number: &[u8]) -> bool {
        let check = number.get(2..4).unwrap_or_default();
        let bank = number.get(4..4 + self.letters).unwrap_or_default();
        check.iter().all(u8::is_ascii_digit) && bank.iter().all(u8::is_ascii_uppercase)
    }
}

const fn country(code: &[u8; 2], length: usize, letters: usize) -> Country {
    Country { code: *code, length, letters }
}

/// From SWIFT's IBAN registry.
#[rustfmt::skip]
static COUNTRIES: &[Country] = &[
    country(b"AD", 24, 0), country(b"AE", 23, 0), country(b"AL", 28, 0), country(b"AT", 20, 0), country(b"AZ", 28, 4),
    country(b"BA", 20, 0), country(b"BE", 16, 0), country(b"BG", 22, 4), country(b"BH", 22, 4), country(b"BI", 27, 0),
    country(b"BR", 29, 0), country(b"BY", 28, 0), country(b"CH", 21, 0), country(b"CR", 22, 0), country(b"CY", 28, 0),
    country(b"CZ", 24, 0), country(b"DE", 22, 0), country(b"DJ", 27, 0), country(b"DK", 18, 0), country(b"DO", 28, 0),
    country(b"EE", 20, 0), country(b"EG", 29, 0), country(b"ES", 24, 0), country(b"FI", 18, 0), country(b"FK", 18, 2),
    country(b"FO", 18, 0), country(b"FR", 27, 0), country(b"GB", 22, 4), country(b"GE", 22, 2), country(b"GI", 23, 4),
    country(b"GL", 18, 0), country(b"GR", 27, 0), country(b"GT", 28, 0), country(b"HN", 28, 4), country(b"HR", 21, 0),
    country(b"HU", 28, 0), country(b"IE", 22, 4), country(b"IL", 23, 0), country(b"IQ", 23, 4), country(b"IS", 26, 0),
    country(b"IT", 27, 1), country(b"JO", 30, 4), country(b"KW", 30, 4), country(b"KZ", 20, 0), country(b"LB", 28, 0),
    country(b"LC", 32, 4), country(b"LI", 21, 0), country(b"LT", 20, 0), country(b"LU", 20, 0), country(b"LV", 21, 4),
    country(b"LY", 25, 0), country(b"MC", 27, 0), country(b"MD", 24, 0), country(b"ME", 22, 0), country(b"MK", 19, 0),
    country(b"MN", 20, 0), country(b"MR", 27, 0), country(b"MT", 31, 4), country(b"MU", 30, 4), country(b"NI", 28, 4),
    country(b"NL", 18, 4), country(b"NO", 15, 0), country(b"OM", 23, 0), country(b"PK", 24, 4), country(b"PL", 28, 0),
    country(b"PS", 29, 4), country(b"PT", 25, 0), country(b"QA", 29, 4), country(b"RO", 24, 4), country(b"RS", 22, 0),
    country(b"RU", 33, 0), country(b"SA", 24, 0), country(b"SC", 31, 4), country(b"SD", 18, 0), country(b"SE", 24, 0),
    country(b"SI", 19, 0), country(b"SK", 24, 0), country(b"SM", 27, 1), country(b"SO", 23, 0), country(b"ST", 25, 0),
    country(b"SV", 28, 4), country(b"TL", 23, 0), country(b"TN", 24, 0), country(b"TR", 26, 0), country(b"UA", 29, 0),
    country(b"VA", 22, 0), country(b"VG", 24, 4), country(b"XK", 20, 0), country(b"YE", 30, 4),
];
