//! `portcullis waf tune`: from the log of matches to exclusions.

mod lines;
mod propose;

use super::bytes::stdin;
use super::sources::read_bytes;
use super::{code, table};
use anyhow::{Result, bail};
use propose::Proposal;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER_HELP: &str = "\
LOG holds match lines as ModSecurity, Coraza or this filter writes them (`[id \"942100\"] ...`), or one JSON object a line \
(`log.format: json`, or ModSecurity's audit log), among any other lines; `-` is standard input. Look at each proposal: what \
an attacker sent is in the log too. Rules that only add up scores (949110, 959100, 980170 and their like) are left out.

Exit code: 0 if there is nothing to propose, 1 if there is something, 2 where the log cannot be read.";

/// Arguments of `portcullis waf tune`.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Files with log lines.
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    /// The fewest matches of what is proposed.
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    min: u64,
    /// Paths beyond which an exclusion holds for all paths.
    #[arg(long, default_value_t = 5, value_name = "COUNT")]
    max_paths: usize,
    /// Prints SecLang in place of the `crs.exclude` of the configuration; ids of its rules begin here.
    #[arg(long, value_name = "FIRST_ID", num_args = 0..=1, default_missing_value = "1000")]
    seclang: Option<u64>,
    /// Prints JSON.
    #[arg(long, conflicts_with = "seclang")]
    json: bool,
}

/// Prints the proposals, the most frequent first.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut matches = Vec::new();
    let mut total = 0;
    for path in &arguments.logs {
        let bytes = if path.as_os_str() == "-" { stdin()? } else { read_bytes(path)? };
        for line in bytes.split(|&byte| byte == b'\n') {
            total += 1;
            matches.extend(lines::read(&String::from_utf8_lossy(line)));
        }
    }
    if matches.is_empty() {
        bail!("no match among {total} lines: expected `[id \"...\"]` or JSON with a rule");
    }
    let proposals = propose::all(&matches, arguments.min, arguments.max_paths);
    let mut out = std::io::stdout().lock();
    match (arguments.json, arguments.seclang) {
        (true, _) => writeln!(out, "{}", serde_json::to_string_pretty(&proposals)?)?,
        (false, Some(first)) => write!(out, "{}", propose::seclang(&proposals, first))?,
        (false, None) => {
            write!(out, "{}", summary(&proposals, matches.len()))?;
            write!(out, "{}", propose::yaml(&proposals))?;
        }
    }
    Ok(code(!proposals.is_empty()))
}

fn summary(proposals: &[Proposal], matches: usize) -> String {
    let shown = |list: &[String]| match list {
        [] => "(all)".to_owned(),
        [one] => one.clone(),
        [one, more @ ..] => format!("{one} and {} more", more.len()),
    };
    let row = |proposal: &Proposal| {
        let ids: Vec<String> = proposal.ids.iter().map(u64::to_string).collect();
        vec![proposal.count.to_string(), ids.join(" "), shown(&proposal.targets), shown(&proposal.paths)]
    };
    let rows: Vec<Vec<String>> = proposals.iter().map(row).collect();
    let table = table::render(&["matches", "rules", "target", "path"], &rows);
    let lines: String = table.lines().map(|line| format!("# {line}\n")).collect();
    format!("# {matches} matches\n{lines}")
}
