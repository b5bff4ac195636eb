//! `replaceNulls`: by blanks.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    match input.contains(&0) {
        true => Cow::Owned(input.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect()),
        false => Cow::Borrowed(input),
    }
}
