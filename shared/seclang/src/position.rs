//! Where something stands, and what is wrong there.

use thiserror::Error;

/// A place in a text; both numbers count from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The byte in the line.
    pub column: u32,
}

/// A text that is not SecLang, and where: printed as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{}:{}: {message}", span.line, span.column)]
pub struct ParseError {
    /// The file, as its name was given.
    pub file: String,
    /// The place.
    pub span: Span,
    /// What is wrong: lower case, the user's text in backticks.
    pub message: String,
}

/// A fault at an offset into an argument's content, before it is known where the argument stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault { offset, message: message.into() }
    }
}

/// Offsets of one logical line mapped to places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Offset at which a physical line's text begins, and where that is.
    starts: Vec<(usize, Span)>,
}

impl Places {
    pub(crate) fn begin(&mut self, offset: usize, span: Span) {
        self.starts.push((offset, span));
    }

    pub(crate) fn span(&self, offset: usize) -> Span {
        match self.starts.iter().rev().find(|(start, _)| *start <= offset) {
            Some((start, span)) => {
                let ahead = u32::try_from(offset - start).unwrap_or(u32::MAX);
                Span { line: span.line, column: span.column.saturating_add(ahead) }
            }
            None => Span { line: 1, column: 1 },
        }
    }
}
