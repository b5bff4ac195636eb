//! The filter's settings.

use crate::collections::CollectionsConfig;
use crate::page::ReplyConfig;
use crate::report::LogConfig;
use serde::Deserialize;

/// Settings of one route, or of `default`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WafConfig {
    /// SecLang texts, in order. `Include @builtin` brings the rules that are part of every build.
    pub rules: Vec<String>,
    /// Whether a rule on a body may deny after the headers have gone on. Without it such rules need `holdHeaders: true`.
    #[serde(default)]
    pub late_ok: bool,
    /// How matches are logged.
    #[serde(default)]
    pub log: LogConfig,
    /// What a client is told when its request is blocked.
    #[serde(default)]
    pub reply: ReplyConfig,
    /// The table in shared data that persistent collections (`IP`, `SESSION`...) live in. All routes share it.
    #[serde(default)]
    pub collections: Option<CollectionsConfig>,
}
