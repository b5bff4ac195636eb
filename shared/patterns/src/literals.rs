//! Many literals at once.

use crate::PatternError;
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::Range;

/// Whether ASCII letters of either case are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They are not.
    Sensitive,
    /// They are.
    Insensitive,
}

/// A set of literals, searched together; the longest at the leftmost place wins.
#[derive(Debug, Clone)]
pub struct Literals {
    automaton: AhoCorasick,
}

impl Literals {
    /// Builds the automaton. An empty literal matches everywhere; leave it out.
    pub fn new<L: AsRef<[u8]>>(
        literals: impl IntoIterator<Item = L>,
        case: Case,
    ) -> Result<Literals, PatternError> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(case == Case::Insensitive)
            .match_kind(MatchKind::LeftmostLongest)
            .build(literals)
            .map_err(|_| PatternError::Automaton)?;
        Ok(Literals { automaton })
    }

    /// Whether one of them is in the text.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.automaton.is_match(text)
    }

    /// Index and place of each, leftmost first, without overlaps.
    pub fn find_iter<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        self.automaton.find_iter(text).map(|found| (found.pattern().as_usize(), found.range()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_at_the_leftmost_place() {
        let literals = Literals::new(["car", "card", "RD N"], Case::Insensitive).unwrap();
        let found: Vec<_> = literals.find_iter(b"my CARD n, car\xff").collect();
        assert_eq!(found, [(1, 3..7), (0, 11..14)]);
        assert!(!Literals::new(["card"], Case::Sensitive).unwrap().is_match(b"CARD"));
    }
}
