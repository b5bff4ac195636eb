//! `@eq`, `@ge`, `@gt`, `@le`, `@lt`: both sides read as C's `atoi` reads them, so that what is no number is 0.

use super::{Captures, Recipe, Test};
use std::cmp::Ordering;

#[derive(Debug)]
struct Compare(fn(Ordering) -> bool);

pub(super) fn eq(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compare(Ordering::is_eq)))
}

pub(super) fn ge(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compare(Ordering::is_ge)))
}

pub(super) fn gt(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compare(Ordering::is_gt)))
}

pub(super) fn le(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compare(Ordering::is_le)))
}

pub(super) fn lt(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compare(Ordering::is_lt)))
}

impl Test for Compare {
    fn matches(&self, input: &[u8], argument: &[u8], _: Option<&mut Captures>) -> bool {
        (self.0)(number(input).cmp(&number(argument)))
    }
}

/// Blanks, a sign, digits; the rest does not count. Too large numbers stay at the end of the range.
pub(crate) fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn reads_as_atoi() {
        let cases: [(&str, i64); 7] = [
            ("", 0),
            ("x", 0),
            (" 12a", 12),
            ("-3", -3),
            ("+4", 4),
            ("1 2", 1),
            ("99999999999999999999", i64::MAX),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }
}
