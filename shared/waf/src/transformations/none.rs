//! `none`: nothing. In a rule it also drops the transformations named before, which the compiler does.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(input)
}
