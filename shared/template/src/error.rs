//! What can go wrong with a template, and where.

use portcullis_core::OutOfFuel;
use std::fmt;
use thiserror::Error;

/// A place in a template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in bytes.
    pub column: usize,
}

impl Position {
    /// The place of the byte with this offset.
    pub(crate) fn of(source: &str, offset: usize) -> Position {
        let before = source.as_bytes().get(..offset).unwrap_or(source.as_bytes());
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        Position { line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text that is no template. Printed as `1:4: expected statement, got `raw``.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{at}: {message}")]
pub struct ParseError {
    /// Where the parser could not go on.
    pub at: Position,
    /// What is wrong: lower case, the template's text in backticks.
    pub message: String,
}

/// A template that cannot be rendered with these values. Its text holds names of the template, never values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{at}: {cause}")]
pub struct RenderError {
    /// The part of the template that failed.
    pub at: Position,
    /// Why.
    pub cause: RenderCause,
}

/// Causes of a [`RenderError`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderCause {
    /// A name that neither the template nor the data knows.
    #[error("variable `{0}` not found")]
    NotFound(String),
    /// `{{ }}`, or a statement without its expression.
    #[error("empty expression")]
    Empty,
    /// A function or operator got what it does not take.
    #[error("`{function}` {complaint}")]
    Argument {
        /// Its name.
        function: &'static str,
        /// What it wants.
        complaint: &'static str,
    },
    /// `x.name` behind a call or a parenthesis: there is no such element.
    #[error("could not find element with given name")]
    NoElement,
    /// A loop over something else than it is written for.
    #[error("a loop needs {0}")]
    NotIterable(&'static str),
    /// `set` cannot write there.
    #[error("cannot set `{0}`")]
    NotSettable(String),
    /// `include` and `extends` name templates that do not exist here.
    #[error("template `{0}` not found")]
    NoTemplate(String),
    /// Text that must stand in JSON is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// A value nests deeper than 128 levels.
    #[error("value is nested too deeply")]
    Depth,
    /// The output is longer than the caller allows.
    #[error("output is longer than {0} bytes")]
    Output(usize),
    /// The fuel is used up.
    #[error(transparent)]
    Fuel(#[from] OutOfFuel),
}
