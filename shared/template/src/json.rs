//! Values from JSON text, with bounds on depth and number.

use crate::number;
use crate::value::{DEPTH, Object, Text, Value};
use portcullis_http::Limits;
use portcullis_http::json::{self, Event, JsonError, Span};
use std::ops::ControlFlow;
use std::rc::Rc;

/// The most values in one document: about 25 MB of memory.
const NODES: usize = 250_000;

/// Why a text does not become a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON, or nests too deeply, or holds too many values.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A number that no float holds.
    #[error("number out of range in JSON")]
    Number,
}

impl Value {
    /// Reads one JSON document (RFC 8259, strictly; a byte order mark in front is skipped): at most 128 levels deep
    /// and 250,000 values. Of members with the same name the last counts.
    pub fn from_json(text: &[u8]) -> Result<Value, BodyError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut builder = Builder::default();
        let limits = Limits { depth: DEPTH, nodes: NODES, ..Limits::default() };
        match json::visit(text, limits, &mut |event: Event<'_>, _: Span| builder.take(event)) {
            _ if builder.out_of_range => Err(BodyError::Number),
            Ok(()) => Ok(builder.root),
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Default)]
struct Builder {
    root: Value,
    open: Vec<Open>,
    out_of_range: bool,
}

enum Open {
    List(Vec<Value>),
    /// And the name that waits for its value.
    Object(Object, Text),
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::BeginObject => self.open.push(Open::Object(Object::new(), Rc::from([]))),
            Event::BeginArray => self.open.push(Open::List(Vec::new())),
            Event::EndObject | Event::EndArray => {
                let value = match self.open.pop() {
                    Some(Open::List(list)) => Value::list(list),
                    Some(Open::Object(object, _)) => Value::Object(Rc::new(object)),
                    None => Value::Null,
                };
                self.put(value);
            }
            Event::Key(name) => {
                if let Some(Open::Object(_, waiting)) = self.open.last_mut() {
                    *waiting = Rc::from(name.as_bytes());
                }
            }
            Event::String(text) => self.put(Value::text(text.as_bytes())),
            Event::Number(text) => match number::read(text) {
                Some(number) => self.put(number),
                None => {
                    self.out_of_range = true;
                    return ControlFlow::Break(());
                }
            },
            Event::Bool(truth) => self.put(Value::Bool(truth)),
            Event::Null => self.put(Value::Null),
        }
        ControlFlow::Continue(())
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.root = value,
            Some(Open::List(list)) => list.push(value),
            Some(Open::Object(object, name)) => {
                object.insert(std::mem::replace(name, Rc::from([])), value);
            }
        }
    }
}
