//! `@rx`: a regular expression over bytes, in linear time unless it looks around or back.

use super::backtracked::{self, Wanted};
use super::pattern::Pattern;
use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

#[derive(Debug)]
struct Compiled(Pattern);

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    match backtracked::make(recipe, Wanted::First) {
        Some(test) => Ok(test),
        None => Ok(Box::new(Compiled(Pattern::new(recipe)?))),
    }
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], captures: Option<&mut Captures>) -> bool {
        if !self.0.is_match(input, argument) {
            return false;
        }
        let Some(captures) = captures else { return true };
        self.0.with(argument, |regex| match regex.captures(input) {
            None => false,
            Some(groups) => {
                captures.groups.clear();
                let texts = groups.iter().map(|group| group.map_or_else(Vec::new, |g| g.as_bytes().to_vec()));
                captures.groups.extend(texts);
                true
            }
        })
    }

    fn debt(&self) -> u64 {
        self.0.debt()
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        self.0.locate(input, argument)
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        self.0.conditions()
    }
}
