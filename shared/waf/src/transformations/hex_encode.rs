//! `hexEncode`: two hex digits for each byte, lower case.

use super::chars::hex_digit;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(input.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(*byte)]).collect())
}
