//! The variables of a rule.

use crate::ast::{Selector, Sign, Variable};
use crate::cursor::Cursor;
use crate::position::{Fault, Span};

/// Reads `ARGS|!ARGS:id|&REQUEST_HEADERS:/^x-/`, separated by `|` or `,`.
///
/// All variables get the span of the whole; the error is an offset into `text` and a message.
pub fn parse_variables(text: &str, span: Span) -> Result<Vec<Variable>, (usize, String)> {
    read(text, |_| span).map_err(|fault| (fault.offset, fault.message))
}

pub(crate) fn read(text: &str, place: impl Fn(usize) -> Span) -> Result<Vec<Variable>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut variables = Vec::new();
    loop {
        cursor.skip_blanks();
        let offset = cursor.offset();
        variables.push(one(&mut cursor, place(offset))?);
        cursor.skip_blanks();
        if cursor.is_at_end() {
            return Ok(variables);
        }
        if !cursor.eat('|') && !cursor.eat(',') {
            return Err(Fault::new(cursor.offset(), format!("expected `|` before `{}`", cursor.rest())));
        }
    }
}

fn one(cursor: &mut Cursor<'_>, span: Span) -> Result<Variable, Fault> {
    let sign = match (cursor.eat('!'), cursor.eat('&')) {
        (true, _) => Sign::Exclude,
        (false, true) => Sign::Count,
        (false, false) => Sign::Plain,
    };
    let offset = cursor.offset();
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_').to_owned();
    if name.is_empty() {
        return Err(Fault::new(offset, format!("expected a variable at `{}`", cursor.rest())));
    }
    let selector = match cursor.eat(':') || cursor.eat('.') {
        true => Some(selector(cursor, &name)?),
        false => None,
    };
    Ok(Variable { sign, name, selector, span })
}

fn selector(cursor: &mut Cursor<'_>, name: &str) -> Result<Selector, Fault> {
    let offset = cursor.offset();
    let xpath = name.eq_ignore_ascii_case("XML");
    if cursor.eat('\'') {
        let Some(text) = cursor.quoted('\'') else {
            return Err(Fault::new(offset, "a quoted selector does not end"));
        };
        let inner = text.strip_prefix('/').and_then(|text| text.strip_suffix('/'));
        return Ok(match inner {
            Some(inner) if !xpath => Selector::Regex(inner.to_owned()),
            _ => Selector::Quoted(text),
        });
    }
    if let Some(pattern) = regex(cursor.rest()).filter(|_| !xpath) {
        for _ in 0..pattern.chars().count() + 2 {
            cursor.bump();
        }
        return Ok(Selector::Regex(pattern.to_owned()));
    }
    let key = match xpath {
        true => expression(cursor),
        false => cursor.take_while(|c| c != '|' && c != ','),
    };
    let key = key.trim_end_matches(|c: char| c.is_ascii_whitespace());
    match key.is_empty() {
        true => Err(Fault::new(offset, "expected a selector behind `:`")),
        false => Ok(Selector::Key(key.to_owned())),
    }
}

/// An XPath expression: `|` and `,` within brackets, parentheses and quotes belong to it.
fn expression<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let rest = cursor.rest();
    let (mut depth, mut quote) = (0usize, None);
    cursor.take_while_with(|c| {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, '|' | ',') if depth == 0 => return false,
            _ => {}
        }
        true
    });
    let length = rest.len() - cursor.rest().len();
    rest.get(..length).unwrap_or_default()
}

/// The pattern between the slash that comes first and the slash that ends the variable.
fn regex(text: &str) -> Option<&str> {
    let body = text.strip_prefix('/')?;
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '/' => {
                let behind = body.get(at + 1..)?.trim_start_matches(|c: char| c.is_ascii_whitespace());
                if behind.is_empty() || behind.starts_with(['|', ',']) {
                    return body.get(..at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Sign, &str, Option<Selector>)]) {
        let found: Vec<_> = parse_variables(text, Span::default())
            .unwrap()
            .into_iter()
            .map(|variable| (variable.sign, variable.name, variable.selector))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(s, n, x)| (*s, (*n).to_owned(), x.clone())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms() {
        let key = |text: &str| Some(Selector::Key(text.into()));
        let regex = |text: &str| Some(Selector::Regex(text.into()));
        check("ARGS", &[(Sign::Plain, "ARGS", None)]);
        check(
            "ARGS:a.b-c|!ARGS:id",
            &[(Sign::Plain, "ARGS", key("a.b-c")), (Sign::Exclude, "ARGS", key("id"))],
        );
        check("&TX:/^a|b\\/c/,ARGS", &[(Sign::Count, "TX", regex("^a|b\\/c")), (Sign::Plain, "ARGS", None)]);
        check("ARGS:'/a b/'", &[(Sign::Plain, "ARGS", regex("a b"))]);
        check("ARGS:'a b'", &[(Sign::Plain, "ARGS", Some(Selector::Quoted("a b".into())))]);
        check(
            "XML:/a/b[@c='d|e']|ARGS",
            &[(Sign::Plain, "XML", key("/a/b[@c='d|e']")), (Sign::Plain, "ARGS", None)],
        );
        check("XML:/*|XML://@*", &[(Sign::Plain, "XML", key("/*")), (Sign::Plain, "XML", key("//@*"))]);
    }

    #[test]
    fn faults() {
        for bad in ["", "|", "ARGS|", "ARGS:", "ARGS:'a", "ARGS ARGS"] {
            assert!(parse_variables(bad, Span::default()).is_err(), "{bad}");
        }
    }
}
