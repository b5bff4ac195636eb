//! Many patterns' conditions asked of a text in one pass over its bytes.
//!
//! For each alphabet the literals of all patterns are found by three bytes of each (two of the shortest), chosen where
//! they are rare: a bitmap of all such groups says at most places that none is there. The tables do not change with
//! what comes, so no text makes a later one dearer.

mod classes;
mod grams;

pub use classes::Classes;

use crate::conditions::{Alphabet, Conditions, Need};
use grams::Grams;

/// A set of pattern numbers as words of 64 bits.
pub type Bits = Vec<u64>;

/// Conditions of numbered patterns.
#[derive(Debug)]
pub struct Scanner {
    levels: [Level; 4],
    words: usize,
}

/// What texts of one alphabet must have.
#[derive(Debug)]
struct Level {
    /// Patterns that need no literal.
    open: Bits,
    checks: Vec<Check>,
    sets: Vec<Classes>,
    grams: Grams,
}

/// What a pattern needs besides a literal.
#[derive(Debug, Clone, Copy, Default)]
struct Check {
    shortest: u32,
    first_set: u32,
    sets: u8,
}

impl Scanner {
    /// Patterns are numbered as they come, from 0.
    pub fn new(conditions: &[&Conditions]) -> Scanner {
        let words = conditions.len().div_ceil(64);
        Scanner { levels: Alphabet::ALL.map(|alphabet| Level::new(conditions, alphabet, words)), words }
    }

    /// The words that a set of its patterns takes.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Adds to `found` the patterns that a text of this alphabet may match, by literals alone; ask
    /// [`Scanner::allows`] for each. Gives the number of literals that were compared.
    pub fn scan(&self, text: &[u8], alphabet: Alphabet, found: &mut [u64]) -> u64 {
        let Some(level) = self.levels.get(alphabet as usize) else { return 0 };
        for (word, open) in found.iter_mut().zip(&level.open) {
            *word |= open;
        }
        level.grams.scan(text, found)
    }

    /// Whether a text of this length with these classes has what the pattern needs besides a literal.
    #[inline]
    pub fn allows(&self, pattern: usize, alphabet: Alphabet, length: usize, classes: Classes) -> bool {
        self.levels.get(alphabet as usize).is_some_and(|level| level.allows(pattern, length, classes))
    }
}

impl Level {
    fn new(conditions: &[&Conditions], alphabet: Alphabet, words: usize) -> Level {
        let mut level = Level {
            open: vec![0; words],
            checks: Vec::with_capacity(conditions.len()),
            sets: Vec::new(),
            grams: Grams::new(conditions, alphabet),
        };
        for (number, conditions) in conditions.iter().enumerate() {
            let need = conditions.need(alphabet);
            if need.is_some_and(|need| need.atoms.is_empty()) {
                set(&mut level.open, number);
            }
            level.add(need);
        }
        level
    }

    fn add(&mut self, need: Option<&Need>) {
        let Some(need) = need else {
            self.checks.push(Check { shortest: u32::MAX, ..Check::default() });
            return;
        };
        let first_set = self.sets.len() as u32;
        self.sets.extend(need.sets.iter().map(|set| Classes::of_set(*set)));
        let sets = (self.sets.len() as u32 - first_set) as u8;
        self.checks.push(Check { shortest: need.shortest, first_set, sets });
    }

    #[inline]
    fn allows(&self, pattern: usize, length: usize, classes: Classes) -> bool {
        let Some(check) = self.checks.get(pattern) else { return false };
        let first = check.first_set as usize;
        let sets = self.sets.get(first..first + usize::from(check.sets)).unwrap_or_default();
        length >= check.shortest as usize && sets.iter().all(|set| set.meets(classes))
    }
}

/// Puts a number into a set.
#[inline]
pub fn set(bits: &mut [u64], number: usize) {
    if let Some(word) = bits.get_mut(number >> 6) {
        *word |= 1 << (number & 63);
    }
}

/// Whether a number is in a set.
#[inline]
pub fn has(bits: &[u64], number: usize) -> bool {
    bits.get(number >> 6).is_some_and(|word| word >> (number & 63) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByteSet, RegexOptions};
    use arbtest::arbtest;

    #[test]
    fn a_scan_finds_what_conditions_allow() {
        const PATTERNS: [&str; 14] = [
            r"\bcat\b",
            "union.*select",
            "(?:ls|cp|--)",
            "a*",
            "['\"]",
            r"ab+c[^x]",
            "abc|bcd|cde|(?i:DEF)",
            "ca",
            r"\bat",
            "abcabcabcabc",
            r"\x00a",
            "[0-9]{3}",
            "c[\"']*a[\"']*t",
            "a'b",
        ];
        let conditions = PATTERNS.map(|pattern| Conditions::of(pattern, &RegexOptions::MODSECURITY).unwrap());
        let scanner = Scanner::new(&conditions.iter().collect::<Vec<_>>());
        let mut found_any = 0;
        arbtest(|u| {
            let mut text = Vec::new();
            for _ in 0..u.int_in_range(0..=6)? {
                text.extend_from_slice(u.choose(&[
                    &b"cat"[..],
                    b"AB",
                    b"c",
                    b"bcd",
                    b" ",
                    b"'",
                    b"7",
                    b"\0",
                    b"-",
                ])?);
            }
            let classes = Classes::of(&text);
            let alphabet = classes.alphabet();
            assert_eq!(alphabet, Alphabet::of(ByteSet::of(&text)));
            let mut found = vec![0; scanner.words()];
            scanner.scan(&text, alphabet, &mut found);
            for (number, conditions) in conditions.iter().enumerate() {
                let is_found = has(&found, number) && scanner.allows(number, alphabet, text.len(), classes);
                // Classes are coarser than sets: the scanner may allow more.
                assert!(is_found || !conditions.allow(&text), "{} {}", PATTERNS[number], text.escape_ascii());
                let need = conditions.need(alphabet);
                let atoms =
                    |need: &Need| need.atoms.is_empty() || need.atoms.iter().any(|atom| atom.is_in(&text));
                assert_eq!(has(&found, number), need.is_some_and(atoms), "{}", PATTERNS[number]);
                found_any += u32::from(is_found);
            }
            Ok(())
        });
        assert!(found_any > 20);
    }
}
