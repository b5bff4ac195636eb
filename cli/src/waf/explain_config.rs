//! `portcullis waf explain-config`: settings as the SecLang that they come to.

use super::FINE;
use super::arguments::configured;
use crate::configs;
use crate::filter::Filter;
use anyhow::{Context, Result, anyhow};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `portcullis waf explain-config`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A configuration of the filter, bare (JSON or YAML) or the only one within Envoy's or Istio's.
    config: PathBuf,
    /// Only these settings: `default`, or `routes[0]`.
    #[arg(long, value_name = "PATH")]
    route: Option<String>,
}

/// Prints the text of each route and of `default`.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let shown = arguments.config.display().to_string();
    let found = configs::read_one(&arguments.config, Filter::Waf).with_context(|| shown.clone())?;
    let mut all = configured(&found.json).with_context(|| shown.clone())?.settings;
    if let Some(wanted) = &arguments.route {
        all.retain(|(path, _)| path == wanted);
        anyhow::ensure!(!all.is_empty(), "{shown}: there is no `{wanted}`");
    }
    let mut out = std::io::stdout().lock();
    for (index, (path, config)) in all.iter().enumerate() {
        let text = portcullis_waf::explain(config).map_err(|error| anyhow!("{shown}: {path}.{error}"))?;
        let gap = if index == 0 { "" } else { "\n" };
        writeln!(out, "{gap}# --- {path}\n{}", text.trim_end())?;
    }
    Ok(FINE)
}
