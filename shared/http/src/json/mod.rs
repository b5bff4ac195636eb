//! A strict JSON reader (RFC 8259) that reports events with their places in the text, and builds nothing.
//!
//! ```
//! use portcullis_http::{Limits, json::{self, Event, Span}};
//! use std::ops::ControlFlow;
//!
//! let mut numbers = Vec::new();
//! let mut visitor = |event: Event<'_>, span: Span| {
//!     if let Event::Number(text) = event {
//!         numbers.push((text.to_owned(), span.start));
//!     }
//!     ControlFlow::Continue(())
//! };
//! json::visit(br#"{"a": [1, 2.50]}"#, Limits::default(), &mut visitor).unwrap();
//! assert_eq!(numbers, [("1".to_owned(), 7), ("2.50".to_owned(), 10)]);
//! ```

mod parser;
mod string;
#[cfg(test)]
mod tests;

use crate::limits::Limits;
use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

/// Bytes of the text.
pub type Span = Range<usize>;

/// What stands in a document, in the order of the text.
///
/// The value of a [`Event::Key`] follows it; members come as they stand there, duplicates too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// `{`; the span is that byte.
    BeginObject,
    /// `}`; the span is that byte.
    EndObject,
    /// `[`; the span is that byte.
    BeginArray,
    /// `]`; the span is that byte.
    EndArray,
    /// A member's name, decoded; the span has the quotes.
    Key(Cow<'a, str>),
    /// A string, decoded (borrowed if it has no escape); the span has the quotes.
    String(Cow<'a, str>),
    /// A number as it is written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// Takes the events of a document. Closures do.
pub trait Visitor {
    /// The next event and its place. `Break` ends the reading with [`JsonCause::Stopped`].
    fn event(&mut self, event: Event<'_>, span: Span) -> ControlFlow<()>;
}

impl<F: FnMut(Event<'_>, Span) -> ControlFlow<()>> Visitor for F {
    fn event(&mut self, event: Event<'_>, span: Span) -> ControlFlow<()> {
        self(event, span)
    }
}

/// Why a text is not taken as JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{cause} at byte {offset}")]
pub struct JsonError {
    /// The byte, from 0, at which it cannot go on.
    pub offset: usize,
    /// What is wrong there.
    pub cause: JsonCause,
}

/// Causes of a [`JsonError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonCause {
    /// The text ends within a value, or is empty.
    #[error("unexpected end of JSON")]
    End,
    /// A byte that cannot stand there.
    #[error("unexpected byte in JSON")]
    Byte,
    /// A control character in a string.
    #[error("control character in a JSON string")]
    Control,
    /// An escape that is none, or half of a surrogate pair.
    #[error("bad escape in a JSON string")]
    Escape,
    /// The text is not UTF-8.
    #[error("JSON is not UTF-8")]
    Utf8,
    /// Something stands behind the value.
    #[error("more than one JSON value")]
    Trailing,
    /// [`Limits::depth`] is passed.
    #[error("JSON is nested too deeply")]
    Depth,
    /// [`Limits::nodes`] is passed.
    #[error("JSON has too many values")]
    Nodes,
    /// The visitor wanted no more.
    #[error("reading of JSON was stopped")]
    Stopped,
}

/// Reads one document. Events that stand before an error have been delivered when it is returned.
pub fn visit(text: &[u8], limits: Limits, visitor: &mut impl Visitor) -> Result<(), JsonError> {
    match std::str::from_utf8(text) {
        Ok(text) => parser::Parser::new(text, limits).document(visitor),
        Err(error) => {
            let utf8 = JsonError { offset: error.valid_up_to(), cause: JsonCause::Utf8 };
            let valid = text.get(..error.valid_up_to()).and_then(|text| std::str::from_utf8(text).ok());
            // What stands in front of the bad byte is still read, so that a cut body gives what it has.
            match parser::Parser::new(valid.unwrap_or_default(), limits).document(visitor) {
                Err(error) if error.offset < utf8.offset && error.cause != JsonCause::End => Err(error),
                _ => Err(utf8),
            }
        }
    }
}

/// Whether a text is one JSON document within the limits.
pub fn validate(text: &[u8], limits: Limits) -> Result<(), JsonError> {
    visit(text, limits, &mut |_: Event<'_>, _: Span| ControlFlow::Continue(()))
}
