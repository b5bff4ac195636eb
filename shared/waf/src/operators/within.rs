//! `@within`: the value stands in the argument; an empty value does.

use super::{Captures, Recipe, Test};

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], _: Option<&mut Captures>) -> bool {
        memchr::memmem::find(argument, input).is_some()
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        memchr::memmem::find(argument, input).map(|at| (at, input.len())).into_iter().collect()
    }
}
