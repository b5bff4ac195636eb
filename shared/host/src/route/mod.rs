//! Which settings a request gets: chosen once, at its headers.
//!
//! Matching sees the request as a server behind the proxy would: hosts in lower case without port and trailing dot,
//! paths percent-decoded once, with `\` as `/`, slashes merged and dot segments resolved. A path whose plain and
//! decoded form differ in segments is [disguised](View::is_disguised), and reaches no route that guards less.

mod config;
mod lint;
mod path;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod tests;

use config::{HeaderTest, HostTest, PathTest, Text};
pub(crate) use lint::{Lint, unreachable};
use path::DecodedPath;
use portcullis_core::{ConfigError, Headers};
use serde_json::Value;
use std::borrow::Cow;

/// `match` of a route: all of its parts must hold; of a list one.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    hosts: Vec<HostTest>,
    paths: Vec<PathTest>,
    methods: Vec<String>,
    headers: Vec<HeaderTest>,
    route_name: Option<String>,
    /// Namespace, key, value.
    route_metadata: Vec<(String, String, String)>,
}

/// A request as routes see it.
pub(crate) struct View<'a, F> {
    headers: &'a Headers,
    host: Cow<'a, [u8]>,
    path: DecodedPath<'a>,
    property: &'a F,
}

impl<'a, F: Fn(&[&str]) -> Option<Vec<u8>>> View<'a, F> {
    pub(crate) fn new(headers: &'a Headers, property: &'a F) -> View<'a, F> {
        let (path, _) = headers.path_and_query();
        View { headers, host: host(headers.authority()), path: DecodedPath::new(path), property }
    }

    /// Whether a server might see another path or host in it than the one that is matched.
    pub(crate) fn is_disguised(&self) -> bool {
        self.path.is_disguised() || !is_plain_authority(self.headers.authority())
    }
}

impl Matcher {
    /// Checks and compiles `match`; paths in the error are relative to it.
    pub(crate) fn compile(value: Value) -> Result<Matcher, ConfigError> {
        config::compile(value)
    }

    pub(crate) fn matches<F: Fn(&[&str]) -> Option<Vec<u8>>>(&self, view: &View<'_, F>) -> bool {
        any_of(&self.hosts, |host| host.matches(&view.host))
            && any_of(&self.paths, |path| path.matches(view.path.as_bytes()))
            && any_of(&self.methods, |method| method.as_bytes() == view.headers.method())
            && self.headers.iter().all(|header| header.matches(view.headers))
            && self.property_matches(view)
    }

    /// A route that guards less may not be chosen by a header that any client can send.
    pub(crate) fn refuse_untrusted_headers(&self, trusted: &[String]) -> Result<(), ConfigError> {
        let Some(at) = self.headers.iter().position(|header| !trusted.contains(&header.name)) else {
            return Ok(());
        };
        let name = self.headers.get(at).map(|header| header.name.as_str()).unwrap_or_default();
        let message = format!(
            "any client can send `{name}`, and this route guards less than `default`: name it in `trustedHeaders` if \
             the proxy sets or removes it before this filter"
        );
        Err(ConfigError::new(format!("headers[{at}].name"), message))
    }

    fn property_matches<F: Fn(&[&str]) -> Option<Vec<u8>>>(&self, view: &View<'_, F>) -> bool {
        let is =
            |path: &[&str], text: &str| (view.property)(path).is_some_and(|value| value == text.as_bytes());
        self.route_name.as_ref().is_none_or(|name| is(&["xds", "route_name"], name))
            && self.route_metadata.iter().all(|(namespace, key, text)| {
                is(&["xds", "route_metadata", "filter_metadata", namespace, key], text)
            })
    }
}

fn any_of<T>(tests: &[T], test: impl Fn(&T) -> bool) -> bool {
    tests.is_empty() || tests.iter().any(test)
}

impl HostTest {
    fn matches(&self, host: &[u8]) -> bool {
        match self {
            HostTest::Any => true,
            HostTest::Exact(name) => host == name.as_bytes(),
            HostTest::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_bytes()),
        }
    }
}

impl PathTest {
    fn matches(&self, path: &[u8]) -> bool {
        match self {
            PathTest::Exact(text) => path == text.as_bytes(),
            PathTest::Prefix(prefix) => {
                let rest = path.strip_prefix(prefix.as_bytes());
                rest.is_some_and(|rest| matches!(rest, [] | [b'/' | b';', ..]) || prefix.ends_with('/'))
            }
            PathTest::Regex(regex) => regex.is_match(path),
        }
    }
}

impl HeaderTest {
    fn matches(&self, headers: &Headers) -> bool {
        headers.get_all(&self.name).any(|value| match &self.test {
            Text::Present => true,
            Text::Exact(text) => value == text.as_bytes(),
            Text::Prefix(text) => value.starts_with(text.as_bytes()),
            Text::Regex(regex) => regex.is_match(value),
        })
    }
}

/// A host name as it is matched: lower case, without port and without the dot of the root.
fn host(authority: &[u8]) -> Cow<'_, [u8]> {
    let name = match authority.first() {
        Some(b'[') => authority.split_inclusive(|&byte| byte == b']').next().unwrap_or_default(),
        _ => authority.split(|&byte| byte == b':').next().unwrap_or_default(),
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.iter().any(u8::is_ascii_uppercase) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

/// Whether it is a host and perhaps a port, and nothing that two readers could take apart in two ways: in
/// `a.example:1@b.example` one sees the one host and another the other.
fn is_plain_authority(authority: &[u8]) -> bool {
    let (name, port) = match authority.iter().rposition(|&byte| matches!(byte, b':' | b']')) {
        Some(at) if authority.get(at) == Some(&b':') => authority.split_at(at),
        _ => (authority, &b""[..]),
    };
    let name_is_plain = match name {
        [b'[', address @ .., b']'] => {
            address.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
        }
        _ => name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')),
    };
    name_is_plain && port.iter().skip(1).all(u8::is_ascii_digit)
}
