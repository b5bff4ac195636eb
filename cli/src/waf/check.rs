//! `portcullis waf check`: errors and lint, with positions.

use super::arguments::{Configured, add_settings, configured};
use super::lint::{self, Finding, Level};
use super::rulebook::Rulebook;
use super::sources::Sources;
use super::{code, crs};
use crate::configs;
use crate::filter::Filter;
use anyhow::{Context, Result};
use portcullis_ftw::layout::{self, Mode, Profile};
use portcullis_seclang::{Span, parse};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Errors of one file after which no more are looked for.
const MOST_ERRORS: usize = 50;

const AFTER_HELP: &str = "\
Levels: an `error` keeps the rules from loading; a `warning` is something that does not do what it says; a `note` is worth \
a look. Each line ends with the kind in brackets: never-matches, no-literal, missing-id, unknown-marker, unreachable, \
too-late, no-such-rule, unused-variable, unset-variable, no-rules, loader.

Exit code: 0 without errors and warnings, 1 with some, 2 where a file cannot be read.";

/// Arguments of `portcullis waf check`.
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// SecLang files, folders with OWASP CRS, configurations of the filter (JSON or YAML, also within Envoy's or
    /// Istio's).
    #[arg(required = true, value_name = "FILE|CONFIG")]
    files: Vec<PathBuf>,
    /// The folder of OWASP CRS, for rules that include it.
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    /// Leaves out notes.
    #[arg(long, short)]
    quiet: bool,
    /// Also what is found in texts that are included by a name with `@`.
    #[arg(long)]
    all: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Texts that are checked together.
struct Subject {
    /// How it is named.
    name: String,
    sources: Sources,
    /// Texts whose findings are shown.
    own: Vec<String>,
    /// The configuration, if it is one.
    config: Option<Vec<u8>>,
}

/// Checks each file; finds something where there is an error or a warning.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut findings = Vec::new();
    let mut checked = Vec::new();
    for path in &arguments.files {
        for subject in subjects(path, arguments)? {
            let (found, rules) = check(&subject, arguments.all);
            findings.extend(found);
            checked.push((subject.name, rules));
        }
    }
    findings.retain(|finding| !arguments.quiet || finding.level != Level::Note);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        for finding in &findings {
            writeln!(out, "{}", line(finding))?;
        }
        for (name, rules) in checked {
            if let Some(rules) = rules {
                let load = if rules == 1 { "rule loads" } else { "rules load" };
                writeln!(out, "{name}: {rules} {load}")?;
            }
        }
    }
    Ok(code(findings.iter().any(|finding| finding.level != Level::Note)))
}

fn line(finding: &Finding) -> String {
    let Finding { file, line, column, level, code, message } = finding;
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let place = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
    format!("{place}: {level}: {message} [{code}]")
}

fn subjects(path: &Path, arguments: &Arguments) -> Result<Vec<Subject>> {
    let name = path.display().to_string();
    if path.is_dir() {
        let profile = Profile { paranoia: 4, mode: Mode::Blocking };
        let sources = Sources::of_crs(&layout::find(path)?, profile)?;
        // The profile's own settings are no part of what is checked.
        let is_own = |name: &String| !name.starts_with('@') && name != "settings";
        let own = sources.texts.iter().map(|(name, _)| name.clone()).filter(is_own).collect();
        return Ok(vec![Subject { name, sources, own, config: None }]);
    }
    let layout = crs::locate(arguments.crs.as_deref())?;
    let is_config = path.extension().is_some_and(|kind| kind == "json" || kind == "yaml" || kind == "yml");
    if !is_config {
        let mut sources = Sources::new(layout);
        sources.add_file(path)?;
        let own = sources.texts.iter().map(|(name, _)| name.clone()).filter(|name| !is_named(name)).collect();
        return Ok(vec![Subject { name, sources, own, config: None }]);
    }
    let found = configs::read(path, Some(Filter::Waf)).with_context(|| name.clone())?;
    anyhow::ensure!(!found.is_empty(), "{name}: no configuration of waf in it");
    let mut subjects = Vec::new();
    for one in found {
        let name = one.plugin.map_or_else(|| name.clone(), |plugin| format!("{name}: waf `{plugin}`"));
        subjects.extend(of_config(&name, one.json, layout.as_ref()));
    }
    Ok(subjects)
}

/// The settings of each route and of `default`; the last one has the configuration, which is checked once.
fn of_config(name: &str, json: Vec<u8>, layout: Option<&layout::Layout>) -> Vec<Subject> {
    let mut subjects = Vec::new();
    // What is wrong with its shape the loader says.
    if let Ok(Configured { settings, files }) = configured(&json) {
        for (path, config) in settings {
            let mut sources = Sources::new(layout.cloned());
            sources.data.extend(files.clone());
            let _shape = add_settings(&mut sources, &path, &config);
            let is_own = |text: &String| text.starts_with(&format!("{path}."));
            let own = sources.texts.iter().map(|(text, _)| text.clone()).filter(is_own).collect();
            subjects.push(Subject { name: format!("{name}: {path}"), sources, own, config: None });
        }
    }
    let whole =
        Subject { name: name.to_owned(), sources: Sources::new(None), own: Vec::new(), config: Some(json) };
    subjects.push(whole);
    subjects
}

/// Whether a text has been included by a name with `@`.
fn is_named(name: &str) -> bool {
    name.starts_with('@') || name.contains("/@")
}

/// The findings, and how many rules load if they do.
fn check(subject: &Subject, all: bool) -> (Vec<Finding>, Option<usize>) {
    if let Some(json) = &subject.config {
        return (config_errors(subject, json).into_iter().collect(), None);
    }
    let mut findings = errors(&subject.sources);
    let mut rules = None;
    if findings.is_empty()
        && let Ok(ruleset) = subject.sources.compile()
    {
        rules = Some(ruleset.len());
        let warning = |text: &String| warning(subject, text);
        findings.extend(ruleset.warnings().iter().map(warning));
    }
    let mut lint = lint::all(&Rulebook::of(&subject.sources));
    lint.retain(|finding| all || subject.own.contains(&finding.file));
    // Loading says so too, in some cases.
    let is_said = |lint: &Finding| {
        lint.code == "no-such-rule"
            && findings.iter().any(|known| (&known.file, known.line) == (&lint.file, lint.line))
    };
    lint.retain(|finding| !is_said(finding));
    findings.extend(lint);
    findings.sort_by(|a, b| (&a.file, a.line, a.column, a.level).cmp(&(&b.file, b.line, b.column, b.level)));
    // A text of a configuration is named by its field.
    for finding in findings.iter_mut().filter(|finding| finding.line > 0) {
        if let Some((file, path)) = subject.name.rsplit_once(": ")
            && finding.file.starts_with(path)
        {
            finding.file = format!("{file}: {}", finding.file);
        }
    }
    (findings, rules)
}

/// What loading warns of; it may begin with a place.
fn warning(subject: &Subject, text: &str) -> Finding {
    let place = subject.sources.texts.iter().find_map(|(name, _)| {
        let (line, rest) = text.strip_prefix(name.as_str())?.strip_prefix(':')?.split_once(':')?;
        let (column, message) = rest.split_once(": ")?;
        Some((name.as_str(), Span { line: line.parse().ok()?, column: column.parse().ok()? }, message))
    });
    let (file, span, message) = place.unwrap_or((&subject.name, Span { line: 0, column: 0 }, text));
    Finding::new(file, span, Level::Warning, "loader", message.to_owned())
}

/// What the filter itself says of a configuration, but of what stands in its rules, which are looked at by themselves.
fn config_errors(subject: &Subject, json: &[u8]) -> Option<Finding> {
    let error = Filter::Waf.check(json).err()?.to_string();
    // CRS that this build does not carry, but that was found, is no fault of the configuration.
    let is_missing_text =
        error.contains("there is no text `@owasp_crs") || error.contains("there is no text `@crs");
    let is_of_rules = configured(json).is_ok() && error.contains(".rules[");
    (!is_of_rules && !is_missing_text).then(|| Finding {
        file: subject.name.clone(),
        line: 0,
        column: 0,
        level: Level::Error,
        code: "configuration",
        message: error,
    })
}

/// All errors of loading: where one is found, its directive is left out and loading tried again.
fn errors(sources: &Sources) -> Vec<Finding> {
    let mut texts = sources.texts.clone();
    let mut findings: Vec<Finding> = Vec::new();
    while findings.len() < MOST_ERRORS {
        let borrowed: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let Err(error) = portcullis_waf::Ruleset::parse(&borrowed, &sources.data) else { break };
        let finding = Finding::new(&error.file, error.span, Level::Error, "load", error.message);
        let is_new = !findings.contains(&finding);
        findings.push(finding);
        if !is_new || !leave_out(&mut texts, &error.file, error.span) {
            break;
        }
    }
    findings.dedup();
    findings
}

/// Blanks the directive that stands there, with the chain that it belongs to. False if the text cannot be parsed.
fn leave_out(texts: &mut [(String, String)], file: &str, span: Span) -> bool {
    for (name, text) in texts.iter_mut().filter(|(name, _)| name == file) {
        let Ok(document) = parse(name, text) else { continue };
        let starts: Vec<u32> = document.directives.iter().map(|directive| directive.span.line).collect();
        let Some(at) = starts.iter().rposition(|start| *start <= span.line) else { continue };
        let in_chain = |index: usize| {
            let directive = document.directives.get(index);
            directive.is_some_and(|directive| {
                super::rulebook::actions(directive).iter().any(|action| action.is("chain"))
            })
        };
        let first = (0..at).rev().take_while(|index| in_chain(*index)).last().unwrap_or(at);
        let last = (at..starts.len()).find(|index| !in_chain(*index)).unwrap_or(at);
        let from = starts.get(first).copied().unwrap_or_default();
        let until = starts.get(last + 1).copied().unwrap_or(u32::MAX);
        let is_kept = |number: u32| number < from || number >= until;
        let lines = text.lines().zip(1..).map(|(line, number)| if is_kept(number) { line } else { "" });
        let blanked = lines.collect::<Vec<_>>().join("\n") + "\n";
        if blanked != *text {
            *text = blanked;
            return true;
        }
    }
    false
}
