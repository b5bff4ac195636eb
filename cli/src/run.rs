//! `portcullis run`: a raw request, and perhaps a response, through a filter.

use crate::configs;
use crate::drive::Exchanges;
use crate::filter::Filter;
use crate::message;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit code where the filter does not let the messages pass.
const STOPPED: u8 = 2;

/// Arguments of `portcullis run`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 if the messages pass, 2 if the filter answers, resets or asks, 1 on an error."
)]
pub(crate) struct Arguments {
    /// Which filter.
    #[arg(long)]
    filter: Filter,
    /// Its configuration: bare, or the only one of this filter in Envoy's configuration or Istio's resources.
    #[arg(long)]
    config: PathBuf,
    /// A file with a raw HTTP/1 request: request line, headers, blank line, body.
    request: PathBuf,
    /// A file with a raw HTTP/1 response, which runs through the filter after the request.
    #[arg(long)]
    response: Option<PathBuf>,
    /// The client's address.
    #[arg(long, default_value = "127.0.0.1:50000")]
    source: String,
    /// The address that the client reached.
    #[arg(long, default_value = "127.0.0.1:10000")]
    destination: String,
    /// A property of the host, such as `request.protocol=HTTP/1.1`; can be repeated.
    #[arg(long = "property", value_name = "PATH=VALUE", value_parser = pair)]
    properties: Vec<(String, String)>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the messages and prints what came of them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let shown = arguments.config.display();
    let config = configs::read_one(&arguments.config, arguments.filter).with_context(|| shown.to_string())?;
    let exchanges = Exchanges {
        request: read(&arguments.request, message::request)?,
        response: arguments.response.as_deref().map(|path| read(path, message::response)).transpose()?,
        source: arguments.source.clone(),
        destination: arguments.destination.clone(),
        properties: arguments.properties.clone(),
    };
    let report =
        arguments.filter.run(&config.json, &exchanges).map_err(|error| anyhow!("{shown}: {error}"))?;
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(if report.outcome.passes() { ExitCode::SUCCESS } else { ExitCode::from(STOPPED) })
}

fn read<T>(path: &Path, parse: impl Fn(&[u8]) -> Result<T>) -> Result<T> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    parse(&bytes).with_context(|| path.display().to_string())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("has not the form PATH=VALUE")?;
    Ok((path.to_owned(), value.to_owned()))
}
