//! The values that templates work on: JSON, but text is bytes and objects are sorted by name.

use std::collections::BTreeMap;
use std::rc::Rc;

/// How deep values may nest: JSON that is read, and what `set` builds.
pub(crate) const DEPTH: usize = 128;

/// Text: bytes, shared.
pub type Text = Rc<[u8]>;

/// An object; members are sorted by the bytes of their names, as the dialect prints them.
pub type Object = BTreeMap<Text, Value>;

/// A value. Cloning shares text, lists and objects.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits.
    Integer(i64),
    /// A whole number above [`i64::MAX`]; never a smaller one.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Text),
    /// An array.
    List(Rc<Vec<Value>>),
    /// An object.
    Object(Rc<Object>),
}

impl Value {
    /// Text from bytes.
    pub fn text(bytes: impl AsRef<[u8]>) -> Value {
        Value::Text(Rc::from(bytes.as_ref()))
    }

    /// A list.
    pub fn list(values: Vec<Value>) -> Value {
        Value::List(Rc::new(values))
    }

    /// An object.
    pub fn object(members: impl IntoIterator<Item = (Text, Value)>) -> Value {
        Value::Object(Rc::new(members.into_iter().collect()))
    }

    /// The bytes of a text.
    pub fn as_text(&self) -> Option<&[u8]> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number as 64-bit integer: fractions are cut, what does not fit saturates.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            Value::Unsigned(_) => Some(i64::MAX),
            Value::Float(number) => Some(*number as i64),
            _ => None,
        }
    }

    /// A number as float.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Integer(number) => Some(*number as f64),
            Value::Unsigned(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        matches!(self, Value::Integer(_) | Value::Unsigned(_))
    }

    /// What `if`, `not`, `and`, `or` see: text is true, even the empty one.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(truth) => *truth,
            Value::Integer(number) => *number != 0,
            Value::Unsigned(_) => true,
            Value::Float(number) => *number != 0.0,
            Value::Text(_) => true,
            Value::List(list) => !list.is_empty(),
            Value::Object(object) => !object.is_empty(),
        }
    }

    /// What `length` counts: bytes of text, elements, members; 1 for a scalar, 0 for null.
    pub fn length(&self) -> usize {
        match self {
            Value::Null => 0,
            Value::Text(text) => text.len(),
            Value::List(list) => list.len(),
            Value::Object(object) => object.len(),
            _ => 1,
        }
    }

    /// Its elements: those of a list, the values of an object, a scalar itself, none of null.
    pub(crate) fn elements(&self) -> Vec<&Value> {
        match self {
            Value::Null => Vec::new(),
            Value::List(list) => list.iter().collect(),
            Value::Object(object) => object.values().collect(),
            scalar => vec![scalar],
        }
    }

    /// An empty value of the same kind: what a loop variable is behind its loop.
    pub(crate) fn emptied(&self) -> Value {
        match self {
            Value::Null => Value::Null,
            Value::Bool(_) => Value::Bool(false),
            Value::Integer(_) | Value::Unsigned(_) => Value::Integer(0),
            Value::Float(_) => Value::Float(0.0),
            Value::Text(_) => Value::text(""),
            Value::List(_) => Value::list(Vec::new()),
            Value::Object(_) => Value::object([]),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        i64::try_from(number).map_or(Value::Unsigned(number), Value::Integer)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::from(number as u64)
    }
}
