//! Parses a template: text, expressions, statements.

use crate::error::{ParseError, Position};
use crate::lexer::{Kind, Lexer, Token};
use crate::template::Syntax;
use crate::tree::{Block, Name, Node};
use crate::value::Text;
use std::rc::Rc;

/// How deep blocks may nest.
const DEPTH: usize = 50;

/// What came of parsing.
pub(crate) struct Parsed {
    pub(crate) root: Block,
    pub(crate) variables: Vec<Text>,
    pub(crate) calls: Vec<&'static str>,
    pub(crate) reads_data: bool,
}

/// The parser's state.
pub(crate) struct Parser<'a> {
    source: &'a str,
    pub(crate) syntax: Syntax,
    lexer: Lexer<'a>,
    pub(crate) token: Token,
    peeked: Option<Token>,
    /// What closes the statement that was opened last.
    last_close: Kind,
    /// How deep expressions nest at this point.
    pub(crate) nested: usize,
    variables: Vec<Text>,
    /// Variables that have surely been set at this point.
    set: Vec<usize>,
    blocks: Vec<Box<str>>,
    calls: Vec<&'static str>,
    reads_data: bool,
}

/// What ends a run of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Template,
    Else,
    EndIf,
    EndFor,
    EndBlock,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(source: &'a str, syntax: Syntax) -> Parser<'a> {
        Parser {
            source,
            syntax,
            lexer: Lexer::new(source),
            token: Token { kind: Kind::End, start: 0, end: 0 },
            peeked: None,
            last_close: Kind::StatementClose,
            nested: 0,
            variables: Vec::new(),
            set: Vec::new(),
            blocks: Vec::new(),
            calls: Vec::new(),
            reads_data: false,
        }
    }

    pub(crate) fn parse(mut self) -> Result<Parsed, ParseError> {
        let (root, ending) = self.block(0)?;
        if ending != Ending::Template {
            return Err(self.error(unmatched(ending)));
        }
        let Parser { variables, calls, reads_data, .. } = self;
        Ok(Parsed { root, variables, calls, reads_data })
    }

    /// Nodes up to a statement that ends them; the token is then the one behind that statement's word.
    fn block(&mut self, depth: usize) -> Result<(Block, Ending), ParseError> {
        if depth > DEPTH {
            return Err(self.error("blocks are nested too deeply"));
        }
        let surely_set = self.set.len();
        let mut nodes = Vec::new();
        loop {
            self.advance();
            let ending = match self.token.kind {
                Kind::End => Some(Ending::Template),
                Kind::StatementOpen | Kind::LineOpen => self.statement(depth, &mut nodes)?,
                _ => {
                    self.simple(&mut nodes)?;
                    None
                }
            };
            if let Some(ending) = ending {
                self.set.truncate(surely_set);
                return Ok((nodes, ending));
            }
        }
    }

    fn simple(&mut self, nodes: &mut Block) -> Result<(), ParseError> {
        match self.token.kind {
            Kind::Text => nodes.push(Node::Text(self.slice(self.token.start, self.token.end).into())),
            Kind::ExpressionOpen => {
                self.advance();
                nodes.push(Node::Print(self.expression()?));
                self.expect(Kind::ExpressionClose, "expression close")?;
            }
            Kind::CommentOpen => {
                self.advance();
                self.expect(Kind::CommentClose, "comment close")?;
            }
            _ => return Err(self.error(format!("unexpected {}", self.describe(self.token)))),
        }
        Ok(())
    }

    /// A statement, and for one that opens a block all up to its end. Says if it ends the block that it stands in.
    fn statement(&mut self, depth: usize, nodes: &mut Block) -> Result<Option<Ending>, ParseError> {
        let close = self.close();
        self.advance();
        if self.token.kind != Kind::Id {
            return Err(self.no_statement());
        }
        match self.slice(self.token.start, self.token.end) {
            "if" => self.conditional(close, depth, nodes)?,
            "for" => self.repetition(close, depth, nodes)?,
            "set" => self.assignment(close, nodes)?,
            "block" => self.named_block(close, depth, nodes)?,
            "include" | "extends" => self.foreign(close, nodes)?,
            "else" => {
                self.advance();
                return Ok(Some(Ending::Else));
            }
            "endif" => return self.ending(close, Ending::EndIf),
            "endfor" => return self.ending(close, Ending::EndFor),
            "endblock" => return self.ending(close, Ending::EndBlock),
            _ => return Err(self.no_statement()),
        }
        Ok(None)
    }

    fn ending(&mut self, close: Kind, ending: Ending) -> Result<Option<Ending>, ParseError> {
        self.advance();
        self.expect_close(close)?;
        Ok(Some(ending))
    }

    fn conditional(&mut self, mut close: Kind, depth: usize, nodes: &mut Block) -> Result<(), ParseError> {
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        loop {
            self.advance();
            let condition = self.expression()?;
            self.expect_close(close)?;
            let (body, ending) = self.block(depth + 1)?;
            branches.push((condition, body));
            match ending {
                Ending::EndIf => break,
                Ending::Else => {}
                Ending::Template => return Err(self.error("unmatched if")),
                ending => return Err(self.error(unmatched(ending))),
            }
            // The token is the one behind `else`.
            close = self.last_close;
            if self.token.kind == Kind::Id && self.slice(self.token.start, self.token.end) == "if" {
                continue;
            }
            self.expect_close(close)?;
            let (body, ending) = self.block(depth + 1)?;
            otherwise = body;
            match ending {
                Ending::EndIf => break,
                Ending::Template => return Err(self.error("unmatched if")),
                ending => return Err(self.error(unmatched(ending))),
            }
        }
        nodes.push(Node::If { branches, otherwise });
        Ok(())
    }

    fn repetition(&mut self, close: Kind, depth: usize, nodes: &mut Block) -> Result<(), ParseError> {
        self.advance();
        let first = self.loop_variable()?;
        let second = match self.token.is(",") {
            true => {
                self.advance();
                Some(self.loop_variable()?)
            }
            false => None,
        };
        if self.token.kind != Kind::Id || self.slice(self.token.start, self.token.end) != "in" {
            return Err(self.error(format!("expected `in`, got {}", self.describe(self.token))));
        }
        self.advance();
        let over = self.expression()?;
        self.expect_close(close)?;
        let surely_set = self.set.len();
        self.set.extend([Some(first), second].into_iter().flatten());
        let (body, ending) = self.block(depth + 1)?;
        self.set.truncate(surely_set);
        match ending {
            Ending::EndFor => {}
            Ending::Template => return Err(self.error("unmatched for")),
            ending => return Err(self.error(unmatched(ending))),
        }
        nodes.push(match second {
            None => Node::ForList { variable: first, over, body },
            Some(value) => Node::ForObject { key: first, value, over, body },
        });
        Ok(())
    }

    fn loop_variable(&mut self) -> Result<usize, ParseError> {
        if self.token.kind != Kind::Id {
            return Err(self.error(format!("expected id, got {}", self.describe(self.token))));
        }
        let text = self.slice(self.token.start, self.token.end);
        self.refuse_loop(text)?;
        let variable = self.variable(text.as_bytes());
        self.advance();
        Ok(variable)
    }

    fn assignment(&mut self, close: Kind, nodes: &mut Block) -> Result<(), ParseError> {
        self.advance();
        if self.token.kind != Kind::Id {
            return Err(self.error(format!("expected variable name, got {}", self.describe(self.token))));
        }
        let text = self.slice(self.token.start, self.token.end);
        let name = self.set_name(text)?;
        self.advance();
        let at = self.token.start;
        if !self.token.is("=") {
            return Err(self.error(format!("expected `=`, got {}", self.describe(self.token))));
        }
        self.advance();
        let value = self.expression()?;
        self.expect_close(close)?;
        if name.path.len() == 1 {
            self.set.push(name.variable);
        }
        nodes.push(Node::Set { at, name, value });
        Ok(())
    }

    /// In a name that is set dots always separate, whatever the notation.
    fn set_name(&mut self, text: &str) -> Result<Name, ParseError> {
        let notation = std::mem::take(&mut self.syntax.notation);
        let name = self.name(text);
        self.syntax.notation = notation;
        let name = name?;
        match name.looped {
            Some(_) => Err(self.error("`loop` cannot be set")),
            None => Ok(name),
        }
    }

    fn refuse_loop(&self, text: &str) -> Result<(), ParseError> {
        if text == "loop" { Err(self.error("`loop` cannot be set")) } else { Ok(()) }
    }

    fn named_block(&mut self, close: Kind, depth: usize, nodes: &mut Block) -> Result<(), ParseError> {
        self.advance();
        if self.token.kind != Kind::Id {
            return Err(self.error(format!("expected block name, got {}", self.describe(self.token))));
        }
        let name = self.slice(self.token.start, self.token.end);
        if self.blocks.iter().any(|block| **block == *name) {
            return Err(self.error(format!("block with the name `{name}` does already exist")));
        }
        self.blocks.push(name.into());
        self.advance();
        self.expect_close(close)?;
        match self.block(depth + 1)? {
            (body, Ending::EndBlock) => nodes.push(Node::Block(body)),
            (_, Ending::Template) => return Err(self.error("unmatched block")),
            (_, ending) => return Err(self.error(unmatched(ending))),
        }
        Ok(())
    }

    fn foreign(&mut self, close: Kind, nodes: &mut Block) -> Result<(), ParseError> {
        self.advance();
        let Token { kind, start, end } = self.token;
        if kind != Kind::String || end < start + 2 {
            return Err(self.error(format!("expected string, got {}", self.describe(self.token))));
        }
        nodes.push(Node::Foreign { at: start, name: self.slice(start + 1, end - 1).into() });
        self.advance();
        self.expect_close(close)
    }

    pub(crate) fn advance(&mut self) {
        self.token = self.peeked.take().unwrap_or_else(|| self.lexer.next());
    }

    pub(crate) fn peek(&mut self) -> Token {
        *self.peeked.get_or_insert_with(|| self.lexer.next())
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or_default()
    }

    /// The index of a variable.
    pub(crate) fn variable(&mut self, name: &[u8]) -> usize {
        match self.variables.iter().position(|known| **known == *name) {
            Some(index) => index,
            None => {
                self.variables.push(Rc::from(name));
                self.variables.len() - 1
            }
        }
    }

    pub(crate) fn note_read(&mut self, name: &Name) {
        if name.looped.is_none() && !self.set.contains(&name.variable) {
            self.reads_data = true;
        }
    }

    pub(crate) fn note_call(&mut self, function: &'static str) {
        if !self.calls.contains(&function) {
            self.calls.push(function);
        }
    }

    /// An error at the token that was read last.
    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { at: Position::of(self.source, self.lexer.last), message: message.into() }
    }

    pub(crate) fn describe(&self, token: Token) -> String {
        match token.kind {
            Kind::End => "the end of the template".to_owned(),
            _ => format!("`{}`", self.slice(token.start, token.end).escape_debug()),
        }
    }

    fn no_statement(&self) -> ParseError {
        self.error(format!("expected statement, got {}", self.describe(self.token)))
    }

    fn expect(&self, kind: Kind, what: &str) -> Result<(), ParseError> {
        if self.token.kind == kind {
            return Ok(());
        }
        Err(self.error(format!("expected {what}, got {}", self.describe(self.token))))
    }

    /// What closes the statement that the token opens.
    fn close(&mut self) -> Kind {
        self.last_close = match self.token.kind {
            Kind::LineOpen => Kind::LineClose,
            _ => Kind::StatementClose,
        };
        self.last_close
    }

    fn expect_close(&self, close: Kind) -> Result<(), ParseError> {
        match close {
            // The last line need not end.
            Kind::LineClose if self.token.kind == Kind::End => Ok(()),
            Kind::LineClose => self.expect(close, "line statement close"),
            _ => self.expect(close, "statement close"),
        }
    }
}

fn unmatched(ending: Ending) -> &'static str {
    match ending {
        Ending::Template => "unexpected end of the template",
        Ending::Else => "else without matching if",
        Ending::EndIf => "endif without matching if",
        Ending::EndFor => "endfor without matching for",
        Ending::EndBlock => "endblock without matching block",
    }
}
