//! What the `@verify...` operators share: a pattern finds candidates, a check decides.

use super::backtracked::{self, Wanted};
use super::pattern::Pattern;
use super::{Captures, Recipe, Test};
use portcullis_patterns::Conditions;

/// Candidates of one value that are checked.
const MOST_CANDIDATES: usize = 1_000;

pub(super) struct Verify {
    pattern: Pattern,
    check: fn(&[u8]) -> bool,
}

pub(super) fn make(recipe: &Recipe<'_>, check: fn(&[u8]) -> bool) -> Result<Box<dyn Test>, String> {
    match backtracked::make(recipe, Wanted::Checked(check)) {
        Some(test) => Ok(test),
        None => Ok(Box::new(Verify { pattern: Pattern::new(recipe)?, check })),
    }
}

impl Test for Verify {
    fn matches(&self, input: &[u8], argument: &[u8], captures: Option<&mut Captures>) -> bool {
        self.pattern.with(argument, |regex| {
            let mut candidates = regex.find_iter(input).take(MOST_CANDIDATES);
            let Some(found) = candidates.find(|found| (self.check)(found.as_bytes())) else {
                return false;
            };
            if let Some(captures) = captures {
                captures.only(found.as_bytes());
            }
            true
        })
    }

    fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        let mut place = None;
        self.pattern.with(argument, |regex| {
            let mut candidates = regex.find_iter(input).take(MOST_CANDIDATES);
            let found = candidates.find(|found| (self.check)(found.as_bytes()));
            place = found.map(|found| (found.start(), found.len()));
            place.is_some()
        });
        place.into_iter().collect()
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        self.pattern.conditions()
    }
}

impl std::fmt::Debug for Verify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.pattern)
    }
}
