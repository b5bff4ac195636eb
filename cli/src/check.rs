//! `portcullis check`: the configurations in files, loaded as the filters would load them.

use crate::configs::{self, Found};
use crate::filter::Filter;
use anyhow::Result;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `portcullis check`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The filter that a bare configuration is for; in other files, the one whose configurations are checked.
    #[arg(long)]
    filter: Option<Filter>,
    /// A filter's configuration (JSON or YAML), Envoy's configuration, or Istio resources such as a WasmPlugin; in the
    /// latter all configurations of our filters are found and checked.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Prints a line for each configuration; fails if one cannot be loaded.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut all_good = true;
    for file in &arguments.files {
        all_good &= check(file, arguments.filter)?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(file: &Path, filter: Option<Filter>) -> Result<bool> {
    let shown = file.display();
    let found = match configs::read(file, filter) {
        Ok(found) => found,
        Err(error) => {
            writeln!(std::io::stderr(), "{shown}: {error:#}")?;
            return Ok(false);
        }
    };
    if found.is_empty() {
        writeln!(std::io::stderr(), "{shown}: no configuration of our filters in it")?;
        return Ok(false);
    }
    let mut good = true;
    for one in &found {
        good &= load(&shown.to_string(), one)?;
    }
    Ok(good)
}

fn load(file: &str, found: &Found) -> Result<bool> {
    let place = match &found.plugin {
        Some(plugin) => format!("{file}: {} `{plugin}`", found.filter.name()),
        None => file.to_owned(),
    };
    match found.filter.check(&found.json) {
        Ok(warnings) => {
            for warning in warnings {
                writeln!(std::io::stderr(), "{place}: warning: {warning}")?;
            }
            writeln!(std::io::stdout(), "{place}: ok")?;
            Ok(true)
        }
        Err(error) => {
            writeln!(std::io::stderr(), "{place}: {error}")?;
            Ok(false)
        }
    }
}
