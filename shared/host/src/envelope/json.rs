//! JSON to a value, more strictly than usual: a field given twice is refused, for one of the two would be lost.

mod structure;

use portcullis_core::ConfigError;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Whole numbers up to this are exact as floating-point numbers: protobuf's Struct knows no others.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Marks the one error of our own on its way through the parser; the name follows.
const TWICE: &str = "given twice: ";

/// Parses a configuration: JSON, or a protobuf `Struct` in its binary form. A syntax error starts with `line:column`, a field given twice with its path.
pub(super) fn parse(json: &[u8]) -> Result<Value, ConfigError> {
    if json.trim_ascii().is_empty() {
        return Err(ConfigError::new("", "empty; it needs `version` and `default` at least"));
    }
    // A Struct begins with a line end, as JSON may; but no JSON text is a Struct to its last byte.
    if let Some(value) = structure::parse(json) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let parsed: Result<Strict, _> = serde_path_to_error::deserialize(&mut deserializer);
    let value = parsed.map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let message = without_place(error.inner());
        match message.strip_prefix(TWICE) {
            Some(name) => ConfigError::new(name, "given twice").under(&path),
            None => syntax(error.inner()),
        }
    })?;
    deserializer.end().map_err(|error| syntax(&error))?;
    Ok(value.0)
}

fn syntax(error: &serde_json::Error) -> ConfigError {
    ConfigError::new(format!("{}:{}", error.line(), error.column()), without_place(error))
}

/// The message without its ` at line 1 column 2`, which stands in front.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    /// A whole number in floating-point clothes (`8.0`, `1e6`) is a whole number: so it comes out of a Struct.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() <= EXACT {
            return Ok(Value::Number((value as i64).into()));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("{TWICE}{name}")));
            }
            let Strict(value) = entries.next_value()?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}
