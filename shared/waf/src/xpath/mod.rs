//! XPath 1.0 over the XML body of a request, as rules select with it: `XML:/order/item[@id='1']/text()`.
//!
//! Axes, predicates, operators and the functions on strings, numbers and names are all there; variables and keys
//! (`$x`, `id()`) are not, for a rule has none. An evaluation looks at so many nodes and no more.

mod evaluate;
mod functions;
mod parse;
#[cfg(test)]
mod tests;

pub(crate) use evaluate::{Selected, select};

use crate::stored::{Reader, Stored, Str, Writer};
use std::cell::OnceCell;

/// An expression, parsed.
#[derive(Clone)]
pub(crate) struct XPath {
    source: Str,
    /// Parsed when the rules load; at first use where they are part of the build.
    parsed: OnceCell<Option<Expression>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Path(Path),
    Literal(Vec<u8>),
    Number(f64),
    Call(functions::Function, Vec<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Negate(Box<Expression>),
}

/// Steps from the root, from the node that is looked at, or from what an expression gives.
#[derive(Debug, Clone, PartialEq)]
struct Path {
    start: Start,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Start {
    Root,
    Here,
    /// `(...)[...]`.
    Of(Box<Expression>, Vec<Expression>),
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    axis: Axis,
    test: NodeTest,
    predicates: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Parent,
    Preceding,
    PrecedingSibling,
    Myself,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum NodeTest {
    /// `node()`.
    Any,
    /// `text()`.
    Text,
    /// `comment()` and `processing-instruction()`: the document keeps none.
    Nothing,
    /// `*`, `prefix:*`, `name`, `prefix:name`.
    Name { prefix: Option<String>, local: Option<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Union,
}

impl XPath {
    /// The error says what is wrong.
    pub(crate) fn compile(source: &str) -> Result<XPath, String> {
        let parsed = parse::parse(source).map_err(|fault| format!("XPath `{source}`: {fault}"))?;
        Ok(XPath { source: source.to_owned().into(), parsed: OnceCell::from(Some(parsed)) })
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    fn expression(&self) -> Option<&Expression> {
        self.parsed.get_or_init(|| parse::parse(&self.source).ok()).as_ref()
    }
}

impl PartialEq for XPath {
    fn eq(&self, other: &XPath) -> bool {
        self.source == other.source
    }
}

impl Stored for XPath {
    fn write(&self, writer: &mut Writer) {
        self.source.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<XPath> {
        Some(XPath { source: Str::read(reader)?, parsed: OnceCell::new() })
    }
}

impl std::fmt::Debug for XPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}
