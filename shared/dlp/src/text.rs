//! A piece of a body as a detector sees it: bytes on both sides of a place, and whether more will come.

use portcullis_patterns::ByteSet;

/// How many bytes in front of a place a detector may look at.
pub(crate) const HISTORY: usize = 128;

/// What there is of a text. The bytes in front of a place are true neighbours for [`HISTORY`] bytes; those behind the
/// last one are either none or not there yet.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    bytes: &'a [u8],
    ended: bool,
}

/// The answer depends on bytes that have not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct More;

impl<'a> Text<'a> {
    /// A text of which more may come.
    pub(crate) fn open(bytes: &'a [u8]) -> Text<'a> {
        Text { bytes, ended: false }
    }

    /// A text that is all there.
    pub fn whole(bytes: &'a [u8]) -> Text<'a> {
        Text { bytes, ended: true }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// The byte at a place; `None` behind the end of the text.
    pub(crate) fn peek(&self, at: usize) -> Result<Option<u8>, More> {
        match self.bytes.get(at) {
            None if !self.ended => Err(More),
            byte => Ok(byte.copied()),
        }
    }

    /// Whether the byte at a place is in the set.
    pub(crate) fn is(&self, at: usize, set: ByteSet) -> Result<bool, More> {
        Ok(self.peek(at)?.is_some_and(|byte| set.contains(byte)))
    }

    /// The byte in front of a place, if it is not the first.
    pub(crate) fn before(&self, at: usize) -> Option<u8> {
        self.bytes.get(at.checked_sub(1)?).copied()
    }

    /// Whether no letter, digit or `_` stands in front of a place. The letter of a `\n` in JSON is none.
    pub(crate) fn starts_word(&self, at: usize) -> bool {
        match self.before(at) {
            Some(b'n' | b't' | b'r' | b'b' | b'f') => self.before(at - 1) == Some(b'\\'),
            Some(byte) => !ByteSet::WORD.contains(byte),
            None => true,
        }
    }

    /// Whether no letter, digit or `_` stands at a place.
    pub(crate) fn ends_word(&self, at: usize) -> Result<bool, More> {
        Ok(!self.is(at, ByteSet::WORD)?)
    }

    /// The digit at a place.
    pub(crate) fn digit(&self, at: usize) -> Result<Option<u8>, More> {
        Ok(self.peek(at)?.filter(u8::is_ascii_digit).map(|byte| byte - b'0'))
    }

    /// Whether one of the words (lower case) stands within [`HISTORY`] bytes in front of a place, in either case and
    /// not as a part of a longer run of letters.
    pub(crate) fn has_context(&self, at: usize, words: &[&str]) -> bool {
        let before = self.bytes.get(at.saturating_sub(HISTORY)..at).unwrap_or_default();
        let is_upper = |at: usize| before.get(at).is_some_and(u8::is_ascii_uppercase);
        // `cardNumber` and `creditCard` have their words: a capital begins one, and ends the one in front of it.
        let begins =
            |at: usize, last: u8| !last.is_ascii_alphabetic() || (last.is_ascii_lowercase() && is_upper(at));
        let mut last = 0;
        for (at, byte) in before.iter().enumerate() {
            if byte.is_ascii_alphabetic() && begins(at, last) {
                let rest = before.get(at..).unwrap_or_default();
                if words.iter().any(|word| begins_with_word(rest, word.as_bytes())) {
                    return true;
                }
            }
            last = *byte;
        }
        false
    }
}

fn begins_with_word(text: &[u8], word: &[u8]) -> bool {
    let (head, behind) = text.split_at_checked(word.len()).unwrap_or_default();
    head.eq_ignore_ascii_case(word) && !behind.first().is_some_and(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_words_stand_alone() {
        let has = |text: &str| Text::whole(text.as_bytes()).has_context(text.len(), &["card", "pan"]);
        for yes in ["card 1", "CARD:", "\"cardNumber\":", "creditCard=", "my_card_no", "pan "] {
            assert!(has(yes), "{yes}");
        }
        for no in ["company", "cards", "discard", "panel", "", "ca rd"] {
            assert!(!has(no), "{no}");
        }
        assert!(!has(&format!("card{}", " ".repeat(HISTORY))));
    }

    #[test]
    fn the_letter_of_an_escape_is_no_word() {
        let starts = |text: &str| Text::whole(text.as_bytes()).starts_word(text.len());
        assert!(starts("") && starts("a ") && starts("a\\n") && starts("-"));
        assert!(!starts("a") && !starts("n") && !starts("\\x") && !starts("_"));
    }

    #[test]
    fn what_has_not_come_is_not_the_end() {
        assert_eq!(Text::open(b"1").ends_word(1), Err(More));
        assert_eq!(Text::whole(b"1").ends_word(1), Ok(true));
        assert_eq!(Text::open(b"1 ").ends_word(1), Ok(true));
    }
}
