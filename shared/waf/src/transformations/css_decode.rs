//! `cssDecode`: escapes of CSS 2.x (ModSecurity reference, "cssDecode").

use super::chars::{hex, is_space, wide};
use std::borrow::Cow;

/// `\` and up to six hex digits give the low byte (one blank behind is dropped), `\` and a line feed give nothing,
/// `\` and any other byte give that byte.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] | [b'\\'] => return Cow::Owned(out),
            [b'\\', behind @ ..] => escape(behind, &mut out),
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
        };
    }
}

fn escape<'a>(behind: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let length = behind.iter().take(6).take_while(|&&byte| hex(byte).is_some()).count();
    let (digits, rest) = behind.split_at_checked(length).unwrap_or((behind, &[]));
    match (digits, behind) {
        ([], [b'\n', rest @ ..]) => rest,
        // ModSecurity's tests treat a NUL as if it were written `\0`.
        ([], [0, rest @ ..]) => {
            out.push(0);
            skip_blank(rest)
        }
        ([], [byte, rest @ ..]) => {
            out.push(*byte);
            rest
        }
        _ => {
            out.push(value(digits));
            skip_blank(rest)
        }
    }
}

fn skip_blank(text: &[u8]) -> &[u8] {
    match text {
        [blank, rest @ ..] if is_space(*blank) => rest,
        _ => text,
    }
}

fn value(digits: &[u8]) -> u8 {
    match digits {
        [a, b, c, d] | [b'0', a, b, c, d] | [b'0', b'0', a, b, c, d] => wide([*a, *b, *c, *d]).unwrap_or(0),
        _ => digits.iter().fold(0u32, |value, &digit| value << 4 | u32::from(hex(digit).unwrap_or(0))) as u8,
    }
}
