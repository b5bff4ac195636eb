//! `lowercase`, of ASCII letters.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    match input.iter().any(u8::is_ascii_uppercase) {
        true => Cow::Owned(input.to_ascii_lowercase()),
        false => Cow::Borrowed(input),
    }
}
