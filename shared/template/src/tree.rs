//! A parsed template.

use crate::functions::Builtin;
use crate::value::{Text, Value};

/// A run of nodes.
pub(crate) type Block = Vec<Node>;

/// Something that is put out or done.
#[derive(Debug)]
pub(crate) enum Node {
    /// Text to put out.
    Text(Box<str>),
    /// `{{ ... }}`.
    Print(Expression),
    /// `if`, `else if` and `else`: the first block whose condition holds.
    If { branches: Vec<(Expression, Block)>, otherwise: Block },
    /// `for x in ...`.
    ForList { variable: usize, over: Expression, body: Block },
    /// `for k, v in ...`.
    ForObject { key: usize, value: usize, over: Expression, body: Block },
    /// `set a.b = ...`.
    Set { at: usize, name: Name, value: Expression },
    /// `block`: here nothing replaces it, so it is put out where it stands.
    Block(Block),
    /// `include` or `extends`: there are no other templates.
    Foreign { at: usize, name: Box<str> },
}

/// What is between two braces, or behind a word.
#[derive(Debug)]
pub(crate) struct Expression {
    /// Where it begins.
    pub(crate) at: usize,
    /// `None` if it is empty, which is an error only when it is rendered.
    pub(crate) root: Option<Expr>,
}

/// A part of an expression.
#[derive(Debug)]
pub(crate) struct Expr {
    /// Where its name or sign stands.
    pub(crate) at: usize,
    /// How many expressions nest in it, itself counted.
    pub(crate) depth: usize,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    /// A JSON value.
    Literal(Value),
    /// A variable.
    Name(Name),
    /// A function or operator with all its arguments' values.
    Call { builtin: &'static Builtin, arguments: Vec<Expr> },
    /// A function or operator that looks at its arguments one by one.
    Lazy { lazy: Lazy, arguments: Vec<Expr> },
}

/// What is not given all its arguments' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lazy {
    /// `and`: the second only if the first is true.
    And,
    /// `or`: the second only if the first is not true.
    Or,
    /// `default`: the second only if the first is a variable that does not exist.
    Default,
    /// `.` behind a call or parenthesis: the second is a name, not a value.
    Member,
}

/// A variable's name.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// As written.
    pub(crate) text: Box<str>,
    /// Its parts.
    pub(crate) path: Vec<Text>,
    /// Index of the first part among the template's variables.
    pub(crate) variable: usize,
    /// The function of no arguments that stands in where no variable has this name.
    pub(crate) function: Option<&'static Builtin>,
    /// What of the loop it names.
    pub(crate) looped: Option<Looped>,
}

/// `loop`, or something in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looped {
    /// How many loops further out.
    pub(crate) parents: usize,
    pub(crate) field: LoopField,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopField {
    Whole,
    Index,
    Index1,
    IsFirst,
    IsLast,
    /// No such thing.
    Unknown,
}

impl Looped {
    /// Reads the parts behind `loop`.
    pub(crate) fn of(path: &[Text]) -> Option<Looped> {
        let (first, mut rest) = path.split_first()?;
        if **first != *b"loop" {
            return None;
        }
        let mut parents = 0;
        while let Some((first, further)) = rest.split_first() {
            if **first != *b"parent" {
                break;
            }
            (parents, rest) = (parents + 1, further);
        }
        let field = match rest {
            [] => LoopField::Whole,
            [field] => match &**field {
                b"index" => LoopField::Index,
                b"index1" => LoopField::Index1,
                b"is_first" => LoopField::IsFirst,
                b"is_last" => LoopField::IsLast,
                _ => LoopField::Unknown,
            },
            _ => LoopField::Unknown,
        };
        Some(Looped { parents, field })
    }
}
