//! Reads a query's characters, literals among them.

use super::QueryError;
use crate::number;
use crate::value::Value;

/// A place in the query.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes these characters if they stand here.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let here = self.rest().starts_with(wanted);
        if here {
            self.at += wanted.len();
        }
        here
    }

    pub(super) fn expect(&mut self, wanted: &str, message: &'static str) -> Result<(), QueryError> {
        if self.take(wanted) { Ok(()) } else { Err(self.error(message)) }
    }

    /// Takes the characters that belong.
    pub(super) fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        self.run(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn error(&self, message: &'static str) -> QueryError {
        QueryError { column: self.at + 1, message }
    }

    /// What was taken since.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    /// Goes back to a mark.
    pub(super) fn reset(&mut self, mark: usize) {
        self.at = mark;
    }

    /// A whole number without leading zeros, not `-0`, that JSON readers keep exactly.
    pub(super) fn integer(&mut self) -> Result<i64, QueryError> {
        const EXACT: i64 = (1 << 53) - 1;
        let start = self.at;
        self.take("-");
        let digits = self.run(|c| c.is_ascii_digit());
        let text = self.text.get(start..self.at).unwrap_or_default();
        let plain = !digits.is_empty() && (!digits.starts_with('0') || text == "0");
        match text.parse::<i64>() {
            Ok(number) if plain && (-EXACT..=EXACT).contains(&number) => Ok(number),
            _ => Err(self.error("bad index")),
        }
    }

    /// A JSON number; the dialect allows `-0`, as JSON does.
    pub(super) fn number(&mut self) -> Result<Value, QueryError> {
        let start = self.at;
        self.take("-");
        let whole = self.run(|c| c.is_ascii_digit());
        let mut good = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
        if self.take(".") {
            good &= !self.run(|c| c.is_ascii_digit()).is_empty();
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("-") || self.take("+");
            good &= !self.run(|c| c.is_ascii_digit()).is_empty();
        }
        let value = number::read(self.text.get(start..self.at).unwrap_or_default());
        value.filter(|_| good).ok_or_else(|| self.error("bad number"))
    }

    /// A string in quotes of either kind; within one kind the other needs no escape, and has none.
    pub(super) fn string(&mut self) -> Result<String, QueryError> {
        let quote = self.next().unwrap_or('"');
        let mut out = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("string without end")),
                Some(c) if c == quote => return Ok(out),
                Some('\\') => out.push(self.escape(quote)?),
                Some(c) if c < ' ' => return Err(self.error("control character in a string")),
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<char, QueryError> {
        match self.next() {
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(c @ ('/' | '\\')) => Ok(c),
            Some(c) if c == quote => Ok(c),
            Some('u') => self.unicode(),
            _ => Err(self.error("bad escape")),
        }
    }

    fn unicode(&mut self) -> Result<char, QueryError> {
        let high = self.hexadecimal()?;
        let code = match high {
            0xd800..=0xdbff if self.take("\\u") => match self.hexadecimal()? {
                low @ 0xdc00..=0xdfff => 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00),
                _ => return Err(self.error("bad escape")),
            },
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.error("bad escape"))
    }

    fn hexadecimal(&mut self) -> Result<u32, QueryError> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += if code.is_some() { 4 } else { 0 };
        code.ok_or_else(|| self.error("bad escape"))
    }
}
