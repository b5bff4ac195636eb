//! The settings of the log.

use portcullis_core::Level;
use serde::Deserialize;

/// How matches are logged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogConfig {
    /// How a line looks.
    pub format: Format,
    /// The level of the lines.
    pub matches: LogLevel,
    /// The most lines a second and worker; then one line says how many were left out. 0 is no limit.
    pub per_second: u32,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As ModSecurity writes it.
    #[default]
    Modsecurity,
    /// One JSON object.
    Json,
}

/// The level of a line in the host's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Below debug.
    Trace,
    /// For finding errors.
    Debug,
    /// Istio's gateways do not show it.
    Info,
    /// What Istio's gateways show.
    #[default]
    Warn,
    /// Above warn.
    Error,
    /// No lines.
    Off,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig { format: Format::default(), matches: LogLevel::default(), per_second: 100 }
    }
}

impl LogLevel {
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            LogLevel::Trace => Some(Level::Trace),
            LogLevel::Debug => Some(Level::Debug),
            LogLevel::Info => Some(Level::Info),
            LogLevel::Warn => Some(Level::Warn),
            LogLevel::Error => Some(Level::Error),
            LogLevel::Off => None,
        }
    }
}
