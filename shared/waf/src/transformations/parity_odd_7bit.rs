//! `parityOdd7bit`: the top bit gives each byte an odd number of ones.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(
        input.iter().map(|byte| byte & 0x7f | ((((byte & 0x7f).count_ones() as u8 & 1) ^ 1) << 7)).collect(),
    )
}
