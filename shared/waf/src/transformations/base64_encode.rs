//! `base64Encode`.

use super::base64::encode;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(encode(input))
}
