//! The settings of the audit log; what is written is for `SecAuditEngine` and its kin to say.

use crate::report::LogLevel;
use portcullis_core::ConfigError;
use serde::Deserialize;

/// Where the audit log goes, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Whose JSON it is.
    pub format: AuditFormat,
    /// The level of its lines in the proxy's log.
    pub level: LogLevel,
    /// The most records a second and worker; what is beyond is counted and lost. 0 is no limit.
    pub per_second: u32,
    /// The cluster that gets the records by HTTP, in place of the log: each second a POST with a record a line.
    pub cluster: Option<String>,
    /// The path of those requests.
    pub path: String,
    /// Their `host`; without it the cluster's name.
    pub authority: Option<String>,
}

/// Whose JSON the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuditFormat {
    /// ModSecurity v3's.
    #[default]
    Modsecurity,
    /// Coraza's.
    Coraza,
}

impl Default for AuditConfig {
    fn default() -> AuditConfig {
        AuditConfig {
            format: AuditFormat::default(),
            level: LogLevel::default(),
            per_second: 100,
            cluster: None,
            path: "/".to_owned(),
            authority: None,
        }
    }
}

impl AuditConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let fields = [("cluster", self.cluster.as_deref()), ("authority", self.authority.as_deref())];
        for (field, text) in fields.into_iter().chain([("path", Some(self.path.as_str()))]) {
            if let Some(text) = text.filter(|text| !is_plain(text)) {
                return Err(ConfigError::new(
                    format!("audit.{field}"),
                    format!("`{text}` is not printable ASCII without blanks"),
                ));
            }
        }
        match self.path.starts_with('/') {
            true => Ok(()),
            false => Err(ConfigError::new("audit.path", format!("`{}` does not begin with `/`", self.path))),
        }
    }
}
