//! Payment cards: 12 to 19 digits, the brand's first digits and length, Luhn.

use super::{Detector, Finding, Score, Trigger};
use crate::checks::luhn;
use crate::digits::{Digits, Separator, begins_with, continues_number, goes_on};
use crate::text::{More, Text};
use portcullis_patterns::ByteSet;
use std::ops::RangeInclusive;

/// Primary account numbers (ISO/IEC 7812), bare or in the groups that are printed on cards.
pub(super) struct Card;

const CONTEXT: &[&str] = &[
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "maestro",
    "amex",
    "discover",
    "diners",
    "jcb",
    "unionpay",
    "mir",
    "pan",
    "cc",
    "ccn",
    "payment",
];

impl Detector for Card {
    fn name(&self) -> &'static str {
        "card"
    }

    fn trigger(&self) -> Trigger {
        Trigger::WordStart(ByteSet::DIGIT)
    }

    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More> {
        if !begins_with(text, place, 4)? || continues_number(text, place) {
            return Ok(None);
        }
        if !text.is(place + 4, ByteSet::DIGIT.with_range(b' ', b' ').with_range(b'-', b'-'))? {
            return Ok(None);
        }
        let Some(digits) = Digits::read(text, place, 19, b" -")? else { return Ok(None) };
        for groups in (1..=digits.groups()).rev() {
            let Some((count, end)) = digits.end(groups) else { continue };
            let number = digits.first(count);
            let Some(brand) = brand(number) else { continue };
            if has_form(&digits, groups) && luhn(number) && ends(text, end)? {
                let score = if brand.is_distinct { Score::STRONG } else { Score::MEDIUM };
                let score = score.or_strong_near(text, place, CONTEXT);
                return Ok(Some(Finding { range: place..end, score }));
            }
        }
        Ok(None)
    }
}

/// In one piece; in groups of four, the last perhaps shorter; or as American Express and Diners Club print them.
fn has_form(digits: &Digits, groups: usize) -> bool {
    let sizes = || digits.sizes(groups);
    let fours =
        sizes().take(groups - 1).all(|size| size == 4) && sizes().last().is_some_and(|size| size <= 4);
    groups == 1
        || digits.separator != Separator::Mixed && (fours || sizes().eq([4, 6, 5]) || sizes().eq([4, 6, 4]))
}

/// Whether the number is over: a blank and more digits may follow it (a code, a date), letters may not.
fn ends(text: &Text<'_>, end: usize) -> Result<bool, More> {
    Ok(text.ends_word(end)? && !goes_on(text, end)?)
}

/// The first digits and lengths of a brand.
struct Brand {
    /// How many first digits the ranges are about.
    prefix: usize,
    range: RangeInclusive<u32>,
    lengths: RangeInclusive<usize>,
    /// Whether few other numbers look so: the range is narrow and the length is fixed.
    is_distinct: bool,
}

const fn distinct(prefix: usize, first: u32, last: u32, length: usize) -> Brand {
    Brand { prefix, range: first..=last, lengths: length..=length, is_distinct: true }
}

const fn wide(prefix: usize, first: u32, last: u32, shortest: usize, longest: usize) -> Brand {
    Brand { prefix, range: first..=last, lengths: shortest..=longest, is_distinct: false }
}

/// In the order in which they are asked; the brands' own publications, as of 2025.
static BRANDS: &[Brand] = &[
    distinct(1, 4, 4, 16),       // Visa
    distinct(2, 51, 55, 16),     // Mastercard
    distinct(4, 2221, 2720, 16), // Mastercard
    distinct(2, 34, 34, 15),     // American Express
    distinct(2, 37, 37, 15),     // American Express
    distinct(4, 6011, 6011, 16), // Discover
    distinct(3, 644, 649, 16),   // Discover
    distinct(2, 65, 65, 16),     // Discover, RuPay
    distinct(3, 300, 305, 14),   // Diners Club
    distinct(4, 3095, 3095, 14), // Diners Club
    distinct(2, 36, 36, 14),     // Diners Club
    distinct(2, 38, 39, 14),     // Diners Club
    distinct(4, 3528, 3589, 16), // JCB
    wide(1, 4, 4, 13, 13),       // Visa, old
    wide(1, 4, 4, 19, 19),       // Visa
    wide(2, 36, 36, 15, 19),     // Diners Club
    wide(4, 3528, 3589, 17, 19), // JCB
    wide(4, 2200, 2204, 16, 19), // Mir
    wide(2, 62, 62, 16, 19),     // UnionPay
    wide(2, 81, 82, 16, 19),     // UnionPay, RuPay
    wide(2, 50, 50, 12, 19),     // Maestro, Dankort, Verve, Elo, RuPay
    wide(2, 56, 58, 12, 19),     // Maestro
    wide(1, 6, 6, 12, 19),       // Maestro, Discover, Hipercard, RuPay
    wide(4, 9792, 9792, 16, 16), // Troy
    wide(1, 1, 1, 15, 15),       // UATP
];

fn brand(digits: &[u8]) -> Option<&'static Brand> {
    BRANDS.iter().find(|brand| {
        let prefix =
            digits.iter().take(brand.prefix).fold(0, |number, digit| number * 10 + u32::from(*digit));
        brand.lengths.contains(&digits.len()) && brand.range.contains(&prefix)
    })
}
