//! `urlDecodeUni`: as `urlDecode`, and `%uHHHH` as IIS reads it.

use super::chars::{hex_pair, wide};
use std::borrow::Cow;

/// Of `%uHHHH` the low byte counts; full-width forms of ASCII are folded.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let [byte, behind @ ..] = rest {
        let (decoded, behind) = match rest {
            [b'+', ..] => (b' ', behind),
            [b'%', ..] => escape(behind).unwrap_or((b'%', behind)),
            _ => (*byte, behind),
        };
        out.push(decoded);
        rest = behind;
    }
    Cow::Owned(out)
}

fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'u' | b'U', a, b, c, d, rest @ ..] => Some((wide([*a, *b, *c, *d])?, rest)),
        [high, low, rest @ ..] => Some((hex_pair(*high, *low)?, rest)),
        _ => None,
    }
}
