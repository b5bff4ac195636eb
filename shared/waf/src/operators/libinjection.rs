//! libinjection, behind the only two questions that rules ask.

use libinjectionrs::{detect_sqli, detect_xss};
use std::borrow::Cow;

/// Shorter texts are left as they are.
const LONG: usize = 1024;
/// What ends a word for libinjection (`parse_word`).
const DELIMITERS: &[u8] = b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0";
/// No keyword is longer. libinjection itself looks for keywords in front of dots and ticks within a word's first 31 bytes.
const LONGEST_KEYWORD: usize = 64;

/// The fingerprint, if the text looks like SQL injection in one of the contexts that libinjection tries.
pub fn sqli(input: &[u8]) -> Option<String> {
    if is_one_token(input) {
        return None;
    }
    let result = detect_sqli(&tamed(input));
    result.is_injection().then(|| result.fingerprint.map(|print| print.to_string()).unwrap_or_default())
}

/// Whether the text looks like cross-site scripting. Without `<` or `=` it cannot.
pub fn xss(input: &[u8]) -> bool {
    memchr::memchr2(b'<', b'=', input).is_some() && detect_xss(input).is_injection()
}

/// Whether libinjection reads the text as one token, of which no fingerprint is made: a word, or a number of digits.
fn is_one_token(text: &[u8]) -> bool {
    match text {
        [] => true,
        [b'0'..=b'9', ..] => text.iter().all(u8::is_ascii_digit),
        _ => text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
    }
}

/// The text without the dots and ticks in words that are longer than any keyword: the crate looks up, at each of them,
/// all that stands before it, and needs seconds for 128 KB of `java.lang.`. Without them the word is the same word.
fn tamed(input: &[u8]) -> Cow<'_, [u8]> {
    if input.len() <= LONG || memchr::memchr2(b'.', b'`', input).is_none() {
        return Cow::Borrowed(input);
    }
    let mut text = input.to_vec();
    let (mut length, mut seen, mut is_word) = (0, 0, false);
    for byte in &mut text {
        if DELIMITERS.contains(byte) {
            (length, seen) = (0, 0);
            continue;
        }
        if length == 0 {
            is_word = byte.is_ascii_alphabetic() || *byte == b'_';
        }
        length += 1;
        if matches!(byte, b'.' | b'`') {
            seen += 1;
            // What begins with a number is one word only behind it: there, only many are too many.
            if length > LONGEST_KEYWORD && (is_word || seen > LONGEST_KEYWORD) {
                *byte = b'_';
            }
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_is_no_injection() {
        const WORDS: &[&str] = &[
            "union",
            "select",
            "or",
            "and",
            "not",
            "null",
            "true",
            "like",
            "sleep",
            "sp_password",
            "x",
            "e",
            "b",
            "n",
            "nq",
            "q",
            "u",
            "div",
            "exec",
            "waitfor",
            "drop",
            "xor",
            "binary",
            "collate",
            "if",
            "in",
            "_utf8",
            "user",
            "current_user",
            "database",
            "information_schema",
            "0",
            "1",
            "007",
            "42",
            "a1",
            "_",
            "e1",
            "mod",
            "is",
        ];
        for first in WORDS {
            for second in WORDS.iter().chain(&[""]) {
                let text = format!("{first}{second}").to_uppercase();
                if is_one_token(text.as_bytes()) {
                    assert!(!detect_sqli(text.as_bytes()).is_injection(), "{text}");
                }
            }
        }
        assert!(!is_one_token(b"1or1") && !is_one_token(b"a b") && !is_one_token(b"1'"));
    }

    #[test]
    fn one_token_of_any_letters_is_no_injection() {
        arbtest::arbtest(|u| {
            let mut text = Vec::new();
            for _ in 0..u.int_in_range(1..=12)? {
                text.push(*u.choose(b"abcdefghijklmnopqrstuvwxyzORSELCTUNI_0123456789")?);
            }
            assert!(!is_one_token(&text) || !detect_sqli(&text).is_injection(), "{}", text.escape_ascii());
            Ok(())
        });
    }

    fn dots(text: &[u8]) -> usize {
        text.iter().filter(|byte| matches!(byte, b'.' | b'`')).count()
    }

    #[test]
    fn long_words_lose_their_dots_and_short_ones_keep_them() {
        for word in ["java.lang.", "a`b`", "1.a.", ".a.b"] {
            let text = word.repeat(13_000);
            assert!(dots(&tamed(text.as_bytes())) <= LONGEST_KEYWORD, "{word}");
            assert_eq!(sqli(text.as_bytes()), None, "{word}");
        }
        let sentences = "See www.shop.example/a.b (or c.d); it's 1.5 times as good. ".repeat(100);
        assert_eq!(tamed(sentences.as_bytes()), sentences.as_bytes());
        let attack = format!("{}' union select a.b from c.d where '1'='1", "x ".repeat(600));
        assert_eq!(tamed(attack.as_bytes()), attack.as_bytes());
    }
}
