//! Tables, and agreement with `serde_json`.

use super::*;
use arbtest::arbitrary::{Result as Arbitrary, Unstructured};
use arbtest::arbtest;
use serde_json::{Map, Value};

/// Events as one line of text.
fn events(text: &str) -> String {
    let mut seen = Vec::new();
    let mut visitor = |event: Event<'_>, span: Span| {
        let (what, source) = (format!("{event:?}"), text.get(span).unwrap());
        seen.push(match event {
            Event::Key(name) => format!("{name}="),
            Event::String(value) => format!("{value:?}<{source}>"),
            Event::Number(number) => {
                assert_eq!(number, source);
                number.to_owned()
            }
            Event::Bool(_) | Event::Null => source.to_owned(),
            _ => what,
        });
        ControlFlow::Continue(())
    };
    let outcome = visit(text.as_bytes(), Limits::default(), &mut visitor);
    if let Err(error) = outcome {
        seen.push(format!("! {error}"));
    }
    seen.join(" ")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(events(text), expected, "{text}");
}

#[test]
fn documents() {
    check("null", "null");
    check(" [ ] ", "BeginArray EndArray");
    check("{}", "BeginObject EndObject");
    check(
        r#"{"a":[1,-2.5e+3,true],"a":{}}"#,
        "BeginObject a= BeginArray 1 -2.5e+3 true EndArray a= BeginObject EndObject EndObject",
    );
    check(r#""a\u0041\n""#, r#""aA\n"<"a\u0041\n">"#);
    check(r#""\ud83d\ude00""#, "\"\u{1f600}\"<\"\\ud83d\\ude00\">");
}

#[test]
fn errors_have_a_place() {
    check("", "! unexpected end of JSON at byte 0");
    check("[1,]", "BeginArray 1 ! unexpected byte in JSON at byte 3");
    check("[1 2]", "BeginArray 1 ! unexpected byte in JSON at byte 3");
    check("{\"a\" 1}", "BeginObject a= ! unexpected byte in JSON at byte 5");
    check("{a:1}", "BeginObject ! unexpected byte in JSON at byte 1");
    check("{\"a\":1,}", "BeginObject a= 1 ! unexpected byte in JSON at byte 7");
    check("01", "0 ! more than one JSON value at byte 1");
    check("1.", "! unexpected end of JSON at byte 2");
    check("1e+", "! unexpected end of JSON at byte 3");
    check("-", "! unexpected end of JSON at byte 1");
    check("+1", "! unexpected byte in JSON at byte 0");
    check("nul", "! unexpected end of JSON at byte 3");
    check("1 2", "1 ! more than one JSON value at byte 2");
    check("\"a\nb\"", "! control character in a JSON string at byte 2");
    check(r#""a\x""#, "! bad escape in a JSON string at byte 2");
    check(r#""\ud800""#, "! bad escape in a JSON string at byte 1");
    check(r#""\ud800\u0041""#, "! bad escape in a JSON string at byte 1");
    check("\"abc", "! unexpected end of JSON at byte 4");
    check("\"abc\\\"", "! unexpected end of JSON at byte 6");
    check("\u{feff}1", "! unexpected byte in JSON at byte 0");
}

#[test]
fn bytes_that_are_not_utf8_end_it_behind_what_can_be_read() {
    let mut count = 0;
    let mut visitor = |_: Event<'_>, _: Span| {
        count += 1;
        ControlFlow::Continue(())
    };
    let outcome = visit(b"[1, \"\xff\"]", Limits::default(), &mut visitor);
    assert_eq!(outcome, Err(JsonError { offset: 5, cause: JsonCause::Utf8 }));
    assert_eq!(count, 2);
    assert_eq!(
        validate(b"[x, \"\xff\"]", Limits::default()),
        Err(JsonError { offset: 1, cause: JsonCause::Byte })
    );
}

#[test]
fn limits_hold_on_hostile_depth_and_number() {
    let deep = "[".repeat(100_000);
    let limits = Limits { depth: 64, nodes: 10, ..Limits::default() };
    let error = |text: &str, limits| validate(text.as_bytes(), limits).unwrap_err();
    assert_eq!(
        error(&deep, Limits { nodes: 1000, ..limits }),
        JsonError { offset: 64, cause: JsonCause::Depth }
    );
    assert_eq!(error("[1,1,1,1,1,1,1,1,1,1,1]", limits), JsonError { offset: 19, cause: JsonCause::Nodes });
}

#[test]
fn a_visitor_can_stop() {
    let mut visitor = |event: Event<'_>, _: Span| match event {
        Event::Number("2") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let error = visit(b"[1,2,3]", Limits::default(), &mut visitor).unwrap_err();
    assert_eq!(error.cause, JsonCause::Stopped);
}

/// Builds a value from events.
#[derive(Default)]
struct Builder {
    open: Vec<(Value, Option<String>)>,
    key: Option<String>,
    done: Option<Value>,
}

impl Builder {
    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some((Value::Array(items), _)) => items.push(value),
            Some((Value::Object(members), _)) => {
                members.insert(self.key.take().unwrap(), value);
            }
            Some(_) => unreachable!(),
        }
    }
}

impl Visitor for Builder {
    fn event(&mut self, event: Event<'_>, _: Span) -> ControlFlow<()> {
        match event {
            Event::BeginObject => self.open.push((Value::Object(Map::new()), self.key.take())),
            Event::BeginArray => self.open.push((Value::Array(Vec::new()), self.key.take())),
            Event::EndObject | Event::EndArray => {
                let (value, key) = self.open.pop().unwrap();
                self.key = key;
                self.put(value);
            }
            Event::Key(name) => self.key = Some(name.into_owned()),
            Event::String(text) => self.put(Value::String(text.into_owned())),
            Event::Number(text) => self.put(serde_json::from_str(text).unwrap()),
            Event::Bool(value) => self.put(Value::Bool(value)),
            Event::Null => self.put(Value::Null),
        }
        ControlFlow::Continue(())
    }
}

fn any_value(u: &mut Unstructured<'_>, depth: usize) -> Arbitrary<Value> {
    Ok(match u.int_in_range(0..=if depth == 0 { 4 } else { 6 })? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => u.arbitrary::<String>()?.into(),
        4 => f64::from(u.arbitrary::<i32>()?).mul_add(0.125, 0.5).into(),
        5 => (0..u.int_in_range(0..=4)?)
            .map(|_| any_value(u, depth - 1))
            .collect::<Arbitrary<Vec<_>>>()?
            .into(),
        _ => {
            let mut members = Map::new();
            for _ in 0..u.int_in_range(0..=4)? {
                members.insert(u.arbitrary()?, any_value(u, depth - 1)?);
            }
            members.into()
        }
    })
}

#[test]
fn values_are_those_of_serde_json() {
    arbtest(|u| {
        let value = any_value(u, 5)?;
        let text = if u.arbitrary()? { value.to_string() } else { format!("{value:#}") };
        let mut builder = Builder::default();
        visit(text.as_bytes(), Limits::default(), &mut builder).unwrap();
        assert_eq!(builder.done, Some(value));
        Ok(())
    });
}

#[test]
fn validity_is_that_of_serde_json() {
    let limits = Limits { depth: 127, ..Limits::default() };
    arbtest(|u| {
        let mut text = any_value(u, 3)?.to_string().into_bytes();
        for _ in 0..u.int_in_range(0..=3)? {
            let at = u.choose_index(text.len())?;
            const BYTES: &[u8] = b"{}[]\",:\\u0d8e+-.19 \n\x01\xff\xc3tnf";
            match u.int_in_range(0..=2)? {
                0 => text[at] = *u.choose(BYTES)?,
                1 => text.insert(at, *u.choose(BYTES)?),
                _ => text.truncate(at + 1),
            }
        }
        let theirs = serde_json::from_slice::<Value>(&text);
        // A number beyond `f64` is valid JSON all the same.
        if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
            return Ok(());
        }
        let ours = validate(&text, limits);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}: {ours:?} {theirs:?}", String::from_utf8_lossy(&text));
        Ok(())
    });
}

#[test]
fn no_bytes_panic() {
    arbtest(|u| {
        let text: Vec<u8> = u.arbitrary()?;
        let length = text.len();
        let mut visitor = |_: Event<'_>, span: Span| {
            assert!(span.start < span.end && span.end <= length);
            ControlFlow::Continue(())
        };
        if let Err(error) = visit(&text, Limits::default(), &mut visitor) {
            assert!(error.offset <= length);
        }
        Ok(())
    });
}
