//! Names that lead into a value: `a.b.0`, `a/b~1c`.

use crate::value::{Text, Value};
use std::rc::Rc;

/// The most parts of a name.
const PARTS: usize = 64;

/// Splits a name at slashes (and at dots, if they separate), and resolves `~0` and `~1` as RFC 6901 says. `None` for
/// another `~`, or for too many parts.
pub(crate) fn split(name: &str, dots: Dots) -> Option<Vec<Text>> {
    let name = match dots {
        // A dot at the end opens no further part.
        Dots::Separate => name.strip_suffix('.').unwrap_or(name).replace('.', "/"),
        Dots::Belong => name.to_owned(),
    };
    let name = name.strip_prefix('/').unwrap_or(&name);
    let parts = name.split('/').map(unescape).collect::<Option<Vec<Text>>>()?;
    (parts.len() <= PARTS).then_some(parts)
}

/// What a dot in a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dots {
    /// It stands between two parts.
    Separate,
    /// It is part of the name.
    Belong,
}

/// Follows a path; `None` where it leads nowhere.
pub(crate) fn find<'a>(value: &'a Value, path: &[Text]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Object(object) => object.get(part),
        Value::List(list) => list.get(index(part)?),
        _ => None,
    })
}

/// A list's index: digits without leading zeros.
pub(crate) fn index(part: &[u8]) -> Option<usize> {
    let plain = part == b"0" || (part.first() != Some(&b'0') && part.iter().all(u8::is_ascii_digit));
    if !plain {
        return None;
    }
    std::str::from_utf8(part).ok()?.parse().ok()
}

fn unescape(part: &str) -> Option<Text> {
    if !part.contains('~') {
        return Some(Rc::from(part.as_bytes()));
    }
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'~' => match bytes.next()? {
                b'0' => out.push(b'~'),
                b'1' => out.push(b'/'),
                _ => return None,
            },
            byte => out.push(byte),
        }
    }
    Some(Rc::from(out))
}
