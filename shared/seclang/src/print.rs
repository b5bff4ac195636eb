//! From the tree back to text: one directive a line, the arguments of rules in double quotes where these can hold them.

use crate::ast::{
    Action, Argument, Body, Directive, Document, Operator, SecRule, Selector, Sign, Value, Variable,
};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Document {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.directives.iter().try_for_each(|directive| writeln!(f, "{directive}"))
    }
}

impl Display for Directive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.body {
            Body::Rule(rule) => write!(f, " {rule}"),
            Body::Actions(list) => write!(f, " {}", actions(joined(list, ","))),
            Body::Plain(arguments) => arguments.iter().try_for_each(|argument| write!(f, " {argument}")),
        }
    }
}

impl Display for SecRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let variables = joined(&self.variables, "|");
        write!(f, "{} {}", argument(&variables), operator(&self.operator))?;
        match self.actions.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", actions(joined(&self.actions, ","))),
        }
    }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.quote {
            Some(quote) => f.write_str(&in_quotes(&self.text, quote)),
            None => f.write_str(&self.text),
        }
    }
}

impl Display for Variable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = match self.sign {
            Sign::Plain => "",
            Sign::Count => "&",
            Sign::Exclude => "!",
        };
        write!(f, "{sign}{}", self.name)?;
        match &self.selector {
            None => Ok(()),
            Some(Selector::Key(key)) => write!(f, ":{key}"),
            Some(Selector::Quoted(key)) => write!(f, ":{}", in_quotes(key, '\'')),
            Some(Selector::Regex(pattern)) => write!(f, ":{}", in_quotes(&format!("/{pattern}/"), '\'')),
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let negation = if self.negated { "!" } else { "" };
        match self.argument.as_str() {
            "" => write!(f, "{negation}@{}", self.name),
            argument => write!(f, "{negation}@{} {argument}", self.name),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.value {
            None => Ok(()),
            Some(Value { text, quoted: true }) => write!(f, ":{}", in_quotes(text, '\'')),
            Some(Value { text, quoted: false }) => write!(f, ":{text}"),
        }
    }
}

fn joined<T: Display>(items: &[T], separator: &str) -> String {
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        let _ = write!(out, "{}{item}", if index == 0 { "" } else { separator });
    }
    out
}

/// An argument in double quotes, but where these cannot hold it: a lone backslash in front of a quote only comes from an
/// argument without quotes, which has no blanks either.
fn argument(text: &str) -> String {
    if is_unquotable(text) && !text.contains(|c: char| c.is_ascii_whitespace()) {
        return text.to_owned();
    }
    in_quotes(text, '"')
}

/// A list of actions as an argument. A last one that ends in a backslash had a comma behind it.
fn actions(list: String) -> String {
    if ends_in_lone_backslash(&list) { argument(&(list + ",")) } else { argument(&list) }
}

fn is_unquotable(text: &str) -> bool {
    let escapes_a_quote = |at: usize| ends_in_lone_backslash(text.get(..at).unwrap_or_default());
    ends_in_lone_backslash(text) || text.match_indices('"').any(|(at, _)| escapes_a_quote(at))
}

/// An operator as an argument. One that quotes cannot hold came without them, and so without its name: it is `rx`.
fn operator(operator: &Operator) -> String {
    let short = format!("{}{}", if operator.negated { "!" } else { "" }, operator.argument);
    let blank = short.contains(|c: char| c.is_ascii_whitespace());
    if is_unquotable(&short) && !blank && operator.name == "rx" {
        short
    } else {
        argument(&operator.to_string())
    }
}

fn ends_in_lone_backslash(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The inverse of how a quoted text is read: only the quote itself is escaped.
fn in_quotes(text: &str, quote: char) -> String {
    let mut out = String::from(quote);
    for c in text.chars() {
        if c == quote {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
    out
}
