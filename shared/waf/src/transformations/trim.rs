//! `trim`, `trimLeft`, `trimRight`: white space at the ends.

use super::chars::is_space;
use std::borrow::Cow;

pub(super) fn both(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(cut_right(cut_left(input)))
}

pub(super) fn left(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(cut_left(input))
}

pub(super) fn right(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(cut_right(input))
}

fn cut_left(input: &[u8]) -> &[u8] {
    let start = input.iter().take_while(|&&byte| is_space(byte)).count();
    input.get(start..).unwrap_or_default()
}

fn cut_right(input: &[u8]) -> &[u8] {
    let blanks = input.iter().rev().take_while(|&&byte| is_space(byte)).count();
    input.get(..input.len() - blanks).unwrap_or_default()
}
