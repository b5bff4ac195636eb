//! A regex whose text is checked when it is made and which is compiled when it is first used.

use crate::PatternError;
use crate::shape::{Shape, parse};
use regex::bytes::{Regex, RegexBuilder};
use std::cell::OnceCell;

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegexOptions {
    /// ASCII letters of either case are the same.
    pub case_insensitive: bool,
    /// `.` takes a line feed too.
    pub dot_all: bool,
    /// `^` and `$` stand at lines, not only at the text's ends.
    pub multi_line: bool,
    /// Classes and `.` take characters of UTF-8 instead of bytes.
    pub unicode: bool,
    /// The most bytes of the compiled program.
    pub size_limit: usize,
}

impl RegexOptions {
    /// For a pattern that [`Shape::bounded`] has printed: Unicode is on where it does not switch it off.
    pub const PRINTED: RegexOptions = RegexOptions { unicode: true, ..RegexOptions::BYTES };

    /// For patterns of SecLang as ModSecurity v3 compiles them: `(?sm)`, bytes.
    pub const MODSECURITY: RegexOptions =
        RegexOptions { dot_all: true, multi_line: true, size_limit: 8 << 20, ..RegexOptions::BYTES };

    const BYTES: RegexOptions = RegexOptions {
        case_insensitive: false,
        dot_all: false,
        multi_line: false,
        unicode: false,
        size_limit: 1 << 20,
    };
}

impl Default for RegexOptions {
    fn default() -> RegexOptions {
        RegexOptions::BYTES
    }
}

/// A regex over bytes. Many rules never run, and compiling costs far more than reading the pattern.
#[derive(Debug, Clone)]
pub struct LazyRegex {
    pattern: String,
    options: RegexOptions,
    compiled: OnceCell<Result<Regex, PatternError>>,
}

impl LazyRegex {
    /// Checks the pattern's syntax, and nothing more.
    pub fn new(pattern: impl Into<String>, options: RegexOptions) -> Result<LazyRegex, PatternError> {
        let pattern = pattern.into();
        parse(&pattern, &options)?;
        Ok(LazyRegex { pattern, options, compiled: OnceCell::new() })
    }

    /// The compiled regex. The only error left is [`PatternError::TooLarge`]; ask once at load to have it there.
    pub fn get(&self) -> Result<&Regex, &PatternError> {
        self.compiled.get_or_init(|| compile(&self.pattern, &self.options)).as_ref()
    }

    /// The pattern as it was given.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What it can match.
    pub fn shape(&self) -> Result<Shape, PatternError> {
        Shape::of(&self.pattern, &self.options)
    }
}

fn compile(pattern: &str, options: &RegexOptions) -> Result<Regex, PatternError> {
    RegexBuilder::new(pattern)
        .case_insensitive(options.case_insensitive)
        .dot_matches_new_line(options.dot_all)
        .multi_line(options.multi_line)
        .unicode(options.unicode)
        .size_limit(options.size_limit)
        .build()
        .map_err(|_| PatternError::TooLarge { pattern: pattern.to_owned(), limit: options.size_limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_is_checked_at_once_and_size_at_first_use() {
        let error = LazyRegex::new("a(b", RegexOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "`a(b` is no regex: unclosed group");
        let large =
            LazyRegex::new("(?:[a-z]{100}){100}", RegexOptions { size_limit: 1000, ..Default::default() });
        let large = large.unwrap();
        assert_eq!(
            large.get().unwrap_err().to_string(),
            "`(?:[a-z]{100}){100}` is too large once compiled, the limit is 1000 bytes"
        );
    }

    #[test]
    fn options_are_kept() {
        let options = RegexOptions { case_insensitive: true, dot_all: true, ..RegexOptions::default() };
        let regex = LazyRegex::new("a.b\\xff", options).unwrap();
        assert!(regex.get().unwrap().is_match(b"A\nB\xff"));
    }
}
