//! `@detectSQLi`: libinjection finds SQL injection; the group is its fingerprint.

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};
use std::cell::RefCell;

/// Bytes of a text that is remembered: the names of fields in nested JSON are long.
const LONGEST: usize = 63;
/// Texts that are remembered.
const SLOTS: usize = 1_024;

/// Short texts that are clean, each at the place that its hash gives: names of fields come in every request.
struct Compiled {
    clean: RefCell<Vec<Short>>,
}

/// A short text and its length.
type Short = ([u8; LONGEST], u8);

pub(super) fn make(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Compiled { clean: RefCell::default() }))
}

impl Compiled {
    fn is_known(&self, text: &Short) -> bool {
        self.clean.borrow().get(place(text)) == Some(text)
    }

    fn note(&self, text: Short) {
        let mut clean = self.clean.borrow_mut();
        if clean.is_empty() {
            clean.resize(SLOTS, ([0; LONGEST], 0));
        }
        if let Some(slot) = clean.get_mut(place(&text)) {
            *slot = text;
        }
    }
}

fn short(text: &[u8]) -> Option<Short> {
    let mut bytes = [0; LONGEST];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    Some((bytes, text.len() as u8))
}

fn place((bytes, length): &Short) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let rest = rest.iter().fold(u64::from(*length), |all, byte| all << 8 | u64::from(*byte));
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let hash = words.iter().fold(rest, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    (hash >> 32) as usize & (SLOTS - 1)
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let short = short(input);
        if short.as_ref().is_some_and(|short| self.is_known(short)) {
            return false;
        }
        let Some(fingerprint) = super::libinjection::sqli(input) else {
            if let Some(short) = short {
                self.note(short);
            }
            return false;
        };
        if let Some(captures) = captures {
            captures.only(fingerprint.as_bytes());
        }
        true
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        Some(Conditions::of_sets(&[ByteSet::ALL]))
    }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("libinjection")
    }
}
