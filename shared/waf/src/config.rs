//! The filter's settings.

pub(crate) mod coraza;
mod crs;
mod explain;
mod ids;

pub use crs::{CrsConfig, ExcludeConfig};
pub use explain::explain;
pub use ids::RuleIds;

use crate::audit::AuditConfig;
use crate::coded::AcceptEncoding;
use crate::collections::CollectionsConfig;
use crate::metrics::MetricsConfig;
use crate::page::ReplyConfig;
use crate::report::LogConfig;
use portcullis_core::ConfigError;
use serde::Deserialize;
use std::num::NonZeroUsize;

/// `maxInflation` if nothing is said. HTML comes to about 10, a table of zeros in JSON to 100.
const MOST_INFLATION: usize = 200;

/// Settings of one route, or of `default`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WafConfig {
    /// SecLang texts, in order. `Include @builtin` brings the rules that are part of every build. With `crs` they stand
    /// between its settings and its rules, and are not needed.
    #[serde(default)]
    pub rules: Vec<String>,
    /// OWASP CRS by settings instead of SecLang. Needs a build that has it.
    #[serde(default)]
    pub crs: Option<CrsConfig>,
    /// Whether a rule on a body may deny after the headers have gone on. Without it such rules need `holdHeaders: true`.
    #[serde(default)]
    pub late_ok: bool,
    /// How matches are logged.
    #[serde(default)]
    pub log: LogConfig,
    /// Where the audit log goes; `SecAuditEngine` and its kin say what is in it.
    #[serde(default)]
    pub audit: AuditConfig,
    /// Which labels the metrics have.
    #[serde(default)]
    pub metrics: MetricsConfig,
    /// What a client is told when its request is blocked.
    #[serde(default)]
    pub reply: ReplyConfig,
    /// The table in shared data that persistent collections (`IP`, `SESSION`...) live in. All routes share it.
    #[serde(default)]
    pub collections: Option<CollectionsConfig>,
    /// Whether the upstream is asked for codings of the response that rules cannot look into.
    #[serde(default)]
    pub accept_encoding: AcceptEncoding,
    /// The most bytes that a body may have, decoded, for each byte that was sent: 200 if nothing is said. The first 64
    /// KiB are free.
    #[serde(default)]
    pub max_inflation: Option<NonZeroUsize>,
}

/// A SecLang text, and which field it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The path of the field: `rules[0]`, `crs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl WafConfig {
    pub(crate) fn max_inflation(&self) -> usize {
        self.max_inflation.map_or(MOST_INFLATION, NonZeroUsize::get)
    }

    /// Whether both come to the same rule set.
    pub(crate) fn has_rules_of(&self, other: &WafConfig) -> bool {
        self.rules == other.rules && self.crs == other.crs
    }

    /// The texts that the settings come to, in order.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, ConfigError> {
        let own = self.rules.iter().enumerate();
        let own = own.map(|(index, text)| Source { path: format!("rules[{index}]"), text: text.clone() });
        match &self.crs {
            Some(crs) => {
                let (settings, rules) = crs.texts()?;
                let part = |text: String| Source { path: "crs".to_owned(), text };
                Ok(std::iter::once(part(settings)).chain(own).chain([part(rules)]).collect())
            }
            None if self.rules.is_empty() => {
                Err(ConfigError::new("rules", "missing; give SecLang texts, or the settings `crs`"))
            }
            None => Ok(own.collect()),
        }
    }
}
