//! `compressWhitespace`: each run of white space becomes one blank.

use super::chars::is_space;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.iter().any(|&byte| is_space(byte)) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut in_space = false;
    for &byte in input {
        let space = is_space(byte);
        match (space, in_space) {
            (true, true) => {}
            (true, false) => out.push(b' '),
            (false, _) => out.push(byte),
        }
        in_space = space;
    }
    Cow::Owned(out)
}
