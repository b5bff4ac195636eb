//! `@endsWith`: the value ends with the argument.

use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], _: Option<&mut Captures>) -> bool {
        input.ends_with(argument)
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        vec![(input.len().saturating_sub(argument.len()), argument.len())]
    }

    fn conditions(&self, argument: Option<&[u8]>) -> Option<Conditions> {
        argument.map(|argument| Conditions::of_phrases(std::iter::once(argument)))
    }
}
