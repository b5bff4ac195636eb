//! `@containsWord`: the argument stands in the value with no letter on either side, as ModSecurity v3 sees words.

use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

#[derive(Debug)]
struct Compiled;

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], _: Option<&mut Captures>) -> bool {
        if argument.is_empty() {
            return true;
        }
        memchr::memmem::find_iter(input, argument).any(|at| {
            let before = at.checked_sub(1).and_then(|at| input.get(at));
            let behind = input.get(at + argument.len());
            !before.is_some_and(u8::is_ascii_alphabetic) && !behind.is_some_and(u8::is_ascii_alphabetic)
        })
    }

    fn conditions(&self, argument: Option<&[u8]>) -> Option<Conditions> {
        argument.map(|argument| Conditions::of_phrases(std::iter::once(argument)))
    }
}
