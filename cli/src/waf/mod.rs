//! `portcullis waf`: SecLang rules, offline.

mod arguments;
mod bytes;
mod check;
mod crs;
mod exchange;
mod explain;
mod explain_config;
mod ftw;
mod lint;
mod rulebook;
mod run;
mod single;
mod sources;
mod table;
mod tune;

use std::io::Write;
use std::process::ExitCode;

/// The exit code where a command finds nothing wrong, and something.
const FINE: ExitCode = ExitCode::SUCCESS;
/// A finding, a match, a failed case.
const FOUND: u8 = 1;
/// The command could not do its work: arguments, files, rules that do not load.
const UNUSABLE: u8 = 2;

const AFTER_HELP: &str = "\
Rules come from `--rules FILE` (SecLang; can be repeated), from `--config FILE` (the filter's configuration), or else are \
OWASP CRS: `--crs DIR` or CRS_DIR (an unpacked release, or the Go module coraza-coreruleset), `.tools/crs` in this folder \
or one above it.

Exit code: 0 where all is fine, 1 on a finding (a match, a failed case, a warning), 2 where the command could not run.";

/// Subcommands of `portcullis waf`.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Checks SecLang files, folders of rules and configurations: errors and lint, with file, line and column.
    Check(check::Arguments),
    /// Runs a request, and perhaps a response, through rules: verdict, matches, what transformations made of values.
    Run(run::Arguments),
    /// Runs a corpus of regression tests in go-ftw's form on the engine, with CRS's test settings.
    Ftw(ftw::Arguments),
    /// Explains a rule: its text, phase, targets, transformations, what it looks for and what it does.
    Explain(explain::Arguments),
    /// Prints the settings of a configuration as SecLang.
    ExplainConfig(explain_config::Arguments),
    /// Asks one operator about one input.
    Op(single::OperatorArguments),
    /// Applies transformations to one input, in order.
    Tfn(single::TransformationArguments),
    /// Reads log lines of matches and proposes exclusions, the most frequent first.
    Tune(tune::Arguments),
}

/// Runs the subcommand; an error of it is printed here, for it has an exit code of its own.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let outcome = match &arguments.command {
        Command::Check(arguments) => check::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Ftw(arguments) => ftw::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::ExplainConfig(arguments) => explain_config::run(arguments),
        Command::Op(arguments) => single::operator(arguments),
        Command::Tfn(arguments) => single::transformations(arguments),
        Command::Tune(arguments) => tune::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        let line = format!("{error:#}").lines().collect::<Vec<_>>().join(" ");
        // Nothing can be done where even this cannot be written.
        let _lost = writeln!(std::io::stderr(), "error: {line}");
        ExitCode::from(UNUSABLE)
    })
}

/// 1 if something was found.
fn code(found: bool) -> ExitCode {
    if found { ExitCode::from(FOUND) } else { FINE }
}
