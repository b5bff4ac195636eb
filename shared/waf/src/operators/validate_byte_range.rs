//! `@validateByteRange`: matches a value with a byte outside the ranges.

use super::{Captures, Recipe, Test};
use portcullis_patterns::{ByteSet, Conditions};

struct Allowed([bool; 256]);

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let mut allowed = [false; 256];
    for item in recipe.argument.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let range = byte(first).zip(byte(last)).filter(|(first, last)| first <= last);
        let (first, last) = range.ok_or_else(|| format!("`{item}` is not a range of bytes"))?;
        allowed.iter_mut().take(usize::from(last) + 1).skip(usize::from(first)).for_each(|slot| *slot = true);
    }
    Ok(Box::new(Allowed(allowed)))
}

fn byte(text: &str) -> Option<u8> {
    text.trim().parse().ok()
}

impl Test for Allowed {
    fn matches(&self, input: &[u8], _: &[u8], _: Option<&mut Captures>) -> bool {
        input.iter().any(|&byte| !self.0.get(usize::from(byte)).copied().unwrap_or(false))
    }

    fn locate(&self, input: &[u8], _: &[u8]) -> Vec<(usize, usize)> {
        let is_bad = |byte: u8| !self.0.get(usize::from(byte)).copied().unwrap_or(false);
        input.iter().enumerate().filter(|(_, byte)| is_bad(**byte)).map(|(at, _)| (at, 1)).collect()
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        let allowed = (0..=u8::MAX).zip(self.0).filter(|(_, allowed)| !allowed);
        let others = allowed.fold(ByteSet::EMPTY, |set, (byte, _)| set.with(&[byte]));
        Some(Conditions::of_sets(&[others]))
    }
}

impl std::fmt::Debug for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes allowed", self.0.iter().filter(|allowed| **allowed).count())
    }
}
