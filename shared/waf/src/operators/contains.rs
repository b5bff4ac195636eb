//! `@contains` and `@strmatch`: the argument stands in the value.

use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], _: Option<&mut Captures>) -> bool {
        memchr::memmem::find(input, argument).is_some()
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        memchr::memmem::find(input, argument).map(|at| (at, argument.len())).into_iter().collect()
    }

    fn conditions(&self, argument: Option<&[u8]>) -> Option<Conditions> {
        argument.map(|argument| Conditions::of_phrases(std::iter::once(argument)))
    }
}
