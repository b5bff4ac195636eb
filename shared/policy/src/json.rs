//! JSON text as the interpreter's values; numbers keep every digit, as OPA keeps them.

use portcullis_http::Limits;
use portcullis_http::json::{self, Event, Span};
use regorus::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Deeper than real documents, and far from what would use up the stack when values are compared or dropped.
const LIMITS: Limits = Limits { depth: 128, nodes: 200_000, parts: 0, part_headers: 0 };

/// The longest number that is read; its value is built digit by digit, in time that grows with the square.
const LONGEST_NUMBER: usize = 1_024;

/// The one document of a text; of members with the same name the last counts. `None` for anything else.
pub(crate) fn value(text: &[u8]) -> Option<Value> {
    let mut builder = Builder::default();
    json::visit(text, LIMITS, &mut |event: Event<'_>, _: Span| match builder.event(event) {
        Some(()) => ControlFlow::Continue(()),
        None => ControlFlow::Break(()),
    })
    .ok()?;
    builder.done
}

#[derive(Default)]
struct Builder {
    open: Vec<Container>,
    done: Option<Value>,
}

enum Container {
    Array(Vec<Value>),
    /// The members so far, and the name of the one to come.
    Object(BTreeMap<Value, Value>, Value),
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::BeginArray => self.open.push(Container::Array(Vec::new())),
            Event::BeginObject => self.open.push(Container::Object(BTreeMap::new(), Value::Null)),
            Event::EndArray | Event::EndObject => match self.open.pop()? {
                Container::Array(items) => self.add(Value::from(items)),
                Container::Object(members, _) => self.add(Value::from(members)),
            },
            Event::Key(name) => match self.open.last_mut()? {
                Container::Object(_, next) => *next = Value::from(name.as_ref()),
                Container::Array(_) => return None,
            },
            Event::String(text) => self.add(Value::from(text.as_ref())),
            Event::Number(text) => self.add(number(text)?),
            Event::Bool(value) => self.add(Value::from(value)),
            Event::Null => self.add(Value::Null),
        }
        Some(())
    }

    fn add(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(Container::Array(items)) => items.push(value),
            Some(Container::Object(members, name)) => {
                members.insert(std::mem::replace(name, Value::Null), value);
            }
            None => self.done = Some(value),
        }
    }
}

/// A number whose exponent a double has, for a larger one would be written out.
fn number(text: &str) -> Option<Value> {
    if let Ok(small) = text.parse::<i64>() {
        return Some(Value::from(small));
    }
    let finite = text.len() <= LONGEST_NUMBER && text.parse::<f64>().is_ok_and(f64::is_finite);
    finite.then(|| Value::from_numeric_string(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(value(text.as_bytes()).map(|value| value.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn documents_are_built_whole() {
        check(r#"{"b": [1, {"c": null}], "a": true, "b": "x\n"}"#, Some(r#"{"a":true,"b":"x\n"}"#));
        check("[[], {}, -0.5]", Some("[[],{},-0.5]"));
        check("\"a\"", Some("\"a\""));
    }

    #[test]
    fn numbers_keep_their_digits() {
        // The interpreter prints such a number as a double, but compares all of it.
        assert_ne!(value(b"12345678901234567890123"), value(b"12345678901234567890124"));
        check("-9223372036854775808", Some("-9223372036854775808"));
        check("1e400", None);
        check(&"1".repeat(2_000), None);
    }

    #[test]
    fn what_is_no_document_is_none() {
        for bad in ["", "{", "[1,]", "1 2", "{\"a\"}", "nul", "\u{feff}1"] {
            check(bad, None);
        }
        assert_eq!(value(b"\"\xff\""), None);
        check(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), None);
    }
}
