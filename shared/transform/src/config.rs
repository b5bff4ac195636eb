//! The settings of the filter `transform`.

use crate::gloo::GlooConfig;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Settings of one route, or of `default`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransformConfig {
    /// What happens to requests.
    #[serde(default)]
    pub request: Option<SideConfig>,
    /// What happens to responses.
    #[serde(default)]
    pub response: Option<SideConfig>,
    /// Gloo's own form, in place of `request` and `response`.
    #[serde(default)]
    pub gloo: Option<GlooConfig>,
}

/// What happens to messages of one direction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SideConfig {
    /// Edits of headers: first `remove`, then `set`, then `append`.
    #[serde(default)]
    pub headers: HeadersConfig,
    /// A template whose output takes the body's place. Messages without a body get none.
    #[serde(default)]
    pub body: Option<String>,
    /// How the body becomes the values that templates name. Default `json`.
    #[serde(default)]
    pub parse_body: ParseBody,
    /// What happens where a template fails, a body is not what `parseBody` says, or a rendered header value is not
    /// valid. Default `keep`.
    #[serde(default)]
    pub on_render_error: OnRenderError,
    /// The most bytes of a body that are held; default, and upper bound, `limits.maxBody`.
    #[serde(default)]
    pub max_body: Option<usize>,
    /// What becomes of a longer body. Default `pass`.
    #[serde(default)]
    pub over_limit: OverLimit,
    /// Accepts that a header made from the body comes too late, and is left out, where headers are not held.
    #[serde(default)]
    pub late_ok: bool,
}

/// Edits of headers. Names in any case; `:path`, `:method`, `:authority` can be set on requests, `:status` on
/// responses.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeadersConfig {
    /// One field of this name with the rendered value, in place of all there are.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// More fields of this name.
    #[serde(default)]
    pub append: BTreeMap<String, Templates>,
    /// No field of this name.
    #[serde(default)]
    pub remove: Vec<String>,
}

/// A template, or several.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Templates {
    /// For one field.
    One(String),
    /// For a field each.
    Many(Vec<String>),
}

impl Templates {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Templates::One(template) => std::slice::from_ref(template),
            Templates::Many(templates) => templates.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

/// How a body becomes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ParseBody {
    /// As JSON, if a template names a value of it.
    #[default]
    Json,
    /// Not at all; `body()` has its bytes.
    None,
}

/// What happens where a transformation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum OnRenderError {
    /// The message passes as it was, and a metric counts it.
    #[default]
    Keep,
    /// The client is answered: 400 for a request, 500 for a response.
    Reply,
    /// The client is answered 400, as Gloo does.
    Gloo,
}

/// What becomes of a body above `maxBody`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum OverLimit {
    /// It passes as it is, and a metric counts it.
    #[default]
    Pass,
    /// A request is answered 413, a response 502.
    Refuse,
}
