//! `escapeSeqDecode`: escapes of ANSI C.

use super::chars::{c_escape, hex_pair, octal, octal_value};
use std::borrow::Cow;

/// `\n` and its like, `\xHH`, `\OOO`; from any other pair the backslash is dropped.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] => return Cow::Owned(out),
            [b'\\', b'x' | b'X', high, low, behind @ ..] if hex_pair(*high, *low).is_some() => {
                out.extend(hex_pair(*high, *low));
                behind
            }
            [b'\\', behind @ ..] if matches!(behind, [b'0'..=b'7', ..]) => {
                let digits = octal(behind);
                out.push(octal_value(digits));
                behind.get(digits.len()..).unwrap_or_default()
            }
            [b'\\', byte, behind @ ..] => {
                out.push(c_escape(*byte).unwrap_or(*byte));
                behind
            }
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
        };
    }
}
