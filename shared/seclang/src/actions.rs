//! The actions of a rule.

use crate::ast::{Action, Value};
use crate::cursor::Cursor;
use crate::position::{Fault, Span};

/// Reads `id:1,phase:2,msg:'a, b'`.
///
/// All actions get the span of the whole; the error is an offset into `text` and a message.
pub fn parse_actions(text: &str, span: Span) -> Result<Vec<Action>, (usize, String)> {
    read(text, |_| span).map_err(|fault| (fault.offset, fault.message))
}

pub(crate) fn read(text: &str, place: impl Fn(usize) -> Span) -> Result<Vec<Action>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut actions = Vec::new();
    loop {
        cursor.take_while(|c| c.is_ascii_whitespace() || c == ',');
        if cursor.is_at_end() {
            return Ok(actions);
        }
        let span = place(cursor.offset());
        actions.push(one(&mut cursor, span)?);
    }
}

fn one(cursor: &mut Cursor<'_>, span: Span) -> Result<Action, Fault> {
    let offset = cursor.offset();
    let name = trim(cursor.take_while(|c| c != ':' && c != ',')).to_owned();
    if name.is_empty() || name.contains(['\'', '"', '=']) {
        return Err(Fault::new(offset, format!("expected an action at `{name}`")));
    }
    let value = match cursor.eat(':') {
        true => Some(value(cursor)?),
        false => None,
    };
    Ok(Action { name, value, span })
}

fn value(cursor: &mut Cursor<'_>) -> Result<Value, Fault> {
    cursor.skip_blanks();
    let offset = cursor.offset();
    if !cursor.eat('\'') {
        return Ok(Value { text: bare(cursor)?, quoted: false });
    }
    let Some(text) = cursor.quoted('\'') else {
        return Err(Fault::new(offset, "a quoted value does not end"));
    };
    cursor.skip_blanks();
    match cursor.peek() {
        None | Some(',') => Ok(Value { text, quoted: true }),
        Some(_) => Err(Fault::new(cursor.offset(), format!("expected `,` before `{}`", cursor.rest()))),
    }
}

/// A value without quotes around the whole: to the next comma; quotes behind `=` hold commas (`setvar:tx.a='b,c'`).
fn bare(cursor: &mut Cursor<'_>) -> Result<String, Fault> {
    let mut text = String::new();
    let mut last = None;
    while let Some(c) = cursor.peek().filter(|c| *c != ',') {
        let offset = cursor.offset();
        cursor.bump();
        text.push(c);
        if c == '\'' && last == Some('=') {
            inner_quote(cursor, &mut text)
                .ok_or_else(|| Fault::new(offset, "a quoted value does not end"))?;
        }
        last = Some(c);
    }
    Ok(trim(&text).to_owned())
}

/// Copies a quoted piece as it is, its closing quote too.
fn inner_quote(cursor: &mut Cursor<'_>, text: &mut String) -> Option<()> {
    loop {
        let c = cursor.bump()?;
        text.push(c);
        match c {
            '\'' => return Some(()),
            '\\' => text.push(cursor.bump()?),
            _ => {}
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, Option<&str>)]) {
        let actions = parse_actions(text, Span::default()).unwrap();
        let found: Vec<_> = actions.iter().map(|a| (&*a.name, a.value.as_ref().map(|v| &*v.text))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms() {
        check("", &[]);
        check("id:1, phase:2 ,deny", &[("id", Some("1")), ("phase", Some("2")), ("deny", None)]);
        check("msg:'a, \\'b\\'',log", &[("msg", Some("a, 'b'")), ("log", None)]);
        check("setvar:tx.a='x,y',log", &[("setvar", Some("tx.a='x,y'")), ("log", None)]);
        check("setvar:'tx.a=+1'", &[("setvar", Some("tx.a=+1"))]);
        check("redirect:http://a/?b=c", &[("redirect", Some("http://a/?b=c"))]);
        check("logdata:it's,log", &[("logdata", Some("it's")), ("log", None)]);
        check("id:1,", &[("id", Some("1"))]);
    }

    #[test]
    fn faults() {
        for bad in ["msg:'a", ":a", "setvar:tx.a='b", "msg:'a'b", "'a'"] {
            assert!(parse_actions(bad, Span::default()).is_err(), "{bad}");
        }
    }
}
