//! From text to an expression (XPath 1.0, section 3.7).

use super::functions::Function;
use super::{Axis, Expression, NodeTest, Operator, Path, Start, Step};

/// How deep an expression may nest.
const DEPTH: usize = 32;

pub(super) fn parse(source: &str) -> Result<Expression, String> {
    let mut parser = Parser { tokens: tokens(source)?, at: 0, depth: 0 };
    let expression = parser.binary(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("unexpected `{}`", token.text())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A sign, or an operator of letters where one is due.
    Sign(&'static str),
    /// `a`, `a:b`, `a:*`.
    Name(String),
    Literal(String),
    Number(f64),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Token::Sign(sign) => (*sign).to_owned(),
            Token::Name(name) | Token::Literal(name) => name.clone(),
            Token::Number(number) => number.to_string(),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 22] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=", "<", ">",
    "*", ":",
];

fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' | '"' => {
                let inside = rest.get(1..).unwrap_or_default();
                let end = inside.find(first).ok_or("a literal does not end")?;
                (Token::Literal(inside.get(..end).unwrap_or_default().to_owned()), end + 2)
            }
            '0'..='9' => number(rest),
            '.' if rest.get(1..2).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())) => {
                number(rest)
            }
            _ if is_name_start(first) => {
                let length = name_length(rest);
                let name = rest.get(..length).unwrap_or_default();
                (
                    operator_name(name, tokens.last())
                        .map_or_else(|| Token::Name(name.to_owned()), Token::Sign),
                    length,
                )
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| format!("unexpected `{first}`"))?;
                (Token::Sign(sign), sign.len())
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn number(rest: &str) -> (Token, usize) {
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    (Token::Number(rest.get(..length).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)), length)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// A name, with its prefix; a `*` may stand behind the prefix. `::` ends an axis's name.
fn name_length(text: &str) -> usize {
    let part =
        |text: &str| text.find(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))).unwrap_or(text.len());
    let first = part(text);
    let behind = text.get(first..).unwrap_or_default();
    match behind.strip_prefix(':') {
        Some(rest) if rest.starts_with('*') => first + 2,
        Some(rest) if rest.starts_with(is_name_start) => first + 1 + part(rest),
        _ => first,
    }
}

/// `and`, `or`, `div` and `mod` are operators behind an operand (section 3.7).
fn operator_name(name: &str, before: Option<&Token>) -> Option<&'static str> {
    let is_operand = match before? {
        Token::Sign(sign) => matches!(*sign, ")" | "]" | "." | ".." | "*"),
        _ => true,
    };
    ["and", "or", "div", "mod"].into_iter().find(|known| is_operand && *known == name)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Operators from those that bind least.
const LEVELS: [&[(&str, Operator)]; 7] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[("=", Operator::Equal), ("!=", Operator::NotEqual)],
    &[
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterOrEqual),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("div", Operator::Divide), ("mod", Operator::Remainder)],
    &[("|", Operator::Union)],
];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, sign: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.eat(sign) {
            true => Ok(()),
            false => Err(format!("expected `{sign}`")),
        }
    }

    fn binary(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        if level == LEVELS.len() - 1 && self.eat("-") {
            return Ok(Expression::Negate(Box::new(self.nested(|parser| parser.binary(level))?)));
        }
        let mut left = self.binary(level + 1)?;
        while let Some((_, operator)) =
            operators.iter().find(|(sign, _)| self.peek() == Some(&Token::Sign(sign)))
        {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Parser) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("it nests too deeply".to_owned());
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// A literal, a number, a call, something in parentheses, or a path.
    fn operand(&mut self) -> Result<Expression, String> {
        let is_call = self.tokens.get(self.at + 1) == Some(&Token::Sign("("));
        let start = match self.peek().cloned() {
            Some(Token::Literal(text)) => {
                self.at += 1;
                Expression::Literal(text.into_bytes())
            }
            Some(Token::Number(number)) => {
                self.at += 1;
                Expression::Number(number)
            }
            Some(Token::Sign("(")) => {
                self.at += 1;
                let inner = self.nested(|parser| parser.binary(0))?;
                self.expect(")")?;
                inner
            }
            Some(Token::Name(name)) if is_call && node_type(&name).is_none() => self.call(&name)?,
            _ => return self.path().map(Expression::Path),
        };
        let predicates = self.predicates()?;
        let mut steps = Vec::new();
        match (self.eat("//"), self.eat("/")) {
            (true, _) => {
                steps.push(anything());
                self.steps(&mut steps)?;
            }
            (false, true) => self.steps(&mut steps)?,
            (false, false) if predicates.is_empty() => return Ok(start),
            (false, false) => {}
        }
        Ok(Expression::Path(Path { start: Start::Of(Box::new(start), predicates), steps }))
    }

    fn call(&mut self, name: &str) -> Result<Expression, String> {
        let function = Function::find(name).ok_or_else(|| format!("unknown function `{name}`"))?;
        self.at += 2;
        let mut arguments = Vec::new();
        while !self.eat(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.nested(|parser| parser.binary(0))?);
        }
        match function.takes(arguments.len()) {
            true => Ok(Expression::Call(function, arguments)),
            false => Err(format!("`{name}` does not take {} arguments", arguments.len())),
        }
    }

    fn path(&mut self) -> Result<Path, String> {
        let mut steps = Vec::new();
        let start = match (self.eat("//"), self.eat("/")) {
            (true, _) => {
                steps.push(anything());
                Start::Root
            }
            (false, true) => Start::Root,
            (false, false) => Start::Here,
        };
        let is_bare_root = start == Start::Root && steps.is_empty() && !self.begins_step();
        if !is_bare_root {
            self.steps(&mut steps)?;
        }
        Ok(Path { start, steps })
    }

    fn begins_step(&self) -> bool {
        matches!(self.peek(), Some(Token::Name(_) | Token::Sign("*" | "@" | "." | "..")))
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), String> {
        loop {
            steps.push(self.step()?);
            if self.eat("//") {
                steps.push(anything());
            } else if !self.eat("/") {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.eat("..") {
            return Ok(Step { axis: Axis::Parent, test: NodeTest::Any, predicates: Vec::new() });
        }
        if self.eat(".") {
            return Ok(Step { axis: Axis::Myself, test: NodeTest::Any, predicates: Vec::new() });
        }
        let axis = match self.eat("@") {
            true => Axis::Attribute,
            false => self.axis()?,
        };
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Result<Axis, String> {
        let (Some(Token::Name(name)), Some(Token::Sign("::"))) = (self.peek(), self.tokens.get(self.at + 1))
        else {
            return Ok(Axis::Child);
        };
        let axis = match name.as_str() {
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "attribute" => Axis::Attribute,
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "following" => Axis::Following,
            "following-sibling" => Axis::FollowingSibling,
            "parent" => Axis::Parent,
            "preceding" => Axis::Preceding,
            "preceding-sibling" => Axis::PrecedingSibling,
            "self" => Axis::Myself,
            _ => return Err(format!("unknown axis `{name}`")),
        };
        self.at += 2;
        Ok(axis)
    }

    fn test(&mut self) -> Result<NodeTest, String> {
        if self.eat("*") {
            return Ok(NodeTest::Name { prefix: None, local: None });
        }
        let Some(Token::Name(name)) = self.peek().cloned() else {
            let found =
                self.peek().map_or_else(|| "the end".to_owned(), |token| format!("`{}`", token.text()));
            return Err(format!("expected a step at {found}"));
        };
        self.at += 1;
        if let Some(test) = node_type(&name).filter(|_| self.peek() == Some(&Token::Sign("("))) {
            self.at += 1;
            // A processing instruction may be named.
            if matches!(self.peek(), Some(Token::Literal(_))) {
                self.at += 1;
            }
            self.expect(")")?;
            return Ok(test);
        }
        Ok(match name.split_once(':') {
            Some((prefix, "*")) => NodeTest::Name { prefix: Some(prefix.to_owned()), local: None },
            Some((prefix, local)) => {
                NodeTest::Name { prefix: Some(prefix.to_owned()), local: Some(local.to_owned()) }
            }
            None => NodeTest::Name { prefix: None, local: Some(name) },
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expression>, String> {
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.nested(|parser| parser.binary(0))?);
            self.expect("]")?;
        }
        Ok(predicates)
    }
}

fn node_type(name: &str) -> Option<NodeTest> {
    match name {
        "node" => Some(NodeTest::Any),
        "text" => Some(NodeTest::Text),
        "comment" | "processing-instruction" => Some(NodeTest::Nothing),
        _ => None,
    }
}

/// What `//` stands for.
fn anything() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::Any, predicates: Vec::new() }
}
