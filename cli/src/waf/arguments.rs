//! Arguments that several commands take: which rules.

use super::crs;
use super::sources::Sources;
use crate::configs;
use crate::filter::Filter;
use anyhow::{Context, Result, anyhow, bail};
use portcullis_core::Plugin;
use portcullis_ftw::layout::{self, Mode, Profile};
use portcullis_waf::{Waf, WafConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Which rules.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct RuleArguments {
    /// A SecLang file; can be repeated.
    #[arg(long = "rules", value_name = "FILE", conflicts_with = "config")]
    pub(crate) rules: Vec<PathBuf>,
    /// A configuration of the filter, bare or within Envoy's or Istio's; its `default` counts.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of OWASP CRS.
    #[arg(long, value_name = "DIR")]
    pub(crate) crs: Option<PathBuf>,
    /// CRS's paranoia level, where the rules are CRS.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) paranoia: u8,
}

impl RuleArguments {
    /// The texts and data.
    pub(crate) fn sources(&self) -> Result<Sources> {
        if !self.rules.is_empty() {
            let mut sources = Sources::new(crs::locate(self.crs.as_deref())?);
            for path in &self.rules {
                sources.add_file(path)?;
            }
            return Ok(sources);
        }
        if let Some(path) = &self.config {
            let found = configs::read_one(path, Filter::Waf).with_context(|| path.display().to_string())?;
            let mut sources = Sources::new(crs::locate(self.crs.as_deref())?);
            add_config(&mut sources, &found.json).with_context(|| path.display().to_string())?;
            return Ok(sources);
        }
        let profile = Profile { paranoia: self.paranoia, mode: Mode::Blocking };
        match crs::find(self.crs.as_deref())? {
            crs::Source::Folder(layout) => Sources::of_crs(&layout, profile),
            crs::Source::Build(_) => {
                let mut sources = Sources::new(None);
                for (name, text) in layout::stored_texts(profile) {
                    sources.add(&name, &text, None)?;
                }
                Ok(sources)
            }
        }
    }
}

/// A configuration's settings: of each route and of `default`, with their paths; and its files.
pub(crate) struct Configured {
    pub(crate) settings: Vec<(String, WafConfig)>,
    pub(crate) files: BTreeMap<String, String>,
}

/// Reads a configuration; one in Coraza's form is translated first.
pub(crate) fn configured(json: &[u8]) -> Result<Configured> {
    let mut value: Value = serde_json::from_slice(json).context("is not JSON")?;
    if Waf::FOREIGN_KEYS.iter().any(|key| value.get(key).is_some()) && value.get("version").is_none() {
        let translated = Waf::translate(&value.to_string()).map_err(|error| anyhow!("{error}"))?;
        value = serde_json::from_str(&translated)?;
    }
    let files = value.get("files").and_then(Value::as_object).into_iter().flatten();
    let files = files.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
    Ok(Configured { settings: settings(&value)?, files })
}

fn settings(value: &Value) -> Result<Vec<(String, WafConfig)>> {
    let mut all = Vec::new();
    let routes = value.get("routes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, route) in routes.iter().enumerate() {
        all.push((format!("routes[{index}]"), of_route(route)));
    }
    all.extend(value.get("default").map(|default| ("default".to_owned(), of_route(default))));
    all.into_iter().map(|(path, config)| Ok((path.clone(), config.with_context(|| path)?))).collect()
}

/// The filter's own settings, without the host's keys.
fn of_route(route: &Value) -> Result<WafConfig> {
    const HOST: [&str; 3] = ["match", "mode", "onError"];
    let Value::Object(mut fields) = route.clone() else { bail!("is not an object") };
    fields.retain(|name, _| !HOST.contains(&name.as_str()));
    serde_json::from_value(Value::Object(fields)).map_err(|error| anyhow!("{error}"))
}

/// The texts of `default`, and the data.
fn add_config(sources: &mut Sources, json: &[u8]) -> Result<()> {
    let Configured { settings, files } = configured(json)?;
    sources.data.extend(files);
    let Some((path, config)) = settings.into_iter().find(|(path, _)| path == "default") else {
        bail!("there is no `default`");
    };
    add_settings(sources, &path, &config)
}

/// The texts that settings come to, each under the path of its field.
pub(crate) fn add_settings(sources: &mut Sources, path: &str, config: &WafConfig) -> Result<()> {
    let text = portcullis_waf::explain(config).map_err(|error| anyhow!("{path}.{error}"))?;
    // Each part stands under a comment that names its field.
    let mut name = format!("{path}.rules");
    let mut part = String::new();
    for line in text.lines() {
        match line.strip_prefix("# ").filter(|field| is_field(field)) {
            Some(field) => {
                sources.add(&name, &std::mem::take(&mut part), None)?;
                name = format!("{path}.{field}");
            }
            None => {
                part.push_str(line);
                part.push('\n');
            }
        }
    }
    sources.add(&name, &part, None)
}

/// Whether a comment is one of those that name a field: `crs`, `rules[0]`.
fn is_field(text: &str) -> bool {
    text == "crs"
        || text
            .strip_prefix("rules[")
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|index| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()))
}
