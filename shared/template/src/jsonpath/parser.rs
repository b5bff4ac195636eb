//! Parses a query, and checks the types of what its functions take and give (RFC 9535 section 2.4.3).

use super::QueryError;
use super::cursor::Cursor;
use super::pattern::Pattern;
use super::tree::{Comparable, Comparison, Logical, Path, Reach, Scope, Segment, Selector, Start};
use crate::value::{Text, Value};

/// How deep filters and parentheses may nest.
const DEPTH: usize = 50;

/// Reads a whole query.
pub(super) fn parse(text: &str) -> Result<Path, QueryError> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    parser.cursor.expect("$", "a query begins with `$`")?;
    let path = parser.path(Start::Root)?;
    if !parser.cursor.is_at_end() {
        return Err(parser.cursor.error("unexpected character"));
    }
    Ok(path)
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

/// A part of a condition, before it is known what is asked of it.
enum Operand {
    Literal(Value),
    Path(Path),
    /// A function that gives a value.
    Value(Comparable),
    /// A function that gives a truth value.
    Logical(Logical),
}

impl Parser<'_> {
    /// Segments; blanks may stand between them, not behind.
    fn path(&mut self, start: Start) -> Result<Path, QueryError> {
        let mut segments = Vec::new();
        loop {
            let mark = self.cursor.mark();
            self.cursor.skip_blanks();
            match self.segment()? {
                Some(segment) => segments.push(segment),
                None => {
                    self.cursor.reset(mark);
                    return Ok(Path { start, segments });
                }
            }
        }
    }

    fn segment(&mut self) -> Result<Option<Segment>, QueryError> {
        let reach = match () {
            () if self.cursor.take("..") => Reach::Descendants,
            () if self.cursor.take(".") => Reach::Children,
            () if self.cursor.peek() == Some('[') => {
                let selectors = self.brackets()?;
                return Ok(Some(Segment { reach: Reach::Children, selectors }));
            }
            () => return Ok(None),
        };
        let selectors = match self.cursor.peek() {
            Some('[') if reach == Reach::Descendants => self.brackets()?,
            Some('*') => {
                self.cursor.next();
                vec![Selector::Wildcard]
            }
            Some(c) if is_name_first(c) => {
                let name = self.cursor.run(|c| is_name_first(c) || c.is_ascii_digit());
                vec![Selector::Name(Text::from(name.as_bytes()))]
            }
            _ => return Err(self.cursor.error("expected a name, `*` or `[`")),
        };
        Ok(Some(Segment { reach, selectors }))
    }

    fn brackets(&mut self) -> Result<Vec<Selector>, QueryError> {
        self.cursor.next();
        let mut selectors = Vec::new();
        loop {
            self.cursor.skip_blanks();
            selectors.push(self.selector()?);
            self.cursor.skip_blanks();
            if !self.cursor.take(",") {
                break;
            }
        }
        self.cursor.expect("]", "expected `,` or `]`")?;
        Ok(selectors)
    }

    fn selector(&mut self) -> Result<Selector, QueryError> {
        match self.cursor.peek() {
            Some('"' | '\'') => Ok(Selector::Name(Text::from(self.cursor.string()?.into_bytes()))),
            Some('*') => {
                self.cursor.next();
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.cursor.next();
                self.cursor.skip_blanks();
                self.or().map(Selector::Filter)
            }
            Some('-' | ':' | '0'..='9') => self.index_or_slice(),
            _ => Err(self.cursor.error("expected a selector")),
        }
    }

    fn index_or_slice(&mut self) -> Result<Selector, QueryError> {
        let start = self.optional_integer()?;
        let mark = self.cursor.mark();
        self.cursor.skip_blanks();
        if !self.cursor.take(":") {
            self.cursor.reset(mark);
            return start.map(Selector::Index).ok_or_else(|| self.cursor.error("expected an index"));
        }
        self.cursor.skip_blanks();
        let end = self.optional_integer()?;
        self.cursor.skip_blanks();
        let mut step = None;
        if self.cursor.take(":") {
            self.cursor.skip_blanks();
            step = self.optional_integer()?;
        }
        Ok(Selector::Slice { start, end, step: step.unwrap_or(1) })
    }

    fn optional_integer(&mut self) -> Result<Option<i64>, QueryError> {
        match self.cursor.peek() {
            Some('-' | '0'..='9') => self.cursor.integer().map(Some),
            _ => Ok(None),
        }
    }

    fn or(&mut self) -> Result<Logical, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.cursor.error("the query is nested too deeply"));
        }
        let mut terms = vec![self.and()?];
        while self.operator("||") {
            terms.push(self.and()?);
        }
        self.depth -= 1;
        Ok(single_or(terms, Logical::Or))
    }

    fn and(&mut self) -> Result<Logical, QueryError> {
        let mut terms = vec![self.basic()?];
        while self.operator("&&") {
            terms.push(self.basic()?);
        }
        Ok(single_or(terms, Logical::And))
    }

    /// Takes an operator, with the blanks around it.
    fn operator(&mut self, sign: &str) -> bool {
        let mark = self.cursor.mark();
        self.cursor.skip_blanks();
        let taken = self.cursor.take(sign);
        match taken {
            true => self.cursor.skip_blanks(),
            false => self.cursor.reset(mark),
        }
        taken
    }

    fn basic(&mut self) -> Result<Logical, QueryError> {
        let negated = self.cursor.take("!");
        if negated {
            self.cursor.skip_blanks();
        }
        let term = match self.cursor.take("(") {
            true => self.parenthesis()?,
            false => self.test_or_comparison(negated)?,
        };
        Ok(if negated { Logical::Not(Box::new(term)) } else { term })
    }

    fn parenthesis(&mut self) -> Result<Logical, QueryError> {
        self.cursor.skip_blanks();
        let inner = self.or()?;
        self.cursor.skip_blanks();
        self.cursor.expect(")", "expected `)`")?;
        Ok(inner)
    }

    fn test_or_comparison(&mut self, negated: bool) -> Result<Logical, QueryError> {
        let left = self.operand()?;
        match if negated { None } else { self.comparison() } {
            Some(comparison) => {
                let left = self.comparable(left)?;
                let right = self.operand()?;
                Ok(Logical::Compare(left, comparison, self.comparable(right)?))
            }
            None => match left {
                Operand::Path(path) => Ok(Logical::Exists(path)),
                Operand::Logical(logical) => Ok(logical),
                Operand::Literal(_) | Operand::Value(_) => Err(self.cursor.error("expected a comparison")),
            },
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        SIGNS.into_iter().find(|(sign, _)| self.operator(sign)).map(|(_, comparison)| comparison)
    }

    fn operand(&mut self) -> Result<Operand, QueryError> {
        match self.cursor.peek() {
            Some('"' | '\'') => Ok(Operand::Literal(Value::text(self.cursor.string()?))),
            Some('-' | '0'..='9') => self.cursor.number().map(Operand::Literal),
            Some(start @ ('$' | '@')) => {
                self.cursor.next();
                self.path(if start == '$' { Start::Root } else { Start::Current }).map(Operand::Path)
            }
            Some('a'..='z') => self.word(),
            _ => Err(self.cursor.error("expected a value")),
        }
    }

    fn word(&mut self) -> Result<Operand, QueryError> {
        let word = self.cursor.run(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        match word {
            "true" => Ok(Operand::Literal(Value::Bool(true))),
            "false" => Ok(Operand::Literal(Value::Bool(false))),
            "null" => Ok(Operand::Literal(Value::Null)),
            _ => self.call(word),
        }
    }

    fn call(&mut self, name: &str) -> Result<Operand, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.cursor.error("the query is nested too deeply"));
        }
        self.cursor.expect("(", "expected `(`")?;
        self.cursor.skip_blanks();
        let call = match name {
            "length" => Operand::Value(Comparable::Length(Box::new(self.value_argument()?))),
            "count" => Operand::Value(Comparable::Count(self.nodes_argument()?)),
            "value" => Operand::Value(Comparable::Value(self.nodes_argument()?)),
            "match" => Operand::Logical(self.matches(Scope::Whole)?),
            "search" => Operand::Logical(self.matches(Scope::Anywhere)?),
            _ => return Err(self.cursor.error("unknown function")),
        };
        self.cursor.skip_blanks();
        self.cursor.expect(")", "expected `)`")?;
        self.depth -= 1;
        Ok(call)
    }

    fn matches(&mut self, scope: Scope) -> Result<Logical, QueryError> {
        let text = self.value_argument()?;
        self.cursor.skip_blanks();
        self.cursor.expect(",", "expected `,`")?;
        self.cursor.skip_blanks();
        let pattern = self.value_argument()?;
        let compiled = match &pattern {
            Comparable::Literal(Value::Text(text)) => Some(Pattern::new(text, scope)),
            _ => None,
        };
        Ok(Logical::Matches { text, pattern, compiled, scope })
    }

    fn value_argument(&mut self) -> Result<Comparable, QueryError> {
        let operand = self.operand()?;
        self.comparable(operand)
    }

    fn nodes_argument(&mut self) -> Result<Path, QueryError> {
        match self.operand()? {
            Operand::Path(path) => Ok(path),
            _ => Err(self.cursor.error("expected a query")),
        }
    }

    fn comparable(&self, operand: Operand) -> Result<Comparable, QueryError> {
        match operand {
            Operand::Literal(value) => Ok(Comparable::Literal(value)),
            Operand::Path(path) if path.is_singular() => Ok(Comparable::Path(path)),
            Operand::Value(comparable) => Ok(comparable),
            Operand::Path(_) => Err(self.cursor.error("expected a query for one value")),
            Operand::Logical(_) => Err(self.cursor.error("expected a value, got a condition")),
        }
    }
}

fn single_or(mut terms: Vec<Logical>, several: fn(Vec<Logical>) -> Logical) -> Logical {
    match terms.pop() {
        Some(term) if terms.is_empty() => term,
        Some(term) => {
            terms.push(term);
            several(terms)
        }
        None => several(terms),
    }
}

fn is_name_first(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}
