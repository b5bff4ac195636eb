//! Whether a pattern matches, by an automaton whose states are made as texts need them.
//!
//! `regex` would do the same, and where many states are needed go over to an engine seventy times slower without a
//! word. Here the automaton goes on with an empty cache, and what that costs is counted.

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};
use std::cell::{Cell, RefCell};

/// Bytes of states that are kept; a pattern that needs more for its largest states gets them.
const CACHE: usize = 256 << 10;
/// Units of fuel for filling the cache once.
const FILLING: u64 = 1 << 20;

/// A compiled pattern.
pub(super) struct Automaton {
    dfa: DFA,
    cache: RefCell<Cache>,
    /// How often the cache was full, as far as that has been paid for.
    paid: Cell<usize>,
}

impl Automaton {
    /// `None` for what is no pattern, or one of more than `limit` bytes.
    pub(super) fn new(source: &str, limit: usize) -> Option<Automaton> {
        let syntax =
            syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true).multi_line(true);
        let program = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(limit))
            .which_captures(thompson::WhichCaptures::None);
        let config = Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .cache_capacity(CACHE)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().syntax(syntax).thompson(program).configure(config).build(source).ok()?;
        let cache = RefCell::new(dfa.create_cache());
        Some(Automaton { dfa, cache, paid: Cell::new(0) })
    }

    /// `None` if it cannot tell, which does not happen with these settings.
    pub(super) fn is_match(&self, text: &[u8]) -> Option<bool> {
        let mut cache = self.cache.borrow_mut();
        let found = self.dfa.try_search_fwd(&mut cache, &Input::new(text).earliest(true));
        found.ok().map(|found| found.is_some())
    }

    /// Units of fuel for the searches since the last call, beyond a unit a byte.
    pub(super) fn debt(&self) -> u64 {
        let filled = self.cache.borrow().clear_count();
        let before = self.paid.replace(filled);
        (filled.saturating_sub(before) as u64).saturating_mul(FILLING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_matches_as_the_flags_say_and_counts_what_thrashing_costs() {
        let matches =
            |pattern: &str, text: &[u8]| Automaton::new(pattern, 1 << 20).unwrap().is_match(text).unwrap();
        assert!(
            matches("^b.c$", b"a\nb\nc\nd") && matches(r"\bk\b", b"\xe4k\xff") && !matches("(?i)ab", b"a b")
        );
        assert!(
            Automaton::new("a(", 1 << 20).is_none() && Automaton::new("[a-z]{500}{500}", 1 << 20).is_none()
        );
        let heavy = Automaton::new("[ab]*a[ab]{14}c", 1 << 20).unwrap();
        let mut state = 1u32;
        let text: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 31 == 0 { b'a' } else { b'b' }
        })
        .take(20_000)
        .collect();
        assert_eq!(heavy.is_match(&text), Some(false));
        assert!(heavy.debt() >= FILLING && heavy.debt() == 0);
    }
}
