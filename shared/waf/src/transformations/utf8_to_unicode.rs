//! `utf8toUnicode`: sequences of UTF-8 become `%uHHHH`.

use std::borrow::Cow;

/// Bytes that are no sequence stay. Overlong sequences count, for a careless server decodes them too.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if input.is_ascii() {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len() * 2);
    let mut rest = input;
    while let [byte, behind @ ..] = rest {
        rest = match sequence(rest) {
            Some((code, behind)) => {
                out.extend_from_slice(format!("%u{code:04x}").as_bytes());
                behind
            }
            None => {
                out.push(*byte);
                behind
            }
        };
    }
    Cow::Owned(out)
}

fn sequence(text: &[u8]) -> Option<(u32, &[u8])> {
    let tail = |byte: &u8| byte & 0xc0 == 0x80;
    let join = |head: u8, tails: &[u8]| {
        tails.iter().fold(u32::from(head), |code, byte| code << 6 | u32::from(byte & 0x3f))
    };
    match text {
        [a @ 0xc0..=0xdf, b, rest @ ..] if tail(b) => Some((join(a & 0x1f, &[*b]), rest)),
        [a @ 0xe0..=0xef, b, c, rest @ ..] if tail(b) && tail(c) => Some((join(a & 0x0f, &[*b, *c]), rest)),
        [a @ 0xf0..=0xf7, b, c, d, rest @ ..] if tail(b) && tail(c) && tail(d) => {
            Some((join(a & 0x07, &[*b, *c, *d]), rest))
        }
        _ => None,
    }
}
