//! `sanitise...`: what rules ask logs not to show.

use super::Transaction;
use super::data::{Hidden, Pair};
use crate::actions::Sanitise;

/// The most names and texts that rules hide in one exchange.
const MOST: usize = 100;

impl Transaction {
    pub(super) fn sanitise(&mut self, sanitise: &Sanitise) {
        let hidden = &mut self.data.hidden;
        match sanitise {
            Sanitise::Argument(name) => add(&mut hidden.arguments, name.as_bytes()),
            Sanitise::RequestHeader(name) => add(&mut hidden.request_headers, name.as_bytes()),
            Sanitise::ResponseHeader(name) => add(&mut hidden.response_headers, name.as_bytes()),
            Sanitise::Matched => {
                for pair in &self.data.matched_vars {
                    matched(&mut self.data.hidden, pair);
                }
            }
            Sanitise::MatchedBytes { head, tail } => {
                let whole = self.data.tx.get(&b"0"[..]).or_else(|| {
                    let last = self.data.matched_vars.last();
                    last.map(|pair| pair.value.as_slice())
                });
                let inside = whole.and_then(|text| text.get(*head..text.len().checked_sub(*tail)?));
                if let Some(text) = inside {
                    add(&mut hidden.texts, text);
                }
            }
        }
    }
}

/// Hides a value that has matched, and what it comes from.
fn matched(hidden: &mut Hidden, pair: &Pair) {
    add(&mut hidden.texts, &pair.value);
    let at = memchr::memchr(b':', &pair.name).unwrap_or(pair.name.len());
    let member = pair.name.get(at + 1..).unwrap_or_default();
    match pair.name.get(..at) {
        _ if member.is_empty() => {}
        Some(b"ARGS" | b"ARGS_GET" | b"ARGS_POST") => add(&mut hidden.arguments, member),
        Some(b"REQUEST_HEADERS") => add(&mut hidden.request_headers, member),
        Some(b"RESPONSE_HEADERS") => add(&mut hidden.response_headers, member),
        _ => {}
    }
}

fn add(list: &mut Vec<Vec<u8>>, text: &[u8]) {
    if !text.is_empty() && list.len() < MOST && !list.iter().any(|known| known == text) {
        list.push(text.to_vec());
    }
}
