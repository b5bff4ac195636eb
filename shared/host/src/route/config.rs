//! `match` as it is written.

use super::Matcher;
use portcullis_core::ConfigError;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A compiled regex may take this much memory, bytes.
const REGEX_SIZE: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchConfig {
    hosts: Option<Vec<String>>,
    paths: Option<Vec<TextConfig>>,
    methods: Option<Vec<String>>,
    headers: Option<Vec<HeaderConfig>>,
    route_name: Option<String>,
    route_metadata: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TextConfig {
    exact: Option<String>,
    prefix: Option<String>,
    regex: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeaderConfig {
    name: String,
    #[serde(default)]
    exact: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    present: Option<bool>,
}

#[derive(Debug, PartialEq)]
pub(super) enum HostTest {
    /// `*`
    Any,
    Exact(String),
    /// `*.example.com`, kept as `.example.com`: any name below it, not itself.
    Below(String),
}

#[derive(Debug)]
pub(super) enum PathTest {
    Exact(String),
    /// Whole segments: `/api` takes `/api`, `/api/x` and `/api;v=1`, not `/apix`; with a slash at its end only what is
    /// below. So does Envoy's `path_separated_prefix`, but for the `;`, behind which some servers see parameters.
    Prefix(String),
    /// The whole path.
    Regex(Regex),
}

#[derive(Debug)]
pub(super) struct HeaderTest {
    pub(super) name: String,
    pub(super) test: Text,
}

#[derive(Debug)]
pub(super) enum Text {
    Present,
    Exact(String),
    Prefix(String),
    Regex(Regex),
}

pub(super) fn compile(value: Value) -> Result<Matcher, ConfigError> {
    let config: MatchConfig = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        ConfigError::new(if path == "." { String::new() } else { path }, error.inner())
    })?;
    let matcher = Matcher {
        hosts: list("hosts", config.hosts, |host| host_test(&host))?,
        paths: list("paths", config.paths, path_test)?,
        methods: list("methods", config.methods, method)?,
        headers: list("headers", config.headers, header_test)?,
        route_name: config.route_name,
        route_metadata: config
            .route_metadata
            .into_iter()
            .flatten()
            .flat_map(|(namespace, keys)| {
                keys.into_iter().map(move |(key, value)| (namespace.clone(), key, value))
            })
            .collect(),
    };
    if matcher.is_empty() {
        return Err(ConfigError::new("", "matches everything; such settings stand under `default`"));
    }
    Ok(matcher)
}

impl Matcher {
    fn is_empty(&self) -> bool {
        self.hosts.is_empty()
            && self.paths.is_empty()
            && self.methods.is_empty()
            && self.headers.is_empty()
            && self.route_name.is_none()
            && self.route_metadata.is_empty()
    }
}

/// Compiles a list; an empty one would match nothing or everything, so it is refused.
fn list<T, U>(
    name: &str,
    items: Option<Vec<T>>,
    compile: impl Fn(T) -> Result<U, ConfigError>,
) -> Result<Vec<U>, ConfigError> {
    let Some(items) = items else { return Ok(Vec::new()) };
    if items.is_empty() {
        return Err(ConfigError::new(name, "an empty list; leave it out to match any"));
    }
    let compiled = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| compile(item).map_err(|error| error.under(&format!("{name}[{index}]"))));
    compiled.collect()
}

fn host_test(host: &str) -> Result<HostTest, ConfigError> {
    let name = host.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let bracketed = name.starts_with('[') && name.ends_with(']');
    if name.is_empty() || name.contains(['/', ' ', '@']) || (name.contains(':') && !bracketed) {
        return Err(ConfigError::new("", format!("`{host}` is not a host name (without port)")));
    }
    match name.strip_prefix('*') {
        Some("") => Ok(HostTest::Any),
        Some(rest) if rest.starts_with('.') && !rest.contains('*') => Ok(HostTest::Below(rest.to_owned())),
        None if !name.contains('*') => Ok(HostTest::Exact(name.to_owned())),
        _ => Err(ConfigError::new(
            "",
            format!("`{host}`: a wildcard stands for whole labels in front, as in `*.example.com`"),
        )),
    }
}

fn path_test(config: TextConfig) -> Result<PathTest, ConfigError> {
    match (config.exact, config.prefix, config.regex) {
        (Some(text), None, None) => absolute("exact", text).map(PathTest::Exact),
        (None, Some(text), None) => absolute("prefix", text).map(PathTest::Prefix),
        (None, None, Some(text)) => regex(&text).map(PathTest::Regex),
        _ => Err(ConfigError::new("", "one of `exact`, `prefix`, `regex` must stand here")),
    }
}

fn absolute(field: &str, text: String) -> Result<String, ConfigError> {
    if !text.starts_with('/') {
        return Err(ConfigError::new(field, format!("`{text}` does not start with `/`")));
    }
    if text.contains('?') || text.contains('#') {
        return Err(ConfigError::new(
            field,
            format!("`{text}` holds more than a path; a query is not matched"),
        ));
    }
    if super::path::DecodedPath::new(text.as_bytes()).as_bytes() != text.as_bytes() {
        return Err(ConfigError::new(
            field,
            format!("`{text}` can never match: paths are matched in decoded form"),
        ));
    }
    Ok(text)
}

fn method(method: String) -> Result<String, ConfigError> {
    let plain = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    if plain {
        Ok(method)
    } else {
        Err(ConfigError::new("", format!("`{method}` is not a method (upper case)")))
    }
}

fn header_test(config: HeaderConfig) -> Result<HeaderTest, ConfigError> {
    let name = config.name.to_ascii_lowercase();
    if name.starts_with(':') {
        return Err(ConfigError::new(
            "name",
            format!("`{name}` is no header here; use `hosts`, `paths`, `methods`"),
        ));
    }
    if portcullis_core::HeaderName::new(&name).is_err() {
        return Err(ConfigError::new("name", format!("`{name}` is not a header name")));
    }
    let test = match (config.exact, config.prefix, config.regex, config.present) {
        (Some(text), None, None, None) => Text::Exact(text),
        (None, Some(text), None, None) => Text::Prefix(text),
        (None, None, Some(text), None) => Text::Regex(regex(&text)?),
        (None, None, None, Some(true)) => Text::Present,
        _ => {
            return Err(ConfigError::new(
                "",
                "one of `exact`, `prefix`, `regex`, `present: true` must stand here",
            ));
        }
    };
    Ok(HeaderTest { name, test })
}

/// A regex that must fit the whole text, as Envoy's and Istio's do: one that is not anchored would take more than its
/// writer meant, and a route may guard less.
fn regex(text: &str) -> Result<Regex, ConfigError> {
    let build = |text: &str| RegexBuilder::new(text).unicode(false).size_limit(REGEX_SIZE).build();
    build(text).and_then(|_| build(&format!("^(?:{text})$"))).map_err(|error| {
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        ConfigError::new("regex", format!("`{text}`: {reason}"))
    })
}
