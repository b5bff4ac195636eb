//! The settings of the metrics.

use portcullis_core::ConfigError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which labels the metrics have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Hosts that matches are counted for by name; all others are `other`. Without any there is no such label.
    pub authorities: Vec<String>,
    /// Whether Coraza's metrics are there too (`waf_filter_tx_total`, `waf_filter_tx_interruptions`).
    pub coraza: bool,
    /// More labels of Coraza's metrics, as its `metric_labels`.
    pub labels: BTreeMap<String, String>,
}

impl MetricsConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
        };
        for (name, value) in &self.labels {
            if !is_plain(name) || !is_plain(value) {
                let message = format!("`{name}={value}` holds more than letters, digits and `_.:-`");
                return Err(ConfigError::new("metrics.labels", message));
            }
        }
        for (index, authority) in self.authorities.iter().enumerate() {
            if !is_plain(authority) {
                let path = format!("metrics.authorities[{index}]");
                return Err(ConfigError::new(path, format!("`{authority}` is not a host")));
            }
        }
        match self.labels.is_empty() || self.coraza {
            true => Ok(()),
            false => Err(ConfigError::new(
                "metrics.labels",
                "are labels of Coraza's metrics, which need `coraza: true`",
            )),
        }
    }
}
