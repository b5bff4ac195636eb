//! `@validateUrlEncoding`: matches where a `%` begins no escape.

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], _: Option<&mut Captures>) -> bool {
        !portcullis_http::percent::is_well_formed(input)
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        Some(Conditions::of_sets(&[ByteSet::EMPTY.with(b"%")]))
    }
}
