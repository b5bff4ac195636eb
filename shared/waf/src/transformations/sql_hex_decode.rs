//! `sqlHexDecode`: SQL's hex literals, `0x414243` to `ABC`.

use super::chars::hex_pair;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] => return Cow::Owned(out),
            [b'0', b'x' | b'X', digits @ ..] if matches!(digits, [high, low, ..] if hex_pair(*high, *low).is_some()) => {
                pairs(digits, &mut out)
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

fn pairs<'a>(mut text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    while let [high, low, rest @ ..] = text {
        let Some(byte) = hex_pair(*high, *low) else { break };
        out.push(byte);
        text = rest;
    }
    text
}
