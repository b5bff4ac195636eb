//! `portcullis`: checks configurations, prints their schemas, and runs a request through a filter without a proxy.

mod check;
mod configs;
mod drive;
mod filter;
mod message;
mod report;
mod run;
mod waf;

use clap::{Parser, Subcommand};
use filter::Filter;
use std::io::Write;
use std::process::ExitCode;

/// Works with the configurations of Portcullis' filters, offline.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Loads configurations exactly as the filters would, and prints each error as `FILE: path: message`.
    Check(check::Arguments),
    /// Prints the JSON Schema of a filter's configuration.
    Schema {
        /// Whose.
        #[arg(long)]
        filter: Filter,
    },
    /// Runs a request, and perhaps a response, through a filter and prints what it decides and changes.
    Run(run::Arguments),
    /// Works with SecLang rules: checks, runs and explains them, and tests OWASP CRS.
    Waf(waf::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Schema { filter } => schema(filter),
        Command::Run(arguments) => run::run(&arguments),
        Command::Waf(arguments) => Ok(waf::run(&arguments)),
    };
    outcome.unwrap_or_else(|error| {
        // Nothing can be done where even this cannot be written.
        let _lost = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

fn schema(filter: Filter) -> anyhow::Result<ExitCode> {
    let schema = serde_json::to_string_pretty(&filter.schema())?;
    writeln!(std::io::stdout(), "{schema}")?;
    Ok(ExitCode::SUCCESS)
}
