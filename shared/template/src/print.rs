//! Values as text: as JSON, and as a template puts them out.

use crate::cost;
use crate::error::RenderCause;
use crate::number;
use crate::value::Value;
use portcullis_core::Fuel;
use std::io::Write;

impl Value {
    /// Prints JSON without blanks, at most `max` bytes. Costs fuel for each value and byte.
    pub fn to_json(&self, fuel: &Fuel, max: usize) -> Result<Vec<u8>, RenderCause> {
        let mut out = Vec::new();
        json(self, fuel, &mut out)?;
        if out.len() > max { Err(RenderCause::Output(max)) } else { Ok(out) }
    }
}

/// Prints JSON without blanks. Fails on text that is not UTF-8, and when the fuel is used up (a value that shares its
/// parts may be exponentially long in print).
pub(crate) fn json(value: &Value, fuel: &Fuel, out: &mut Vec<u8>) -> Result<(), RenderCause> {
    fuel.charge(cost::ELEMENT)?;
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => number(value, out),
        Value::Text(text) => quoted(text, fuel, out)?,
        Value::List(list) => {
            out.push(b'[');
            for (index, element) in list.iter().enumerate() {
                comma(index, out);
                json(element, fuel, out)?;
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (index, (name, member)) in object.iter().enumerate() {
                comma(index, out);
                quoted(name, fuel, out)?;
                out.push(b':');
                json(member, fuel, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// A number, as JSON and as output alike.
pub(crate) fn number(value: &Value, out: &mut Vec<u8>) {
    let written = match value {
        Value::Integer(number) => write!(out, "{number}"),
        Value::Unsigned(number) => write!(out, "{number}"),
        Value::Float(number) => {
            number::print_float(*number, out);
            Ok(())
        }
        _ => Ok(()),
    };
    debug_assert!(written.is_ok(), "a vector takes every byte");
}

/// What stands between the quotes of a JSON string.
pub(crate) fn escaped(text: &[u8], fuel: &Fuel, out: &mut Vec<u8>) -> Result<(), RenderCause> {
    fuel.charge(text.len() as u64)?;
    let text = std::str::from_utf8(text).map_err(|_| RenderCause::NotUtf8)?;
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    Ok(())
}

fn quoted(text: &[u8], fuel: &Fuel, out: &mut Vec<u8>) -> Result<(), RenderCause> {
    out.push(b'"');
    escaped(text, fuel, out)?;
    out.push(b'"');
    Ok(())
}

fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}
