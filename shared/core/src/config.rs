//! The one error that a configuration can have.

use std::fmt;

/// A configuration that cannot be used: where and why, in one line, without full stop.
///
/// Printed as `routes[2].rules[0]: no such operator`. Inside an engine the path is relative to the engine's own
/// configuration; the host puts the place of that configuration in front ([`ConfigError::under`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Which of the configurations handed to `compile`.
    pub config: usize,
    /// Path of the field: names with dots, indexes in brackets. Empty for the whole.
    pub path: String,
    /// What is wrong with it: lower case, the user's text in backticks.
    pub message: String,
}

impl ConfigError {
    /// An error in the first configuration; use [`ConfigError::of`] for another.
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> ConfigError {
        ConfigError { config: 0, path: printable(path.into()), message: one_line(&message.to_string()) }
    }

    /// The same error in the configuration with this index.
    pub fn of(mut self, config: usize) -> ConfigError {
        self.config = config;
        self
    }

    /// The same error seen from outside: `prefix` stands in front of the path.
    pub fn under(mut self, prefix: &str) -> ConfigError {
        self.path = match (prefix, self.path.as_str()) {
            ("", _) => self.path,
            (_, "") => prefix.to_owned(),
            (_, path) if path.starts_with('[') => format!("{prefix}{path}"),
            (_, path) => format!("{prefix}.{path}"),
        };
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "configuration: {}", self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

/// An error is one line, whatever the user's text in it.
fn one_line(message: &str) -> String {
    message.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The names in a path are the user's too: what would break the line is escaped.
fn printable(path: String) -> String {
    if !path.contains(char::is_control) {
        return path;
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    path.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_stand_in_front_of_the_path() {
        let error = ConfigError::new("rules[0]", "no such operator");
        assert_eq!(error.clone().under("routes[2]").to_string(), "routes[2].rules[0]: no such operator");
        assert_eq!(ConfigError::new("[1]", "x").under("rules").to_string(), "rules[1]: x");
        assert_eq!(ConfigError::new("", "x").under("default").to_string(), "default: x");
        assert_eq!(ConfigError::new("", "a\n  b").to_string(), "configuration: a b");
        assert_eq!(ConfigError::new("a\n\u{85}b", "x").to_string(), "a\\n\\u{85}b: x");
    }
}
