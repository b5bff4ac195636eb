//! What a template can see.

use crate::value::{Text, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use portcullis_core::Headers;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What one render sees. [`Scope::of`] gives one with data alone; set the fields that there are.
pub struct Scope<'a> {
    /// What names mean: the parsed body. Names find nothing in what is no object.
    pub data: &'a Value,
    /// `body()`: the body's bytes.
    pub body: &'a [u8],
    /// `header(...)`: the headers of the message.
    pub headers: Option<&'a Headers>,
    /// `request_header(...)`: on a response, the request's.
    pub request_headers: Option<&'a Headers>,
    /// `extraction(...)`.
    pub extractions: Option<&'a BTreeMap<String, Text>>,
    /// `env(...)`.
    pub environment: Option<&'a BTreeMap<String, String>>,
    /// `data_source(...)`.
    pub data_sources: Option<&'a BTreeMap<String, String>>,
    /// `dynamic_metadata(...)`, `cluster_metadata(...)`, `host_metadata(...)`.
    pub metadata: &'a dyn Metadata,
    /// `replace_with_random(...)`.
    pub random: Option<&'a Random>,
}

impl<'a> Scope<'a> {
    /// Data and nothing else.
    pub fn of(data: &'a Value) -> Scope<'a> {
        Scope {
            data,
            body: b"",
            headers: None,
            request_headers: None,
            extractions: None,
            environment: None,
            data_sources: None,
            metadata: &NoMetadata,
            random: None,
        }
    }
}

/// The proxy's metadata.
pub trait Metadata {
    /// A value; `path` leads into the namespace's object.
    fn get(&self, kind: MetadataKind, namespace: &[u8], path: &[&[u8]]) -> Option<Value>;
}

/// Whose metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataKind {
    /// The stream's.
    Dynamic,
    /// The upstream cluster's.
    Cluster,
    /// The upstream host's.
    Host,
}

/// None at all.
#[derive(Debug, Clone, Copy)]
pub struct NoMetadata;

impl Metadata for NoMetadata {
    fn get(&self, _kind: MetadataKind, _namespace: &[u8], _path: &[&[u8]]) -> Option<Value> {
        None
    }
}

/// Random text for `replace_with_random`: derived from a seed that comes with the call, the same for the same pattern
/// throughout one exchange.
#[derive(Debug, Default)]
pub struct Random {
    seed: Vec<u8>,
    chosen: RefCell<BTreeMap<Vec<u8>, String>>,
}

impl Random {
    /// From something that no other exchange has and no client knows, as the proxy's request id and its clock.
    pub fn new(seed: impl Into<Vec<u8>>) -> Random {
        Random { seed: seed.into(), chosen: RefCell::default() }
    }

    /// 128 bits as 22 characters of base64 without padding.
    pub(crate) fn for_pattern(&self, pattern: &[u8]) -> String {
        let mut chosen = self.chosen.borrow_mut();
        chosen.entry(pattern.to_vec()).or_insert_with(|| self.draw(pattern)).clone()
    }

    fn draw(&self, pattern: &[u8]) -> String {
        let half = |which: u8| {
            let mut hasher = DefaultHasher::new();
            (&self.seed, pattern, which).hash(&mut hasher);
            hasher.finish().to_le_bytes()
        };
        STANDARD_NO_PAD.encode([half(0), half(1)].concat())
    }
}
