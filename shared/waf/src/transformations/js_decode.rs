//! `jsDecode`: escapes of JavaScript.

use super::chars::{c_escape, hex_pair, octal, octal_value, wide};
use std::borrow::Cow;

/// `\uHHHH` (low byte, full-width ASCII folded), `\xHH`, `\OOO`, `\n` and its like; from any other pair the backslash
/// is dropped.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let [byte, behind @ ..] = rest {
        let (decoded, behind) = match behind {
            _ if *byte != b'\\' => (*byte, behind),
            [] => (*byte, behind),
            _ => escape(behind),
        };
        out.push(decoded);
        rest = behind;
    }
    Cow::Owned(out)
}

fn escape(text: &[u8]) -> (u8, &[u8]) {
    match text {
        [b'u', a, b, c, d, rest @ ..] if wide([*a, *b, *c, *d]).is_some() => {
            (wide([*a, *b, *c, *d]).unwrap_or(0), rest)
        }
        [b'x', high, low, rest @ ..] if hex_pair(*high, *low).is_some() => {
            (hex_pair(*high, *low).unwrap_or(0), rest)
        }
        [b'0'..=b'7', ..] => {
            let digits = match octal(text) {
                [a @ b'4'..=b'7', b, _] => &[*a, *b],
                digits => digits,
            };
            (octal_value(digits), text.get(digits.len()..).unwrap_or_default())
        }
        [byte, rest @ ..] => (c_escape(*byte).unwrap_or(*byte), rest),
        [] => (b'\\', text),
    }
}
