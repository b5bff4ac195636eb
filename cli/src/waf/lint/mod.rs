//! What loads and still is wrong, or looks so: found in the syntax of all texts together.

mod never;
mod reach;
mod variables;

use super::rulebook::Rulebook;
use portcullis_seclang::Span;
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// The rules do not load.
    Error,
    /// Something does not do what it says.
    Warning,
    /// Worth a look.
    Note,
}

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) level: Level,
    /// A stable name of the kind.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(file: &str, span: Span, level: Level, code: &'static str, message: String) -> Finding {
        let message = message.lines().collect::<Vec<_>>().join(" ");
        Finding { file: file.to_owned(), line: span.line, column: span.column, level, code, message }
    }
}

/// All that is found, in no order.
pub(crate) fn all(book: &Rulebook) -> Vec<Finding> {
    let rules = book.rules();
    let mut findings = Vec::new();
    never::find(&rules, book, &mut findings);
    reach::find(&rules, book, &mut findings);
    variables::find(&rules, &mut findings);
    findings
}
