//! `@detectSQLi`: libinjection finds SQL injection; the group is its fingerprint.

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let Some(fingerprint) = super::libinjection::sqli(input) else {
            return false;
        };
        if let Some(captures) = captures {
            captures.only(fingerprint.as_bytes());
        }
        true
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        Some(Conditions::of_sets(&[ByteSet::ALL]))
    }
}
