//! A parsed query.

use super::pattern::Pattern;
use crate::value::{Text, Value};

/// `$` or `@` with what follows it.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) segments: Vec<Segment>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// `$`: at the whole document.
    Root,
    /// `@`: at the value that a filter looks at.
    Current,
}

/// Selectors, of a value or of all beneath it.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) reach: Reach,
    pub(super) selectors: Vec<Selector>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Children,
    Descendants,
}

#[derive(Debug)]
pub(super) enum Selector {
    Name(Text),
    Wildcard,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Logical),
}

/// A condition.
#[derive(Debug)]
pub(super) enum Logical {
    Or(Vec<Logical>),
    And(Vec<Logical>),
    Not(Box<Logical>),
    Exists(Path),
    Compare(Comparable, Comparison, Comparable),
    /// `match`, of the whole text, or `search`.
    Matches {
        text: Comparable,
        pattern: Comparable,
        compiled: Option<Pattern>,
        scope: Scope,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Whole,
    Anywhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Something that is one value, or nothing.
#[derive(Debug)]
pub(super) enum Comparable {
    Literal(Value),
    /// A singular path.
    Path(Path),
    Length(Box<Comparable>),
    Count(Path),
    Value(Path),
}

impl Path {
    pub(super) fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            let one = matches!(segment.selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)]);
            one && segment.reach == Reach::Children
        })
    }
}
