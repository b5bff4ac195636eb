//! `@rx`, `@rxGlobal` and the `@verify...` operators with patterns that only backtracking can run.

use super::{Captures, Recipe, Test};
use crate::backtrack::{Flags, Groups, Program};
use crate::pcre;

/// Matches of one value that are looked at.
const MOST_MATCHES: usize = 1_000;
/// Groups kept of one value.
const MOST_GROUPS: usize = 100;

/// What is asked of a match.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    First,
    All,
    Checked(fn(&[u8]) -> bool),
}

struct Compiled {
    program: Program,
    wanted: Wanted,
}

/// The operator, if the pattern is one for this engine; else nothing, and the linear engine says what is wrong with it.
pub(super) fn make(recipe: &Recipe<'_>, wanted: Wanted) -> Option<Box<dyn Test>> {
    if recipe.has_macros || !pcre::needs_backtracking(recipe.argument) {
        return None;
    }
    let program = Program::compile(recipe.argument, Flags::RX).ok()?;
    Some(Box::new(Compiled { program, wanted }))
}

impl Compiled {
    /// The matches that count.
    fn found(&self, input: &[u8]) -> Vec<Groups> {
        match self.wanted {
            Wanted::First => self.program.find_at(input, 0).into_iter().collect(),
            Wanted::All => self.program.find_all(input, MOST_GROUPS),
            Wanted::Checked(check) => {
                let all = self.program.find_all(input, MOST_MATCHES);
                let mut checked = all.into_iter().filter(|groups| check(whole(input, groups)));
                checked.next().map(|mut groups| groups.drain(..1).collect()).into_iter().collect()
            }
        }
    }
}

fn whole<'t>(input: &'t [u8], groups: &Groups) -> &'t [u8] {
    let range = groups.first().cloned().flatten().unwrap_or_default();
    input.get(range).unwrap_or_default()
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let Some(captures) = captures else {
            return match self.wanted {
                Wanted::Checked(_) => !self.found(input).is_empty(),
                _ => self.program.is_match(input),
            };
        };
        let found = self.found(input);
        let is_match = !found.is_empty();
        let groups = found.into_iter().flatten().take(MOST_GROUPS);
        let text = |range: std::ops::Range<usize>| input.get(range).unwrap_or_default().to_vec();
        captures.groups = groups.map(|group| group.map(text).unwrap_or_default()).collect();
        is_match
    }

    fn locate(&self, input: &[u8], _: &[u8]) -> Vec<(usize, usize)> {
        self.found(input).into_iter().flatten().flatten().map(|range| (range.start, range.len())).collect()
    }

    fn weight(&self) -> usize {
        crate::backtrack::STEPS_A_BYTE
    }

    fn warning(&self) -> Option<String> {
        Some(format!(
            "pattern `{}` runs by backtracking, with a budget of steps: where that is spent it does not match",
            self.program.source()
        ))
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.program.fmt(f)
    }
}
