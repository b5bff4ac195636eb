//! JSON bodies as arguments, named as ModSecurity v3 names them: `json.a.b`, `json.list.array_0`.

use super::data::Pair;
use portcullis_http::Limits;
use portcullis_http::json::{Event, Span, visit};
use std::ops::ControlFlow;

/// A container that is open.
struct Open {
    /// The name up to and with this container, without what its members add.
    path: String,
    /// The index of the next element, in arrays.
    element: Option<usize>,
}

/// The arguments in order, and what is wrong with the body, if anything. What stands before the fault is there.
pub(super) fn arguments(body: &[u8], depth: usize, most: usize) -> (Vec<Pair>, Result<(), String>) {
    let mut reader = Reader { open: Vec::new(), key: String::new(), arguments: Vec::new(), most };
    let limits = Limits { depth, ..Limits::default() };
    let outcome = visit(body, limits, &mut |event: Event<'_>, _: Span| reader.event(event));
    let full = reader.arguments.len() >= most;
    let outcome = match outcome {
        Err(_) if full => Err("too many arguments".to_owned()),
        Err(error) => Err(format!("JSON: {error}")),
        Ok(()) => Ok(()),
    };
    (reader.arguments, outcome)
}

struct Reader {
    open: Vec<Open>,
    key: String,
    arguments: Vec<Pair>,
    most: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::BeginObject => self.begin(None),
            Event::BeginArray => self.begin(Some(0)),
            Event::EndObject | Event::EndArray => {
                self.open.pop();
            }
            Event::Key(key) => self.key = key.into_owned(),
            Event::String(text) => return self.value(text.as_bytes()),
            Event::Number(text) => return self.value(text.as_bytes()),
            Event::Bool(true) => return self.value(b"true"),
            Event::Bool(false) => return self.value(b"false"),
            Event::Null => return self.value(b""),
        }
        ControlFlow::Continue(())
    }

    fn begin(&mut self, element: Option<usize>) {
        let path = self.name();
        self.open.push(Open { path, element });
    }

    /// The name of the value that comes now; elements of arrays are counted by it.
    fn name(&mut self) -> String {
        match self.open.last_mut() {
            None => "json".to_owned(),
            Some(Open { path, element: None }) => format!("{path}.{}", self.key),
            Some(Open { path, element: Some(next) }) => {
                *next += 1;
                format!("{path}.array_{}", *next - 1)
            }
        }
    }

    fn value(&mut self, value: &[u8]) -> ControlFlow<()> {
        let name = self.name();
        if self.arguments.len() >= self.most {
            return ControlFlow::Break(());
        }
        self.arguments.push(Pair::new(name, value));
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &[(&str, &str)]) {
        let (arguments, outcome) = arguments(body.as_bytes(), 64, 100);
        assert_eq!(outcome, Ok(()));
        let expected: Vec<Pair> = expected.iter().map(|(n, v)| Pair::new(*n, *v)).collect();
        assert_eq!(arguments, expected, "{body}");
    }

    #[test]
    fn names() {
        check(r#"{"a":{"b":1},"c":"x"}"#, &[("json.a.b", "1"), ("json.c", "x")]);
        check(r#"{"a":[true,null]}"#, &[("json.a.array_0", "true"), ("json.a.array_1", "")]);
        check(r#"[{"x":1},{"x":2}]"#, &[("json.array_0.x", "1"), ("json.array_1.x", "2")]);
        check(
            r#"[[1],[2,3]]"#,
            &[("json.array_0.array_0", "1"), ("json.array_1.array_0", "2"), ("json.array_1.array_1", "3")],
        );
        check("7", &[("json", "7")]);
    }

    #[test]
    fn faults() {
        assert!(arguments(b"{", 64, 100).1.is_err());
        assert!(arguments(b"[[[1]]]", 2, 100).1.is_err());
        let (kept, outcome) = arguments(b"[1,2,3]", 64, 2);
        assert_eq!((kept.len(), outcome), (2, Err("too many arguments".to_owned())));
    }
}
