//! libinjection, behind the only two questions that rules ask.

use libinjectionrs::{detect_sqli, detect_xss};

/// The fingerprint, if the text looks like SQL injection in one of the contexts that libinjection tries.
pub fn sqli(input: &[u8]) -> Option<String> {
    if is_one_token(input) {
        return None;
    }
    let result = detect_sqli(input);
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
}
