//! `base64Decode`: to the first byte that cannot stand in Base64 (Coraza; CRS relies on partial results).

use super::base64::{Strictness, decode};
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(decode(input, Strictness::StopAtForeign))
}
