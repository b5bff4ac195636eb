//! Patterns that no automaton can run: look-around, back-references, atomic groups and possessive repetition, in PCRE's
//! notation over bytes, by backtracking with a budget of steps.
//!
//! Where the budget is spent the pattern does not match, as in ModSecurity v3 where PCRE's limit is reached.

mod compile;
mod parse;
mod run;
#[cfg(test)]
mod tests;

use compile::Instruction;
pub(crate) use run::STEPS_A_BYTE;
use std::ops::Range;

/// The flags with which a pattern begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    /// `^` and `$` match at lines.
    pub(crate) multi_line: bool,
    /// `.` matches a line end.
    pub(crate) dot_all: bool,
    /// Blanks and comments in the pattern do not count.
    pub(crate) extended: bool,
}

impl Flags {
    /// Those of `@rx`.
    pub(crate) const RX: Flags =
        Flags { ignore_case: false, multi_line: true, dot_all: true, extended: false };
}

/// A compiled pattern.
pub(crate) struct Program {
    source: String,
    instructions: Vec<Instruction>,
    sets: Vec<Set>,
    /// With the whole match, which is the first.
    groups: usize,
    /// Registers for the places of groups and of loops.
    slots: usize,
    /// The bytes with which a match can begin; `None` if it can be empty.
    first: Option<Set>,
}

/// The places of a match's groups, the whole first.
pub(crate) type Groups = Vec<Option<Range<usize>>>;

/// Bytes.
#[derive(Clone, PartialEq)]
struct Set([u64; 4]);

impl Set {
    const EMPTY: Set = Set([0; 4]);

    fn of(bytes: impl IntoIterator<Item = u8>) -> Set {
        let mut set = Set::EMPTY;
        bytes.into_iter().for_each(|byte| set.add(byte));
        set
    }

    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    fn unite(&mut self, other: &Set) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    fn inverted(&self) -> Set {
        let mut set = self.clone();
        set.0.iter_mut().for_each(|word| *word = !*word);
        set
    }

    /// With both cases of its letters.
    fn folded(&self) -> Set {
        let both = |byte: u8| self.has(byte.to_ascii_lowercase()) || self.has(byte.to_ascii_uppercase());
        Set::of((0..=255).filter(|byte| self.has(*byte) || byte.is_ascii_alphabetic() && both(*byte)))
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes: Vec<u8> = (0..=255).filter(|byte| self.has(*byte)).collect();
        write!(f, "[{}]", bytes.escape_ascii())
    }
}

impl Program {
    /// The error says what is wrong.
    pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Program, String> {
        let fault = |fault: String| format!("pattern `{pattern}` cannot be used: {fault}");
        let (node, groups) = parse::parse(pattern, flags).map_err(fault)?;
        compile::compile(pattern, &node, groups).map_err(fault)
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", self.source)
    }
}
