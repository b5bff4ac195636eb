//! `urlEncode`: letters, digits and `*` stay, a blank becomes `+`.

use super::chars::hex_digit;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    for &byte in input {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => out.push(byte),
            _ => out.extend_from_slice(&[b'%', hex_digit(byte >> 4), hex_digit(byte)]),
        }
    }
    Cow::Owned(out)
}
