//! Log lines: one JSON object a line, for machines first.

use portcullis_core::{LogRecord, LogValue};
use std::fmt::Write;

/// No value in a log line is longer; what is cut ends in `...`.
const LONGEST: usize = 512;

/// Writes a record as one line of JSON: message, filter and plugin first, then the request's id, then the fields.
pub(crate) fn line(filter: &str, plugin: &str, request_id: Option<&[u8]>, record: &LogRecord) -> String {
    let mut out = String::with_capacity(128);
    out.push_str("{\"msg\":");
    text(&mut out, record.message.as_bytes());
    member(&mut out, "filter", filter.as_bytes());
    member(&mut out, "plugin", plugin.as_bytes());
    if let Some(id) = request_id {
        member(&mut out, "request_id", id);
    }
    for (name, value) in &record.fields {
        let _ = write!(out, ",\"{name}\":");
        match value {
            LogValue::Text(bytes) => text(&mut out, bytes),
            LogValue::Number(number) => {
                let _ = write!(out, "{number}");
            }
            LogValue::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            LogValue::List(items) => list(&mut out, items),
        }
    }
    out.push('}');
    out
}

fn list(out: &mut String, items: &[String]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        text(out, item.as_bytes());
    }
    out.push(']');
}

fn member(out: &mut String, name: &str, value: &[u8]) {
    let _ = write!(out, ",\"{name}\":");
    text(out, value);
}

/// A JSON string; bytes that are not UTF-8 stand as `\u00XX`, so that two different values never look the same cut.
fn text(out: &mut String, bytes: &[u8]) {
    let (bytes, cut) = match bytes.get(..LONGEST) {
        Some(head) if bytes.len() > LONGEST => (head, true),
        _ => (bytes, false),
    };
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                c if c.is_control() => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\u00{byte:02x}");
        }
    }
    if cut {
        out.push_str("...");
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::Level;

    #[test]
    fn a_record_is_one_line_of_json() {
        let record = LogRecord {
            level: Level::Info,
            message: "request denied",
            fields: vec![
                ("data", LogValue::Text(b"a\"\n\xff".to_vec())),
                ("rules", LogValue::List(vec!["1".into(), "2".into()])),
                ("score", LogValue::Number(5)),
                ("late", LogValue::Bool(false)),
            ],
        };
        assert_eq!(
            line("waf", "edge", Some(b"id-1"), &record),
            "{\"msg\":\"request denied\",\"filter\":\"waf\",\"plugin\":\"edge\",\"request_id\":\"id-1\",\
             \"data\":\"a\\\"\\n\\u00ff\",\"rules\":[\"1\",\"2\"],\"score\":5,\"late\":false}"
        );
    }

    #[test]
    fn long_values_are_cut() {
        let fields = vec![("data", LogValue::Text(vec![b'x'; 600]))];
        let line = line("waf", "", None, &LogRecord { level: Level::Info, message: "m", fields });
        assert!(line.contains(&format!("\"{}...\"", "x".repeat(512))), "{line}");
    }
}
