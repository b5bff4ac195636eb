//! `uppercase`, of ASCII letters.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    match input.iter().any(u8::is_ascii_lowercase) {
        true => Cow::Owned(input.to_ascii_uppercase()),
        false => Cow::Borrowed(input),
    }
}
