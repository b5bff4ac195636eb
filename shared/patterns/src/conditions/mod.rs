//! What a text must have for a regex to match it: a length, bytes, literals. Cheap to ask, and never wrong about a "no".
//!
//! A text is looked at without regard to the case of ASCII letters. Conditions are derived once for each of a ladder of
//! alphabets ([`Alphabet`]): in a text of letters and digits a pattern that allows quotes between all letters means
//! plain words.

mod bytes;
mod derive;
mod frequency;
mod words;

pub use bytes::Broken;
pub(crate) use frequency::of_bytes as rarity;
pub(crate) use words::is_bound;

use crate::{ByteSet, PatternError, RegexOptions};
use derive::Reader;

/// A set of bytes that a text may keep to. Each holds the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alphabet {
    /// ASCII letters, digits and `_`.
    Word,
    /// And blank, `.`, `,`, `-`.
    Sentence,
    /// And `/ : @ = ? + % & ;`.
    Address,
    /// Every byte.
    Any,
}

impl Alphabet {
    /// All of them, the smallest first.
    pub const ALL: [Alphabet; 4] = [Alphabet::Word, Alphabet::Sentence, Alphabet::Address, Alphabet::Any];

    /// Its bytes.
    pub const fn bytes(self) -> ByteSet {
        const SENTENCE: ByteSet = ByteSet::WORD.with(b" .,-");
        const ADDRESS: ByteSet = SENTENCE.with(b"/:@=?+%&;");
        match self {
            Alphabet::Word => ByteSet::WORD,
            Alphabet::Sentence => SENTENCE,
            Alphabet::Address => ADDRESS,
            Alphabet::Any => ByteSet::ALL,
        }
    }

    /// The smallest that holds these bytes.
    pub fn of(bytes: ByteSet) -> Alphabet {
        let fits = |alphabet: &Alphabet| bytes.without(alphabet.bytes()).is_empty();
        Alphabet::ALL.into_iter().find(fits).unwrap_or(Alphabet::Any)
    }
}

/// What texts must have to be matched, by alphabet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// `None`: no text of that alphabet is matched.
    needs: [Option<Need>; 4],
}

/// What a text of one alphabet must have: all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// So many bytes.
    pub shortest: u32,
    /// Of each set a byte, letters in either case; the rarest first.
    pub sets: Vec<ByteSet>,
    /// One of these, if there are any.
    pub atoms: Vec<Atom>,
}

/// A literal, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Atom {
    /// At least two bytes.
    pub bytes: Vec<u8>,
    /// The ends of it that are boundaries of words (`\b`).
    pub bounds: Bounds,
}

/// At which ends of a literal a word must begin or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bounds {
    /// In front of it.
    pub left: bool,
    /// Behind it.
    pub right: bool,
}

impl Conditions {
    /// Reads a pattern. It must not be longer than what the engine that runs it takes.
    pub fn of(pattern: &str, options: &RegexOptions) -> Result<Conditions, PatternError> {
        let hir = crate::shape::parse(pattern, options)?;
        Ok(Conditions { needs: Alphabet::ALL.map(|alphabet| Reader::new(alphabet).need(&hir)) })
    }

    /// Of a search for one of some phrases, whatever the case of ASCII letters.
    pub fn of_phrases<'a>(phrases: impl Iterator<Item = &'a [u8]> + Clone) -> Conditions {
        Conditions { needs: Alphabet::ALL.map(|alphabet| derive::phrases(phrases.clone(), alphabet)) }
    }

    /// Of a search for a byte of each set.
    pub fn of_sets(sets: &[ByteSet]) -> Conditions {
        Conditions { needs: Alphabet::ALL.map(|alphabet| derive::sets(sets, alphabet)) }
    }

    /// What a text of this alphabet must have; `None` if there is no such text.
    pub fn need(&self, alphabet: Alphabet) -> Option<&Need> {
        self.needs.get(alphabet as usize)?.as_ref()
    }

    /// Whether the text may be matched. For tests and single texts: many conditions at once are asked by a scanner.
    pub fn allow(&self, text: &[u8]) -> bool {
        let bytes = ByteSet::of(text);
        self.need(Alphabet::of(bytes)).is_some_and(|need| need.allows(text, bytes))
    }
}

impl Need {
    /// Whether the text, which has these bytes, has all that is needed.
    pub fn allows(&self, text: &[u8], bytes: ByteSet) -> bool {
        self.allows_bytes(text.len(), bytes)
            && (self.atoms.is_empty() || self.atoms.iter().any(|atom| atom.is_in(text)))
    }

    /// The same without the literals.
    pub fn allows_bytes(&self, length: usize, bytes: ByteSet) -> bool {
        length >= self.shortest as usize && self.sets.iter().all(|set| set.meets(bytes))
    }
}

impl Atom {
    /// Whether it stands somewhere in the text.
    pub fn is_in(&self, text: &[u8]) -> bool {
        (0..text.len()).any(|at| self.is_at(text, at))
    }

    /// Whether it stands at this place.
    pub fn is_at(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.bytes.len();
        text.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(&self.bytes))
            && (!self.bounds.left || words::is_bound(text, at))
            && (!self.bounds.right || words::is_bound(text, end))
    }
}

#[cfg(test)]
mod tests;
