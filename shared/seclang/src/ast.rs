//! The syntax tree. Equality takes no notice of positions only where it says so ([`Document::same_text`]).

use crate::position::Span;

/// A file's directives, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The file's name as given.
    pub file: String,
    /// What stands in it.
    pub directives: Vec<Directive>,
}

/// One directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its name as written; names are compared without regard to case.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The rest.
    pub body: Body,
}

/// What follows a directive's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Of `SecRule`.
    Rule(SecRule),
    /// Of `SecAction` and `SecDefaultAction`.
    Actions(Vec<Action>),
    /// Of all others.
    Plain(Vec<Argument>),
}

/// An argument of a directive, quotes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The text.
    pub text: String,
    /// The quote that it stood in, if any.
    pub quote: Option<char>,
    /// Where it begins (the quote, if there is one).
    pub span: Span,
}

/// The parts of a `SecRule`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecRule {
    /// What it looks at, exclusions among it.
    pub variables: Vec<Variable>,
    /// What it looks for.
    pub operator: Operator,
    /// What it does; empty if there is no third argument.
    pub actions: Vec<Action>,
}

/// A variable of a rule's first argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// How it counts.
    pub sign: Sign,
    /// The name as written.
    pub name: String,
    /// Which part of the collection.
    pub selector: Option<Selector>,
    /// Where it begins.
    pub span: Span,
}

/// What stands in front of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Nothing: its values.
    Plain,
    /// `&`: the number of its values.
    Count,
    /// `!`: its values are left out.
    Exclude,
}

/// What stands behind a variable's colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A key, or an XPath expression.
    Key(String),
    /// A key in single quotes.
    Quoted(String),
    /// `/pattern/`; `\/` stays as it is, for it means the same in a pattern.
    Regex(String),
}

/// A rule's second argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Whether a `!` stands in front.
    pub negated: bool,
    /// The name without `@`; `rx` if there was none.
    pub name: String,
    /// The rest of the argument.
    pub argument: String,
    /// Where the argument of the rule begins.
    pub span: Span,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name as written.
    pub name: String,
    /// What stands behind the colon.
    pub value: Option<Value>,
    /// Where the name begins.
    pub span: Span,
}

/// An action's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The text, quotes removed.
    pub text: String,
    /// Whether it stood whole in single quotes.
    pub quoted: bool,
}

impl Document {
    /// Whether both say the same, wherever it stands.
    pub fn same_text(&self, other: &Document) -> bool {
        self.directives.len() == other.directives.len()
            && self
                .directives
                .iter()
                .zip(&other.directives)
                .all(|(a, b)| a.without_span() == b.without_span())
    }
}

impl Directive {
    /// Whether this is the directive of that name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn without_span(&self) -> Directive {
        let mut copy = self.clone();
        copy.span = Span::default();
        match &mut copy.body {
            Body::Rule(rule) => {
                rule.variables.iter_mut().for_each(|variable| variable.span = Span::default());
                rule.operator.span = Span::default();
                rule.actions.iter_mut().for_each(|action| action.span = Span::default());
            }
            Body::Actions(actions) => actions.iter_mut().for_each(|action| action.span = Span::default()),
            Body::Plain(arguments) => {
                arguments.iter_mut().for_each(|argument| argument.span = Span::default())
            }
        }
        copy
    }
}

impl Action {
    /// Whether this is the action of that name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value's text, or empty.
    pub fn text(&self) -> &str {
        self.value.as_ref().map_or("", |value| &value.text)
    }
}
