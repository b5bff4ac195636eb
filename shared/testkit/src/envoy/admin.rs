//! What the admin interface tells: stats, configuration.

use super::Envoy;
use crate::h1::Request;
use crate::raw::fetch;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

impl Envoy {
    /// Asks the admin interface.
    pub fn admin(&self, target: &str) -> Result<String> {
        self.ask_admin("GET", target)
    }

    /// Tells the admin interface to do something, such as `/logging?wasm=debug`.
    pub fn admin_post(&self, target: &str) -> Result<String> {
        self.ask_admin("POST", target)
    }

    /// A counter or gauge by its full name; 0 where Envoy has none of that name, for stats begin with the first use.
    pub fn stat(&self, name: &str) -> Result<u64> {
        Ok(self.stats(name)?.get(name).copied().unwrap_or(0))
    }

    /// Counters and gauges whose names hold this text.
    pub fn stats(&self, part: &str) -> Result<BTreeMap<String, u64>> {
        let pattern: String =
            part.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '.' }).collect();
        let text = self.admin(&format!("/stats?filter={pattern}"))?;
        let pairs = text.lines().filter_map(|line| line.rsplit_once(": "));
        Ok(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    /// A histogram's summary line, as Envoy prints it.
    pub fn histogram(&self, name: &str) -> Result<String> {
        let text = self.admin(&format!("/stats?filter={name}&type=Histograms"))?;
        text.lines()
            .find(|line| line.starts_with(name))
            .map(str::to_owned)
            .with_context(|| format!("no `{name}`"))
    }

    /// The whole configuration dump.
    pub fn config_dump(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.admin("/config_dump?include_eds")?).context("admin /config_dump")
    }

    /// The running version, such as `1.40.0`.
    pub fn version(&self) -> Result<String> {
        let info: serde_json::Value = serde_json::from_str(&self.admin("/server_info")?)?;
        let version = info["version"].as_str().and_then(|text| text.split('/').nth(1)).map(str::to_owned);
        version.context("admin /server_info has no version")
    }

    fn ask_admin(&self, method: &str, target: &str) -> Result<String> {
        let response =
            fetch(self.admin_address(), &Request::new(method, target).field("connection", "close"))?;
        match response.status {
            200 => Ok(response.text()),
            status => bail!("admin {target}: {status} {}", response.text()),
        }
    }
}
