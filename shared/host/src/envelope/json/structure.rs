//! A `google.protobuf.Struct` in its binary form, to JSON's values.
//!
//! Envoy hands a configuration of this type to the filter as it stands on the wire (1.36 to 1.40; its documentation says
//! that it comes as JSON, which holds for `StringValue` alone). Settings written as YAML arrive so.

use super::EXACT;
use serde_json::{Map, Number, Value};

/// Objects and lists in one another; a configuration has a handful.
const DEEPEST: usize = 64;

/// Field numbers of `Value`.
mod kind {
    pub(super) const NULL: u64 = 1;
    pub(super) const NUMBER: u64 = 2;
    pub(super) const STRING: u64 = 3;
    pub(super) const BOOL: u64 = 4;
    pub(super) const STRUCT: u64 = 5;
    pub(super) const LIST: u64 = 6;
}

/// Reads the whole input as a `Struct` with at least one field; `None` if it is not one.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    structure(bytes, DEEPEST).filter(|value| value.as_object().is_some_and(|map| !map.is_empty()))
}

fn structure(mut bytes: &[u8], depth: usize) -> Option<Value> {
    let mut map = Map::new();
    while !bytes.is_empty() {
        let (number, field) = take_field(&mut bytes)?;
        let Field::Bytes(entry) = field else { return None };
        if number != 1 {
            return None;
        }
        let (name, value) = member(entry, depth.checked_sub(1)?)?;
        map.insert(name, value);
    }
    Some(Value::Object(map))
}

/// A map's entry: key 1, value 2; either may be left out.
fn member(mut bytes: &[u8], depth: usize) -> Option<(String, Value)> {
    let (mut name, mut content) = (String::new(), Value::Null);
    while !bytes.is_empty() {
        match take_field(&mut bytes)? {
            (1, Field::Bytes(text)) => name = String::from_utf8(text.to_vec()).ok()?,
            (2, Field::Bytes(inner)) => content = value(inner, depth)?,
            _ => return None,
        }
    }
    Some((name, content))
}

fn value(mut bytes: &[u8], depth: usize) -> Option<Value> {
    let mut found = Value::Null;
    while !bytes.is_empty() {
        found = match take_field(&mut bytes)? {
            (kind::NULL, Field::Varint(_)) => Value::Null,
            (kind::NUMBER, Field::Fixed(bits)) => number(f64::from_bits(bits))?,
            (kind::STRING, Field::Bytes(text)) => Value::String(String::from_utf8(text.to_vec()).ok()?),
            (kind::BOOL, Field::Varint(bit)) => Value::Bool(bit != 0),
            (kind::STRUCT, Field::Bytes(inner)) => structure(inner, depth)?,
            (kind::LIST, Field::Bytes(inner)) => list(inner, depth.checked_sub(1)?)?,
            _ => return None,
        };
    }
    Some(found)
}

fn list(mut bytes: &[u8], depth: usize) -> Option<Value> {
    let mut items = Vec::new();
    while !bytes.is_empty() {
        match take_field(&mut bytes)? {
            (1, Field::Bytes(item)) => items.push(value(item, depth)?),
            _ => return None,
        }
    }
    Some(Value::Array(items))
}

/// A `Struct` knows floating-point numbers alone; whole ones become whole again.
fn number(value: f64) -> Option<Value> {
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Value::Number((value as i64).into()));
    }
    Number::from_f64(value).map(Value::Number)
}

enum Field<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// Takes a field's number and content off the front.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = take_varint(bytes)?;
    let field = match tag & 7 {
        0 => Field::Varint(take_varint(bytes)?),
        1 => {
            let (fixed, rest) = bytes.split_first_chunk::<8>()?;
            *bytes = rest;
            Field::Fixed(u64::from_le_bytes(*fixed))
        }
        2 => {
            let length = usize::try_from(take_varint(bytes)?).ok()?;
            let (content, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Field::Bytes(content)
        }
        _ => return None,
    };
    Some((tag >> 3, field))
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            out.push(length as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(content);
        out
    }

    fn encode(value: &Value) -> Vec<u8> {
        match value {
            Value::Null => vec![1 << 3, 0],
            Value::Bool(bit) => vec![4 << 3, u8::from(*bit)],
            Value::Number(number) => {
                [vec![2 << 3 | 1], number.as_f64().unwrap().to_le_bytes().to_vec()].concat()
            }
            Value::String(text) => field(3, text.as_bytes()),
            Value::Array(items) => {
                field(6, &items.iter().flat_map(|item| field(1, &encode(item))).collect::<Vec<u8>>())
            }
            Value::Object(_) => field(5, &encode_struct(value)),
        }
    }

    fn encode_struct(value: &Value) -> Vec<u8> {
        let members = value.as_object().unwrap().iter();
        members
            .flat_map(|(name, value)| {
                field(1, &[field(1, name.as_bytes()), field(2, &encode(value))].concat())
            })
            .collect()
    }

    #[test]
    fn reads_what_protobuf_writes() {
        let value = json!({
            "version": 1,
            "share": 0.5,
            "on": true,
            "none": null,
            "text": "x".repeat(300),
            "list": [1, "two", [], {}],
            "default": { "policies": { "a.rego": "package a\n" } },
        });
        assert_eq!(parse(&encode_struct(&value)), Some(value));
    }

    #[test]
    fn refuses_what_is_no_struct() {
        let good = encode_struct(&json!({ "version": 1, "list": ["a"] }));
        for cut in 1..good.len() {
            let rest = parse(&good[..cut]);
            assert!(rest.is_none() || rest == Some(json!({ "list": ["a"] })), "cut at {cut}: {rest:?}");
        }
        for bytes in [&b""[..], b"{}", b"\n{\"version\": 1}", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            assert_eq!(parse(bytes), None);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut bytes = Vec::new();
        for _ in 0..200 {
            bytes = field(1, &[field(1, b"a"), field(2, &field(5, &bytes))].concat());
        }
        assert_eq!(parse(&bytes), None);
    }
}
