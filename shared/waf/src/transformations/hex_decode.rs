//! `hexDecode`: pairs of hex digits; a digit that is over is dropped.

use super::chars::hex;
use std::borrow::Cow;

/// Bytes that are no hex digits count as 0.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let value = |byte: u8| hex(byte).unwrap_or(0);
    let (pairs, _) = input.as_chunks::<2>();
    Cow::Owned(pairs.iter().map(|[high, low]| value(*high) << 4 | value(*low)).collect())
}
