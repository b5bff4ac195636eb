//! The state machine: one loop, an explicit stack, no recursion.

use super::string;
use super::{Event, JsonCause, JsonError, Span, Visitor};
use crate::limits::Limits;
use std::ops::ControlFlow;

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Container>,
    nodes: usize,
    limits: Limits,
}

#[derive(Clone, Copy, PartialEq)]
enum Container {
    Object,
    Array,
}

/// What must come next.
enum Next {
    Value,
    Separator,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, limits: Limits) -> Parser<'a> {
        Parser { text, at: 0, open: Vec::new(), nodes: 0, limits }
    }

    pub(super) fn document(&mut self, visitor: &mut impl Visitor) -> Result<(), JsonError> {
        let mut next = Next::Value;
        loop {
            next = match next {
                Next::Value => self.value(visitor)?,
                Next::Separator => match self.open.last() {
                    None => return self.end_of_text(),
                    Some(container) => self.separator(*container, visitor)?,
                },
            };
        }
    }

    fn value(&mut self, visitor: &mut impl Visitor) -> Result<Next, JsonError> {
        let byte = self.peek_token()?;
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.error(JsonCause::Nodes));
        }
        match byte {
            b'{' => return self.begin(Container::Object, visitor),
            b'[' => return self.begin(Container::Array, visitor),
            b'"' => {
                let (text, span) = self.string()?;
                self.emit(visitor, Event::String(text), span)?;
            }
            b'-' | b'0'..=b'9' => self.number(visitor)?,
            b't' => self.word("true", Event::Bool(true), visitor)?,
            b'f' => self.word("false", Event::Bool(false), visitor)?,
            b'n' => self.word("null", Event::Null, visitor)?,
            _ => return Err(self.error(JsonCause::Byte)),
        }
        Ok(Next::Separator)
    }

    fn begin(&mut self, container: Container, visitor: &mut impl Visitor) -> Result<Next, JsonError> {
        if self.open.len() >= self.limits.depth {
            return Err(self.error(JsonCause::Depth));
        }
        self.open.push(container);
        let event = if container == Container::Object { Event::BeginObject } else { Event::BeginArray };
        self.one_byte(event, visitor)?;
        let byte = self.peek_token()?;
        match container {
            Container::Object if byte == b'}' => self.end(visitor),
            Container::Array if byte == b']' => self.end(visitor),
            Container::Object => self.key(visitor),
            Container::Array => Ok(Next::Value),
        }
    }

    /// Behind a value within a container.
    fn separator(&mut self, container: Container, visitor: &mut impl Visitor) -> Result<Next, JsonError> {
        match (container, self.peek_token()?) {
            (Container::Object, b',') => {
                self.at += 1;
                self.peek_token()?;
                self.key(visitor)
            }
            (Container::Array, b',') => {
                self.at += 1;
                Ok(Next::Value)
            }
            (Container::Object, b'}') | (Container::Array, b']') => self.end(visitor),
            _ => Err(self.error(JsonCause::Byte)),
        }
    }

    fn end(&mut self, visitor: &mut impl Visitor) -> Result<Next, JsonError> {
        let event = match self.open.pop() {
            Some(Container::Object) => Event::EndObject,
            _ => Event::EndArray,
        };
        self.one_byte(event, visitor)?;
        Ok(Next::Separator)
    }

    fn key(&mut self, visitor: &mut impl Visitor) -> Result<Next, JsonError> {
        if self.byte() != Some(b'"') {
            return Err(self.error(JsonCause::Byte));
        }
        let (text, span) = self.string()?;
        self.emit(visitor, Event::Key(text), span)?;
        if self.peek_token()? != b':' {
            return Err(self.error(JsonCause::Byte));
        }
        self.at += 1;
        Ok(Next::Value)
    }

    /// From the opening quote on.
    fn string(&mut self) -> Result<(std::borrow::Cow<'a, str>, Span), JsonError> {
        let start = self.at;
        let inner = self.text.get(start + 1..).unwrap_or_default();
        let end = string::end(inner).map_err(|error| error.behind(start + 1))?;
        let raw = inner.get(..end).unwrap_or_default();
        let text = string::decode(raw).map_err(|error| error.behind(start + 1))?;
        self.at = start + 1 + end + 1;
        Ok((text, start..self.at))
    }

    /// RFC 8259 section 6: `-`, digits without a leading zero, fraction, exponent.
    fn number(&mut self, visitor: &mut impl Visitor) -> Result<(), JsonError> {
        let start = self.at;
        self.skip_one_of(b"-");
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.skip_one_of(b".") {
            self.digits()?;
        }
        if self.skip_one_of(b"eE") {
            self.skip_one_of(b"+-");
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.emit(visitor, Event::Number(text), start..self.at)
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.byte() {
            None if self.at == start => Err(self.error(JsonCause::End)),
            Some(_) if self.at == start => Err(self.error(JsonCause::Byte)),
            _ => Ok(()),
        }
    }

    fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        let is_there = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str, event: Event<'_>, visitor: &mut impl Visitor) -> Result<(), JsonError> {
        let start = self.at;
        for expected in word.bytes() {
            match self.byte() {
                Some(byte) if byte == expected => self.at += 1,
                Some(_) => return Err(self.error(JsonCause::Byte)),
                None => return Err(self.error(JsonCause::End)),
            }
        }
        self.emit(visitor, event, start..self.at)
    }

    fn one_byte(&mut self, event: Event<'_>, visitor: &mut impl Visitor) -> Result<(), JsonError> {
        self.at += 1;
        self.emit(visitor, event, self.at - 1..self.at)
    }

    fn emit(&self, visitor: &mut impl Visitor, event: Event<'_>, span: Span) -> Result<(), JsonError> {
        match visitor.event(event, span) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(self.error(JsonCause::Stopped)),
        }
    }

    fn end_of_text(&mut self) -> Result<(), JsonError> {
        match self.peek_token() {
            Ok(_) => Err(self.error(JsonCause::Trailing)),
            Err(_) => Ok(()),
        }
    }

    /// The next byte that is no white space (RFC 8259 section 2); it stays to be read.
    fn peek_token(&mut self) -> Result<u8, JsonError> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(self.error(JsonCause::End))
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, cause: JsonCause) -> JsonError {
        JsonError { offset: self.at, cause }
    }
}

impl JsonError {
    /// The same error seen from a text in which `bytes` stand before this one.
    fn behind(self, bytes: usize) -> JsonError {
        JsonError { offset: self.offset + bytes, ..self }
    }
}
