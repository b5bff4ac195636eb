//! `base64DecodeExt`: as `base64Decode`, but foreign bytes are stepped over (ModSecurity reference).

use super::base64::{Strictness, decode};
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(decode(input, Strictness::SkipForeign))
}
