//! `removeWhitespace`: no-break spaces go too, in Latin-1 and (both bytes) in UTF-8, as in ModSecurity v3.

use super::chars::is_space;
use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let goes = |byte: u8| is_space(byte) || matches!(byte, 0xa0 | 0xc2);
    match input.iter().any(|&byte| goes(byte)) {
        true => Cow::Owned(input.iter().copied().filter(|&byte| !goes(byte)).collect()),
        false => Cow::Borrowed(input),
    }
}
