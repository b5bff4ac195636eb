//! From text to directives.

use crate::actions;
use crate::ast::{Argument, Body, Directive, Document, SecRule};
use crate::cursor::Cursor;
use crate::lines::{self, Line};
use crate::operator::parse_operator;
use crate::position::{Fault, ParseError, Span};
use crate::variables;

/// Parses a text. `file` is its name, for errors and for the rules' own record.
///
/// Names of directives, variables, operators and actions are not checked here, only their form.
pub fn parse(file: &str, text: &str) -> Result<Document, ParseError> {
    let directives = directives(file, text).map(|read| read.map_err(|unread| unread.error));
    Ok(Document { file: file.to_owned(), directives: directives.collect::<Result<_, _>>()? })
}

/// Parses a text directive by directive: behind one that is wrong the next one follows.
pub fn directives<'a>(
    file: &'a str,
    text: &str,
) -> impl Iterator<Item = Result<Directive, Unread>> + use<'a> {
    lines::logical(text).into_iter().map(move |line| {
        directive(&line).map_err(|fault| Unread {
            error: ParseError {
                file: file.to_owned(),
                span: line.places.span(fault.offset),
                message: fault.message.lines().collect::<Vec<_>>().join(" "),
            },
            text: line.text,
        })
    })
}

/// A directive that is wrong in its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What is wrong, and where.
    pub error: ParseError,
    /// The directive in one line.
    pub text: String,
}

/// An argument, and where its content begins in the logical line.
struct Piece {
    argument: Argument,
    content: usize,
}

impl Piece {
    /// The offset in the line of an offset in the content: in quotes, a `"` took two bytes.
    fn offset(&self, offset: usize) -> usize {
        let before = self.argument.text.as_bytes().get(..offset).unwrap_or_default();
        let escapes = match self.argument.quote {
            Some(quote) => before.iter().filter(|&&byte| char::from(byte) == quote).count(),
            None => 0,
        };
        self.content + offset + escapes
    }
}

fn directive(line: &Line) -> Result<Directive, Fault> {
    let mut cursor = Cursor::new(&line.text);
    let name = cursor.take_while(|c| !c.is_ascii_whitespace()).to_owned();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(Fault::new(0, format!("expected a directive at `{name}`")));
    }
    if name.ends_with('\\') {
        return Err(Fault::new(0, format!("`{name}` ends in a backslash")));
    }
    let pieces = pieces(&mut cursor, line, Kind::of(&name))?;
    let body = match name.to_ascii_lowercase().as_str() {
        "secrule" => Body::Rule(rule(&pieces, line)?),
        "secaction" | "secdefaultaction" => Body::Actions(only_actions(&name, &pieces, line)?),
        _ => Body::Plain(pieces.into_iter().map(|piece| piece.argument).collect()),
    };
    Ok(Directive { name, span: line.places.span(0), body })
}

fn rule(pieces: &[Piece], line: &Line) -> Result<SecRule, Fault> {
    let (variables, operator, actions) = match pieces {
        [variables, operator] => (variables, operator, None),
        [variables, operator, actions] => (variables, operator, Some(actions)),
        [_, _, _, more, ..] => return Err(Fault::new(more.content, "`SecRule` takes no fourth argument")),
        _ => return Err(Fault::new(0, "`SecRule` needs variables and an operator")),
    };
    Ok(SecRule {
        variables: within(variables, line, variables::read)?,
        operator: parse_operator(&operator.argument.text, operator.argument.span),
        actions: match actions {
            Some(actions) => within(actions, line, actions::read)?,
            None => Vec::new(),
        },
    })
}

fn only_actions(name: &str, pieces: &[Piece], line: &Line) -> Result<Vec<crate::Action>, Fault> {
    match pieces {
        [actions] => within(actions, line, actions::read),
        _ => Err(Fault::new(0, format!("`{name}` takes one argument"))),
    }
}

/// Reads the content of an argument, with places and faults put right.
fn within<'a, T>(
    piece: &'a Piece,
    line: &'a Line,
    read: impl Fn(&'a str, Box<dyn Fn(usize) -> Span + 'a>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let place = Box::new(|offset| line.places.span(piece.offset(offset)));
    read(&piece.argument.text, place).map_err(|fault| Fault::new(piece.offset(fault.offset), fault.message))
}

/// What kind of arguments a directive has.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rule,
    Action,
    Plain,
}

impl Kind {
    fn of(name: &str) -> Kind {
        match name {
            _ if name.eq_ignore_ascii_case("SecRule") => Kind::Rule,
            _ if name.eq_ignore_ascii_case("SecAction") => Kind::Action,
            _ => Kind::Plain,
        }
    }

    /// Whether the argument of this index is a list of actions. The line may end without its closing quote, as
    /// ModSecurity v3 has it.
    fn is_open_ended(self, index: usize) -> bool {
        matches!((self, index), (Kind::Rule, 2) | (Kind::Action, 0))
    }
}

fn pieces(cursor: &mut Cursor<'_>, line: &Line, kind: Kind) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    loop {
        cursor.skip_blanks();
        let start = cursor.offset();
        let Some(first) = cursor.peek() else { return Ok(pieces) };
        let span = line.places.span(start);
        let (text, quote) = match first {
            '"' | '\'' => (quoted(cursor, first, kind.is_open_ended(pieces.len()))?, Some(first)),
            _ => (bare(cursor, kind == Kind::Rule && pieces.is_empty())?, None),
        };
        let content = start + usize::from(quote.is_some());
        pieces.push(Piece { argument: Argument { text, quote, span }, content });
    }
}

fn quoted(cursor: &mut Cursor<'_>, quote: char, is_open_ended: bool) -> Result<String, Fault> {
    let start = cursor.offset();
    cursor.bump();
    let text = match cursor.quoted_or_rest(quote) {
        (text, true) => text,
        (text, false) if is_open_ended && !text.ends_with('\\') => return Ok(text),
        _ => return Err(Fault::new(start, "a quoted argument does not end")),
    };
    match cursor.peek() {
        Some(c) if !c.is_ascii_whitespace() => {
            Err(Fault::new(cursor.offset(), format!("expected a blank before `{}`", cursor.rest())))
        }
        _ => Ok(text),
    }
}

/// An argument without quotes; among a rule's variables a blank may stand in a quoted selector.
fn bare(cursor: &mut Cursor<'_>, is_variables: bool) -> Result<String, Fault> {
    let start = cursor.offset();
    let mut text = String::new();
    while let Some(c) = cursor.peek().filter(|c| !c.is_ascii_whitespace()) {
        cursor.bump();
        let opens = is_variables && c == '\'' && text.ends_with(':');
        text.push(c);
        if opens {
            inner_quote(cursor, &mut text)
                .ok_or_else(|| Fault::new(start, "a quoted selector does not end"))?;
        }
    }
    match text.ends_with('\\') {
        true => Err(Fault::new(start, format!("`{text}` ends in a backslash"))),
        false => Ok(text),
    }
}

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
