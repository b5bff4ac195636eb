//! `@rxGlobal`: as `@rx`, with the groups of all matches.

use super::backtracked::{self, Wanted};
use super::pattern::Pattern;
use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

/// Groups kept of one value: `TX` takes ten, the log no more than these.
const MOST_GROUPS: usize = 100;

#[derive(Debug)]
struct Compiled(Pattern);

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    match backtracked::make(recipe, Wanted::All) {
        Some(test) => Ok(test),
        None => Ok(Box::new(Compiled(Pattern::new(recipe)?))),
    }
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], argument: &[u8], captures: Option<&mut Captures>) -> bool {
        self.0.with(argument, |regex| match captures {
            None => regex.is_match(input),
            Some(captures) => {
                captures.groups.clear();
                let matches = regex.captures_iter(input).take(MOST_GROUPS);
                for group in matches.flat_map(|groups| {
                    groups
                        .iter()
                        .map(|g| g.map_or_else(Vec::new, |g| g.as_bytes().to_vec()))
                        .collect::<Vec<_>>()
                }) {
                    captures.groups.push(group);
                }
                !captures.groups.is_empty()
            }
        })
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        self.0.locate(input, argument)
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        self.0.conditions()
    }
}
