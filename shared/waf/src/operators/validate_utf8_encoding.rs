//! `@validateUtf8Encoding`: matches what is not UTF-8 (overlong forms and surrogates are not).

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], _: Option<&mut Captures>) -> bool {
        std::str::from_utf8(input).is_err()
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        Some(Conditions::of_sets(&[ByteSet::EMPTY.with_range(0x80, 0xff)]))
    }
}
