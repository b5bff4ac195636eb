//! The settings of the filter `authz`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Settings of one route, or of `default`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthzConfig {
    /// Rego modules by file name; the name stands in error messages. At least one.
    pub policies: BTreeMap<String, String>,
    /// The document `data`: an object, or the JSON text of one (a Struct in the proxy's configuration rounds whole
    /// numbers above 2^53).
    #[serde(default)]
    pub data: Option<DataConfig>,
    /// The decision's place under `data`, as OPA-Envoy writes it. Default `envoy/authz/allow`.
    #[serde(default)]
    pub path: Option<String>,
    /// One Rego expression in place of `path`: a reference to a decision, or a condition that allows where it holds.
    #[serde(default)]
    pub query: Option<String>,
    /// The syntax of the policies. Default `v1`.
    #[serde(default)]
    pub rego_version: RegoVersion,
    /// `input.attributes.contextExtensions`.
    #[serde(default)]
    pub context_extensions: BTreeMap<String, String>,
    /// Does not parse the body: `parsed_body` and `truncated_body` are missing.
    #[serde(default)]
    pub skip_request_body_parse: bool,
    /// Holds the body even where no policy refers to it.
    #[serde(default)]
    pub read_body: bool,
    /// The most bytes of a body that are held; default, and upper bound, `limits.maxBody`.
    #[serde(default)]
    pub max_body: Option<usize>,
    /// Decides on the first `maxBody` bytes of a longer body, with `truncated_body` set, instead of answering 413.
    #[serde(default)]
    pub allow_partial: bool,
    /// Accepts that a denial may come after the request's headers have left, where headers are not held.
    #[serde(default)]
    pub late_ok: bool,
}

/// The document `data`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum DataConfig {
    /// The JSON text of an object.
    Text(String),
    /// The object itself.
    Document(serde_json::Map<String, serde_json::Value>),
}

/// A version of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RegoVersion {
    /// `if` and `contains` are needed.
    #[default]
    V1,
    /// As before OPA 1.0; a module may `import rego.v1`.
    V0,
}
