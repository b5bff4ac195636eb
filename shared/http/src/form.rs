//! Pairs of a query or of an `application/x-www-form-urlencoded` body (WHATWG URL, section 5.1).

use crate::percent;
use std::borrow::Cow;

/// The decoded pairs, in order, `+` as a blank. Usual separators are `&` and `;`.
///
/// Empty pieces (`a&&b`) are left out; a piece without `=` is a name with an empty value; the first `=` separates.
pub fn pairs(text: &[u8], separator: u8) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    raw_pairs(text, separator).map(|(name, value)| (percent::decode_form(name), percent::decode_form(value)))
}

/// The pairs as they stand there, not decoded.
pub fn raw_pairs(text: &[u8], separator: u8) -> impl Iterator<Item = (&[u8], &[u8])> {
    Pieces { rest: Some(text), separator }.filter(|piece| !piece.is_empty()).map(split_pair)
}

/// Cuts at the first `=`.
fn split_pair(piece: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', piece) {
        Some(at) => (piece.get(..at).unwrap_or_default(), piece.get(at + 1..).unwrap_or_default()),
        None => (piece, &[]),
    }
}

struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let at = memchr::memchr(self.separator, text);
        self.rest = at.and_then(|at| text.get(at + 1..));
        text.get(..at.unwrap_or(text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = pairs(text.as_bytes(), b'&')
            .map(|(name, value)| {
                (String::from_utf8_lossy(&name).into(), String::from_utf8_lossy(&value).into())
            })
            .collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn pairs_in_order() {
        check("", &[]);
        check("a=1&b=2&a=3", &[("a", "1"), ("b", "2"), ("a", "3")]);
        check("a&b=&=c&=", &[("a", ""), ("b", ""), ("", "c"), ("", "")]);
        check("&&a=1&&", &[("a", "1")]);
        check("a=b=c", &[("a", "b=c")]);
        check("a+b=c+d%26&x%3D=%zz", &[("a b", "c d&"), ("x=", "%zz")]);
        check("a=1;b=2", &[("a", "1;b=2")]);
    }

    #[test]
    fn raw_pairs_are_as_they_came() {
        let found: Vec<_> = raw_pairs(b"a%20b=+;c", b';').collect();
        assert_eq!(found, [(&b"a%20b"[..], &b"+"[..]), (b"c", b"")]);
    }
}
