//! Physical lines joined to logical ones: continuation by a backslash at the end, comments left out.

use crate::position::{Places, Span};

/// A directive's text in one piece.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) places: Places,
}

/// The logical lines of a text.
///
/// As ModSecurity v3 and Coraza have it: blanks around a physical line do not count; a backslash at its end joins the
/// next one; a line that begins with `#` is a comment, and a rule that is commented out reaches to the end of its
/// continuation.
pub(crate) fn logical(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut open: Option<Line> = None;
    let mut in_comment = false;
    for (number, physical) in text.lines().enumerate() {
        let trimmed = physical.trim_matches(|c: char| c.is_ascii_whitespace());
        if open.is_none() && (in_comment || trimmed.starts_with('#')) {
            in_comment = trimmed.ends_with('\\') && (in_comment || is_directive(trimmed));
            continue;
        }
        let (content, continued) = match trimmed.strip_suffix('\\') {
            Some(content) => (content, true),
            None => (trimmed, false),
        };
        if content.is_empty() && open.is_none() {
            continue;
        }
        let line = open.get_or_insert_with(|| Line { text: String::new(), places: Places::default() });
        let indent = physical.len() - physical.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
        line.places.begin(line.text.len(), Span { line: count(number), column: count(indent) });
        line.text.push_str(content);
        if !continued {
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    lines
}

/// Whether a comment holds a rule that was commented out.
fn is_directive(comment: &str) -> bool {
    let text = comment.trim_start_matches('#').trim_start();
    let head = text.get(..6).unwrap_or_default();
    head.eq_ignore_ascii_case("SecRul") || head.eq_ignore_ascii_case("SecAct")
}

/// From 0 to from 1.
fn count(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let lines: Vec<_> = logical(text).into_iter().map(|line| line.text).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn joins_and_leaves_comments_out() {
        check("A b\n\n  # no\n  C \\\n    d \\\r\n  e\nF", &["A b", "C d e", "F"]);
        check("#SecRule A \\\n  \"x\" \\\n  \"id:1\"\nB", &["B"]);
        check("# prose ends in \\\nB", &["B"]);
        check("A \\", &["A "]);
        check("A \\\n# not a comment", &["A # not a comment"]);
    }

    #[test]
    fn knows_where_things_stood() {
        let lines = logical("\n  A b \\\n    c");
        let places = &lines[0].places;
        assert_eq!(places.span(0), Span { line: 2, column: 3 });
        assert_eq!(places.span(2), Span { line: 2, column: 5 });
        assert_eq!(places.span(4), Span { line: 3, column: 5 });
    }
}
