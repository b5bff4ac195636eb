//! `portcullis waf ftw`: a corpus of regression tests on the engine.

use super::{code, crs, table};
use anyhow::Result;
use portcullis_ftw::layout::{Mode, Profile};
use portcullis_ftw::{Case, Run, Runner, Worth, layout, read_dir};
use regex::bytes::{Regex, RegexBuilder};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

const AFTER_HELP: &str = "\
Without `--crs` the rules are those of DIR, if it holds some, else as for the other commands.

Exit code: 0 if every test passes, 1 if one fails, 2 where the tests or the rules cannot be read.";

/// Arguments of `portcullis waf ftw`.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A folder with tests, an unpacked CRS, or one file.
    dir: PathBuf,
    /// The folder of OWASP CRS whose rules are tested; DIR itself if it holds rules.
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    /// The paranoia level; CRS's tests want 4.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=4))]
    paranoia: u8,
    /// Only tests whose name, such as `942100-1`, matches.
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    only: Option<Regex>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// The whole run.
#[derive(Default, Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    vacuous: usize,
    /// Cases that the server in front of the rules answered itself.
    refused: usize,
    rules: BTreeMap<u64, Tally>,
    failures: Vec<Failure>,
}

/// The cases of one rule.
#[derive(Serialize, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    vacuous: usize,
}

#[derive(Serialize)]
struct Failure {
    test: String,
    reason: String,
    file: String,
    description: String,
}

/// Runs the corpus; finds something where a case fails.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut cases = read_dir(&arguments.dir)?;
    if let Some(only) = &arguments.only {
        cases.retain(|case| only.is_match(case.name().as_bytes()));
        anyhow::ensure!(!cases.is_empty(), "no test has a name that matches `{only}`");
    }
    let profile = Profile { paranoia: arguments.paranoia, mode: Mode::Tests };
    let ruleset = match (&arguments.crs, layout::find(&arguments.dir)) {
        (None, Ok(own)) => layout::compile(&own.sources(profile)?)?,
        (given, _) => match crs::find(given.as_deref())? {
            crs::Source::Folder(layout) => layout::compile(&layout.sources(profile)?)?,
            crs::Source::Build(base) => layout::stored(&base, profile)?,
        },
    };
    let runner = Runner::new(Rc::new(ruleset));
    let mut report = Report::default();
    for case in &cases {
        report.add(case, &runner.run(case));
    }
    let mut out = std::io::stdout().lock();
    match arguments.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => write!(out, "{}", report.text())?,
    }
    Ok(code(report.failed > 0))
}

/// Classes are those of ASCII.
fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).unicode(false).build().map_err(|_| "is not a regular expression".to_owned())
}

impl Report {
    fn add(&mut self, case: &Case, run: &Run) {
        let tally = self.rules.entry(case.rule).or_default();
        self.refused += usize::from(run.refused.is_some());
        match &run.outcome {
            Ok(Worth::Asserted) => {
                tally.passed += 1;
                self.passed += 1;
            }
            Ok(Worth::Vacuous) => {
                tally.vacuous += 1;
                self.vacuous += 1;
            }
            Err(reason) => {
                tally.failed += 1;
                self.failed += 1;
                self.failures.push(Failure {
                    test: case.name(),
                    reason: reason.clone(),
                    file: case.file.display().to_string(),
                    description: case.description.lines().next().unwrap_or_default().to_owned(),
                });
            }
        }
    }

    fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .rules
            .iter()
            .map(|(rule, tally)| {
                let number = |count: usize| if count == 0 { String::new() } else { count.to_string() };
                vec![rule.to_string(), number(tally.passed), number(tally.failed), number(tally.vacuous)]
            })
            .collect();
        let mut text = table::render(&["rule", "passed", "failed", "vacuous"], &rows);
        if !self.failures.is_empty() {
            text.push_str("\nfailures:\n");
        }
        for Failure { test, reason, file, description } in &self.failures {
            text.push_str(&format!("  {test}: {reason}\n    {file}"));
            text.push_str(&if description.is_empty() {
                "\n".to_owned()
            } else {
                format!(": {description}\n")
            });
        }
        let Report { passed, failed, vacuous, refused, rules, .. } = self;
        text.push_str(&format!(
            "\n{} tests of {} rules: {passed} passed, {failed} failed, {vacuous} vacuous (nothing expected); \
             {refused} answered by the server in front of the rules\n",
            passed + failed + vacuous,
            rules.len()
        ));
        text
    }
}
