//! Edits of the query in `:path`, as Envoy's ext_authz makes them for `query_parameters_to_set` and `_to_remove`.

use crate::decision::Allowed;

/// The path with the query that a decision wants; `None` where it wants no change.
///
/// Parameters keep their order and spelling; one that is set takes the place of its first namesake and drops the
/// others, or comes last.
pub(crate) fn edited(path: &[u8], allowed: &Allowed) -> Option<Vec<u8>> {
    if allowed.query_set.is_empty() && allowed.query_remove.is_empty() {
        return None;
    }
    let at = path.iter().position(|&byte| byte == b'?');
    let (base, query) = path.split_at(at.unwrap_or(path.len()));
    let query = query.get(1..).unwrap_or_default();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> =
        query.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(split).collect();
    for (name, value) in &allowed.query_set {
        set(&mut pairs, &encode(name), encode(value));
    }
    for name in &allowed.query_remove {
        let name = encode(name);
        pairs.retain(|(other, _)| decoded(other) != decoded(&name));
    }
    let pairs: Vec<Vec<u8>> = pairs.into_iter().map(|(name, value)| [name, value].concat()).collect();
    let query = pairs.join(&b'&');
    Some(if query.is_empty() { base.to_vec() } else { [base, b"?", &query].concat() })
}

fn set(pairs: &mut Vec<(Vec<u8>, Vec<u8>)>, name: &[u8], value: Vec<u8>) {
    let value = [&b"="[..], &value].concat();
    let same = |other: &Vec<u8>| decoded(other) == decoded(name);
    match pairs.iter().position(|(other, _)| same(other)) {
        Some(first) => {
            let mut index = 0;
            pairs.retain(|(other, _)| {
                index += 1;
                index <= first + 1 || !same(other)
            });
            if let Some(pair) = pairs.get_mut(first) {
                pair.1 = value;
            }
        }
        None => pairs.push((name.to_vec(), value)),
    }
}

/// A name, and its value with the `=` in front of it.
fn split(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (name, value) = pair.split_at(pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len()));
    (name.to_vec(), value.to_vec())
}

/// What a recipient compares: `%61` and `a` name the same parameter.
fn decoded(name: &[u8]) -> Vec<u8> {
    crate::url::query_unescape(name).unwrap_or_else(|| name.to_vec())
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}
