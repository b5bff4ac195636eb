//! Where words begin and end.

use crate::ByteSet;

/// Whether `\b` holds in front of the byte at this place.
pub(crate) fn is_bound(text: &[u8], at: usize) -> bool {
    let is_word =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|&byte| ByteSet::WORD.contains(byte));
    is_word(at.checked_sub(1)) != is_word(Some(at))
}
