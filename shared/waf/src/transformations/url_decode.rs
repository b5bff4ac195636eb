//! `urlDecode`: percent-encoding and `+`; what is no escape stays.

use portcullis_http::percent;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    percent::decode_form(input)
}
