//! Tests that cannot pass behind Envoy, whatever the engine: a file with kind and reason each.

use anyhow::{Context, Result};
use portcullis_testkit::repo;
use serde::Deserialize;

/// A test that Envoy, without any filter, refuses or alters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Rule and number, such as `920100-4`.
    pub test: String,
    /// What Envoy does.
    pub envoy: Kind,
    /// Why.
    pub reason: String,
}

/// What Envoy does to a request before any filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// No filter sees it.
    Refuses,
    /// Filters see something else than was sent.
    Alters,
}

#[derive(Deserialize)]
struct File {
    exception: Vec<Exception>,
}

/// The list in `e2e/testdata/crs-envoy.toml`.
pub fn exceptions() -> Result<Vec<Exception>> {
    let path = repo::root().join("e2e/testdata/crs-envoy.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(file.exception)
}
