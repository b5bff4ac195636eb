//! Patterns in PCRE's notation, on an engine that runs in linear time.

use super::automaton::Automaton;
use super::{Compile, Recipe, Str};
use crate::pcre;
use portcullis_patterns::{Conditions, RegexOptions};
use regex::bytes::{Regex, RegexBuilder};
use std::cell::{OnceCell, RefCell};

/// The most bytes that one compiled pattern may take.
const SIZE_LIMIT: usize = 8 << 20;
/// The most bytes that the cache of one pattern's lazy automaton may take.
const CACHE_LIMIT: usize = 1 << 20;

/// A pattern with ModSecurity v3's flags (`(?sm)`, bytes).
pub(super) enum Pattern {
    /// Known when the rules load; compiled at first use: the automaton tells whether a text matches, the regex where.
    Fixed { pattern: Str, automaton: OnceCell<Option<Box<Automaton>>>, regex: OnceCell<Option<Regex>> },
    /// With macros: compiled when a request has filled them in; the last one is kept.
    Filled(RefCell<Option<(Vec<u8>, Option<Regex>)>>),
}

impl Pattern {
    pub(super) fn new(recipe: &Recipe<'_>) -> Result<Pattern, String> {
        if recipe.has_macros {
            return Ok(Pattern::Filled(RefCell::new(None)));
        }
        // Only to be found wrong now; what is compiled is made again when it is wanted.
        if recipe.compile == Compile::Now {
            build(&pcre::translate(recipe.argument)?).map_err(|error| explain(recipe.argument, &error))?;
        }
        let pattern = recipe.argument.clone();
        Ok(Pattern::Fixed { pattern, automaton: OnceCell::new(), regex: OnceCell::new() })
    }

    /// Whether it matches anywhere in the text.
    pub(super) fn is_match(&self, text: &[u8], argument: &[u8]) -> bool {
        let told = self.automaton().and_then(|automaton| automaton.is_match(text));
        told.unwrap_or_else(|| self.with(argument, |regex| regex.is_match(text)))
    }

    /// Units of fuel for the texts since the last call, beyond those for their bytes.
    pub(super) fn debt(&self) -> u64 {
        self.automaton().map_or(0, Automaton::debt)
    }

    fn automaton(&self) -> Option<&Automaton> {
        let Pattern::Fixed { pattern, automaton, .. } = self else { return None };
        let make = || Automaton::new(&pcre::translate(pattern).ok()?, SIZE_LIMIT).map(Box::new);
        automaton.get_or_init(make).as_deref()
    }

    /// What a text must have for the pattern to match.
    pub(super) fn conditions(&self) -> Option<Conditions> {
        match self {
            Pattern::Fixed { pattern, .. } => {
                Conditions::of(&pcre::translate(pattern).ok()?, &RegexOptions::MODSECURITY).ok()
            }
            Pattern::Filled(_) => None,
        }
    }

    /// Asks the regex. One that cannot be compiled does not match: for fixed patterns loading (or the build's tests)
    /// has excluded that.
    pub(super) fn with(&self, argument: &[u8], ask: impl FnOnce(&Regex) -> bool) -> bool {
        match self {
            Pattern::Fixed { pattern, regex, .. } => {
                regex.get_or_init(|| compile(pattern)).as_ref().is_some_and(ask)
            }
            Pattern::Filled(last) => {
                let mut last = last.borrow_mut();
                if last.as_ref().is_none_or(|(text, _)| text != argument) {
                    *last = Some((argument.to_vec(), filled(argument)));
                }
                last.as_ref().and_then(|(_, regex)| regex.as_ref()).is_some_and(ask)
            }
        }
    }

    /// Start and length of the first match and its groups; nothing where there is none.
    pub(super) fn locate(&self, input: &[u8], argument: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        self.with(argument, |regex| {
            let groups = regex.captures(input);
            let spans = groups.iter().flat_map(|groups| groups.iter().flatten());
            found.extend(spans.map(|group| (group.start(), group.len())));
            !found.is_empty()
        });
        found
    }
}

fn filled(argument: &[u8]) -> Option<Regex> {
    compile(std::str::from_utf8(argument).ok()?)
}

fn compile(pattern: &str) -> Option<Regex> {
    build(&pcre::translate(pattern).ok()?).ok()
}

fn build(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .unicode(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(CACHE_LIMIT)
        .build()
}

/// The last line of the engine's message says what is wrong; the lines before draw the pattern.
fn explain(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let cause = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    format!("pattern `{pattern}` cannot be used: {cause}")
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pattern::Fixed { pattern, .. } => write!(f, "/{pattern}/"),
            Pattern::Filled(_) => write!(f, "a pattern with macros"),
        }
    }
}
