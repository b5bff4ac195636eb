//! `normalisePathWin`: backslashes become slashes, then as `normalisePath`.

use super::normalise_path::normalise;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return super::normalise_path::apply(input);
    }
    let slashes: Vec<u8> = input.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect();
    Cow::Owned(normalise(&slashes))
}
