//! `removeNulls`.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    match input.contains(&0) {
        true => Cow::Owned(input.iter().copied().filter(|byte| *byte != 0).collect()),
        false => Cow::Borrowed(input),
    }
}
