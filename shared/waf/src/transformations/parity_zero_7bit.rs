//! `parityZero7bit`: the top bit is cleared.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    match input.is_ascii() {
        true => Cow::Borrowed(input),
        false => Cow::Owned(input.iter().map(|byte| byte & 0x7f).collect()),
    }
}
