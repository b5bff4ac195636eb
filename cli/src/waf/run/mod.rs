//! `portcullis waf run`: an exchange through rules.

mod input;
mod report;

use super::arguments::RuleArguments;
use super::bytes::stdin;
use super::exchange::{Exchange, Response, transact};
use super::sources::read_bytes;
use super::{UNUSABLE, code};
use crate::message;
use anyhow::{Context, Result, anyhow};
use input::Encoding;
use report::Report;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

const AFTER_HELP: &str = "\
REQUEST is a raw HTTP/1 message: request line, header lines, an empty line, the body. Lines may end with LF.

Without REQUEST, `--json` reads one JSON object from standard input:
  rules     a text of SecLang, or a list of texts or lines; without it the rules of the arguments
  files     {\"name\": \"text\"} for @pmFromFile and @ipMatchFromFile
  request   {\"method\", \"uri\", \"protocol\", \"headers\", \"body\"}; headers are {\"name\": \"value\"} (or a list of values) or
            a list of [name, value]; the body is a text, or a list of lines
  response  {\"status\", \"protocol\", \"headers\", \"body\"}, if its phases are to run too
  client, server   {\"ip\", \"port\"}, or \"ip:port\"
  uniqueId  a text
  encoding  `utf-8` (default), or `latin1`: each character of a text is one byte
and prints {status, action, rule, matches, variables, log, warnings, error}.

Exit code: 0 if the exchange passes without a match, 1 if a rule has matched, 2 if the rules do not load.";

/// Arguments of `portcullis waf run`.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A file with a raw HTTP/1 request.
    #[arg(required_unless_present = "json")]
    request: Option<PathBuf>,
    /// A file with a raw HTTP/1 response, which runs through the rules after the request.
    #[arg(long, value_name = "FILE", requires = "request")]
    response: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    /// The client's address.
    #[arg(long, default_value = "127.0.0.1:50000", value_name = "IP:PORT")]
    client: String,
    /// The address that the client reached.
    #[arg(long, default_value = "127.0.0.1:80", value_name = "IP:PORT")]
    server: String,
    /// Prints JSON; without REQUEST, reads it too.
    #[arg(long)]
    json: bool,
    /// Shows all variables at the end, and all matches, those with `nolog` too.
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the exchange and prints what came of it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (exchange, sources, encoding) = match &arguments.request {
        Some(path) => (of_files(path, arguments)?, arguments.rules.sources()?, Encoding::Utf8),
        None => {
            let case = input::read(&stdin()?)?;
            let sources = case.sources(&arguments.rules)?;
            (case.exchange()?, sources, case.encoding)
        }
    };
    let mut out = std::io::stdout().lock();
    let report = match sources.compile() {
        Ok(ruleset) => {
            let ruleset = Rc::new(ruleset);
            let transaction = transact(&ruleset, &exchange).map_err(|_| anyhow!("the fuel ran out"))?;
            Report::of(&ruleset, &transaction, &exchange, encoding)
        }
        Err(error) if arguments.json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&Report::of_error(&error.to_string()))?)?;
            return Ok(ExitCode::from(UNUSABLE));
        }
        Err(error) => return Err(error.into()),
    };
    match arguments.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{}", report.text(arguments.verbose))?,
    }
    Ok(code(!report.passes()))
}

fn of_files(path: &Path, arguments: &Arguments) -> Result<Exchange> {
    let shown = |path: &Path| path.display().to_string();
    let request = message::lines(&read_bytes(path)?).with_context(|| shown(path))?;
    let (method, uri, protocol) = request.request_line().with_context(|| shown(path))?;
    let mut exchange = Exchange {
        method,
        uri,
        protocol,
        headers: request.fields,
        body: request.body,
        client: input::endpoint(&arguments.client)?,
        server: input::endpoint(&arguments.server)?,
        unique_id: "run".to_owned(),
        response: None,
    };
    if let Some(path) = &arguments.response {
        let response = message::lines(&read_bytes(path)?).with_context(|| shown(path))?;
        let (protocol, status) = response.status_line().with_context(|| shown(path))?;
        exchange.response =
            Some(Response { status, protocol, headers: response.fields, body: response.body });
    }
    Ok(exchange)
}
