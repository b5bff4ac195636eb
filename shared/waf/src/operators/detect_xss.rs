//! `@detectXSS`: libinjection finds cross-site scripting; the group is the value.

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let found = super::libinjection::xss(input);
        if let (true, Some(captures)) = (found, captures) {
            captures.only(input);
        }
        found
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        Some(Conditions::of_sets(&[ByteSet::EMPTY.with(b"<=")]))
    }
}
