//! JSONPath (RFC 9535): queries that select values.

mod cursor;
mod evaluate;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;
mod tree;

use crate::error::RenderCause;
use crate::value::Value;
use portcullis_core::Fuel;
use tree::Path;

/// A parsed query. It is well-formed, well-typed, and nests less than 50 levels deep.
#[derive(Debug)]
pub struct Query(Path);

/// A text that is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("1:{column}: {message}")]
pub struct QueryError {
    /// Where, in bytes, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: &'static str,
}

impl Query {
    /// Reads a query that begins with `$`.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        parser::parse(text).map(Query)
    }

    /// The values that it selects, in the order of RFC 9535; members in the order of their names. Costs fuel for each
    /// value that it looks at.
    pub fn select<'v>(&self, root: &'v Value, fuel: &Fuel) -> Result<Vec<&'v Value>, RenderCause> {
        evaluate::select(&self.0, root, fuel)
    }

    /// Whether it can select but one value.
    pub fn is_singular(&self) -> bool {
        self.0.is_singular()
    }
}
