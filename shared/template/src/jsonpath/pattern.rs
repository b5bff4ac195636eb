//! Regexes of queries: I-Regexp (RFC 9485), run in linear time.

use super::tree::Scope;
use regex::bytes::{Regex, RegexBuilder};

/// A regex; one that is none matches nothing.
#[derive(Debug)]
pub(super) struct Pattern(Option<Regex>);

/// Bounds the memory of one regex, bytes.
const SIZE: usize = 1 << 18;

impl Pattern {
    pub(super) fn new(text: &[u8], scope: Scope) -> Pattern {
        let compiled = std::str::from_utf8(text).ok().map(translate).and_then(|text| {
            let text = match scope {
                Scope::Whole => format!(r"\A(?:{text})\z"),
                Scope::Anywhere => text,
            };
            RegexBuilder::new(&text).size_limit(SIZE).nest_limit(50).build().ok()
        });
        Pattern(compiled)
    }

    pub(super) fn matches(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// A dot, outside of brackets, is any character but a line feed or carriage return.
fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut escaped, mut bracket) = (false, false);
    for c in text.chars() {
        match c {
            '.' if !escaped && !bracket => out.push_str(r"[^\n\r]"),
            _ => out.push(c),
        }
        match c {
            '[' if !escaped => bracket = true,
            ']' if !escaped => bracket = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    out
}
