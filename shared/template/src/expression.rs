//! Parses expressions: operators by precedence, with a stack of their own.

use crate::error::ParseError;
use crate::functions::{self, Builtin};
use crate::lexer::{Kind, Token};
use crate::parser::Parser;
use crate::path::{self, Dots};
use crate::template::Notation;
use crate::tree::{Expr, ExprKind, Expression, Lazy, Looped, Name};
use crate::value::Value;

/// How deep expressions may nest, parentheses and operands counted.
pub(crate) const DEPTH: usize = 100;

/// An operator that waits for its operands.
struct Waiting {
    at: usize,
    precedence: u8,
    arity: usize,
    what: Operator,
}

#[derive(Clone, Copy)]
enum Operator {
    Call(&'static Builtin),
    Lazy(Lazy),
}

impl Parser<'_> {
    /// An expression up to a token that cannot belong to it.
    pub(crate) fn expression(&mut self) -> Result<Expression, ParseError> {
        let at = self.token.start;
        Ok(Expression { at, root: self.operands()? })
    }

    fn operands(&mut self) -> Result<Option<Expr>, ParseError> {
        self.nested += 1;
        if self.nested > DEPTH {
            return Err(self.error("expression is nested too deeply"));
        }
        let mut done = Vec::new();
        let mut waiting = Vec::new();
        while let Some(()) = self.operand(&mut done, &mut waiting)? {
            self.advance();
        }
        while let Some(operator) = waiting.pop() {
            self.apply(operator, &mut done)?;
        }
        self.nested -= 1;
        match done.len() {
            0 | 1 => Ok(done.pop()),
            _ => Err(self.error("malformed expression")),
        }
    }

    /// Takes one operand or operator; `None` at the end of the expression.
    fn operand(
        &mut self,
        done: &mut Vec<Expr>,
        waiting: &mut Vec<Waiting>,
    ) -> Result<Option<()>, ParseError> {
        let token = self.token;
        match token.kind {
            Kind::String | Kind::Number => done.push(self.literal(token.start, token.end)?),
            Kind::Sign("[" | "{") => {
                let Some(end) = self.skip_brackets()? else { return Ok(None) };
                done.push(self.literal(token.start, end)?);
            }
            Kind::Sign("]" | "}" | ":") => {
                return Err(self.error(format!("unexpected {}", self.describe(token))));
            }
            Kind::Sign("(") => {
                self.advance();
                let inner = self.operands()?;
                self.expect_parenthesis()?;
                let inner = inner.ok_or_else(|| self.error("empty expression in parentheses"))?;
                done.push(inner);
            }
            Kind::Id => return self.word(token, done, waiting).map(Some),
            Kind::Sign(sign) => match sign_operator(sign) {
                Some((what, precedence)) => {
                    self.push(Waiting { at: token.start, precedence, arity: 2, what }, done, waiting)?
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn word(
        &mut self,
        token: Token,
        done: &mut Vec<Expr>,
        waiting: &mut Vec<Waiting>,
    ) -> Result<(), ParseError> {
        let text = self.slice(token.start, token.end);
        match text {
            "true" | "false" | "null" => done.push(self.literal(token.start, token.end)?),
            "and" | "or" | "in" | "not" => {
                let (what, precedence, arity) = word_operator(text);
                self.push(Waiting { at: token.start, precedence, arity, what }, done, waiting)?;
            }
            _ if self.peek().is("(") => {
                let call = self.call(token.start, text)?;
                done.push(call);
            }
            _ => {
                let name = self.name(text)?;
                self.note_read(&name);
                done.push(self.expr(token.start, 1, ExprKind::Name(name))?);
            }
        }
        Ok(())
    }

    /// A call: the token is the name, an opening parenthesis follows. Ends at the closing one.
    fn call(&mut self, at: usize, name: &str) -> Result<Expr, ParseError> {
        self.advance();
        let mut arguments = Vec::new();
        loop {
            self.advance();
            match self.operands()? {
                Some(argument) => arguments.push(argument),
                None => break,
            }
            if !self.token.is(",") {
                break;
            }
        }
        self.expect_parenthesis()?;
        match functions::find(name, arguments.len()) {
            Some(Found::Call(builtin)) => {
                self.note_call(builtin.name);
                self.combine(at, arguments, Operator::Call(builtin))
            }
            Some(Found::Default) => self.combine(at, arguments, Operator::Lazy(Lazy::Default)),
            None => Err(self.error(format!("unknown function `{name}`"))),
        }
    }

    /// A variable's name.
    pub(crate) fn name(&mut self, text: &str) -> Result<Name, ParseError> {
        let dots = match self.syntax.notation {
            Notation::Dots => Dots::Separate,
            Notation::Pointer => Dots::Belong,
        };
        let path = path::split(text, dots).ok_or_else(|| self.error(format!("`{text}` is not a name")))?;
        let variable = self.variable(path.first().map(|part| &**part).unwrap_or_default());
        let function = match functions::find(text, 0) {
            Some(Found::Call(builtin)) => Some(builtin),
            _ => None,
        };
        Ok(Name { text: text.into(), variable, function, looped: Looped::of(&path), path })
    }

    /// Sets operators that bind tighter to work, and lets this one wait. `not` stands among the others: `not a == b`
    /// is `(not a) == b`, and `not not a` has nothing to work on.
    fn push(
        &self,
        next: Waiting,
        done: &mut Vec<Expr>,
        waiting: &mut Vec<Waiting>,
    ) -> Result<(), ParseError> {
        let from_the_right = next.precedence == POWER;
        while let Some(last) = waiting.pop() {
            if last.precedence < next.precedence || (last.precedence == next.precedence && from_the_right) {
                waiting.push(last);
                break;
            }
            self.apply(last, done)?;
        }
        waiting.push(next);
        Ok(())
    }

    fn apply(&self, operator: Waiting, done: &mut Vec<Expr>) -> Result<(), ParseError> {
        let start = done.len().checked_sub(operator.arity).ok_or_else(|| self.error("too few arguments"))?;
        let arguments = done.split_off(start);
        done.push(self.combine(operator.at, arguments, operator.what)?);
        Ok(())
    }

    fn combine(&self, at: usize, arguments: Vec<Expr>, what: Operator) -> Result<Expr, ParseError> {
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        let kind = match what {
            Operator::Call(builtin) => ExprKind::Call { builtin, arguments },
            Operator::Lazy(lazy) => ExprKind::Lazy { lazy, arguments },
        };
        self.expr(at, depth, kind)
    }

    fn expr(&self, at: usize, depth: usize, kind: ExprKind) -> Result<Expr, ParseError> {
        if depth > DEPTH {
            return Err(self.error("expression is nested too deeply"));
        }
        Ok(Expr { at, depth, kind })
    }

    fn literal(&self, start: usize, end: usize) -> Result<Expr, ParseError> {
        let text = self.slice(start, end);
        let value = Value::from_json(text.as_bytes())
            .map_err(|_| self.error(format!("`{text}` is not a JSON value")))?;
        self.expr(start, 1, ExprKind::Literal(value))
    }

    /// From an opening bracket to the one that closes it; the end of that one, or `None` if the template ends first.
    fn skip_brackets(&mut self) -> Result<Option<usize>, ParseError> {
        let (mut square, mut curly) = (0usize, 0usize);
        loop {
            match self.token.kind {
                Kind::Sign("[") => square += 1,
                Kind::Sign("{") => curly += 1,
                Kind::Sign("]") => {
                    square = square.checked_sub(1).ok_or_else(|| self.error("unexpected `]`"))?
                }
                Kind::Sign("}") => {
                    curly = curly.checked_sub(1).ok_or_else(|| self.error("unexpected `}`"))?
                }
                Kind::End | Kind::ExpressionClose | Kind::StatementClose | Kind::LineClose => {
                    return Ok(None);
                }
                _ => {}
            }
            if square == 0 && curly == 0 {
                return Ok(Some(self.token.end));
            }
            self.advance();
        }
    }

    fn expect_parenthesis(&self) -> Result<(), ParseError> {
        if self.token.is(")") {
            return Ok(());
        }
        Err(self.error(format!("expected right parenthesis, got {}", self.describe(self.token))))
    }
}

/// What a function's name stands for.
pub(crate) enum Found {
    Call(&'static Builtin),
    Default,
}

/// The only operator that works from right to left.
const POWER: u8 = 5;

fn sign_operator(sign: &str) -> Option<(Operator, u8)> {
    if sign == "." {
        return Some((Operator::Lazy(Lazy::Member), 8));
    }
    let precedence = match sign {
        "==" | "!=" | ">" | ">=" | "<" | "<=" => 2,
        "+" | "-" => 3,
        "*" | "/" | "%" => 4,
        "^" => POWER,
        _ => return None,
    };
    functions::operator(sign).map(|builtin| (Operator::Call(builtin), precedence))
}

/// `and` and `or` bind alike.
fn word_operator(word: &str) -> (Operator, u8, usize) {
    match word {
        "and" => (Operator::Lazy(Lazy::And), 1, 2),
        "or" => (Operator::Lazy(Lazy::Or), 1, 2),
        "in" => (Operator::Call(&functions::IN), 2, 2),
        _ => (Operator::Call(&functions::NOT), 4, 1),
    }
}
