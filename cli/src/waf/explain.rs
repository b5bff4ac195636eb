//! `portcullis waf explain`: one rule, in words.

use super::FINE;
use super::arguments::RuleArguments;
use super::rulebook::{self, Rule, Rulebook, actions, arguments as arguments_of, is_exclusion, rule_of};
use anyhow::{Result, bail};
use portcullis_seclang::{Action, Body, Directive};
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `portcullis waf explain`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The rule's id.
    id: u64,
    #[command(flatten)]
    rules: RuleArguments,
}

/// What an operator looks for; `{}` is its argument.
const OPERATORS: &[(&str, &str)] = &[
    ("beginswith", "a value that begins with `{}`"),
    ("contains", "a value with `{}` in it"),
    ("containsword", "a value with the word `{}` in it"),
    ("detectsqli", "SQL injection, as libinjection finds it"),
    ("detectxss", "cross-site scripting, as libinjection finds it"),
    ("endswith", "a value that ends with `{}`"),
    ("eq", "the number {}"),
    ("ge", "a number of at least {}"),
    ("gt", "a number greater than {}"),
    ("ipmatch", "an address of {}"),
    ("ipmatchf", "an address in the file `{}`"),
    ("ipmatchfromfile", "an address in the file `{}`"),
    ("le", "a number of at most {}"),
    ("lt", "a number less than {}"),
    ("nomatch", "nothing: it never matches"),
    ("pm", "one of the phrases `{}`, in whatever case"),
    ("pmf", "one of the phrases in the file `{}`, in whatever case"),
    ("pmfromfile", "one of the phrases in the file `{}`, in whatever case"),
    ("rx", "a match of the regular expression `{}`"),
    ("rxglobal", "all matches of the regular expression `{}`"),
    ("streq", "exactly `{}`"),
    ("strmatch", "a value with `{}` in it"),
    ("unconditionalmatch", "anything: it always matches"),
    ("validatebyterange", "a byte that is not among {}"),
    ("validateurlencoding", "a `%` that is no escape"),
    ("validateutf8encoding", "bytes that are not UTF-8"),
    ("verifycc", "a payment card's number (`{}` with a right check digit)"),
    ("verifycpf", "a Brazilian CPF (`{}` with right check digits)"),
    ("verifyssn", "a US social security number (`{}`)"),
    ("verifysvnr", "an Austrian social security number (`{}` with a right check digit)"),
    ("within", "a value that stands within `{}`"),
];

const PHASES: [&str; 5] = ["request headers", "request body", "response headers", "response body", "logging"];

/// Prints the rule.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = arguments.rules.sources()?;
    let book = Rulebook::of(&sources);
    let rules = book.rules();
    let id = arguments.id;
    let Some(rule) = rules.iter().find(|rule| rule.id() == Some(id)) else {
        let hint =
            if rules.is_empty() { "; the text of OWASP CRS is in no build: give `--crs DIR`" } else { "" };
        bail!("there is no rule {id} among {} rules{hint}", rules.len());
    };
    write!(std::io::stdout().lock(), "{}", text(&book, rule))?;
    Ok(FINE)
}

fn text(book: &Rulebook, rule: &Rule<'_>) -> String {
    let mut out = String::new();
    let id = rule.id().unwrap_or_default();
    line(&mut out, "rule", &format!("{id}, {}", rule.place()));
    if let Some(msg) = rule.value("msg") {
        line(&mut out, "message", msg);
    }
    let phase = rule.phase();
    let phase_name = PHASES.get(usize::from(phase) - 1).copied().unwrap_or_default();
    line(&mut out, "phase", &format!("{phase}, {phase_name}"));
    for (label, action) in [("severity", "severity"), ("version", "ver"), ("revision", "rev")] {
        if let Some(value) = rule.value(action) {
            line(&mut out, label, value);
        }
    }
    let tags = rule.values("tag");
    if let Some(level) = tags.iter().find_map(|tag| tag.strip_prefix("paranoia-level/")) {
        line(&mut out, "paranoia level", level);
    }
    let defaults = defaults(book, rule);
    for (index, directive) in rule.links.iter().enumerate() {
        if rule.links.len() > 1 {
            let _infallible = writeln!(out, "link {} of {}", index + 1, rule.links.len());
        }
        link(&mut out, directive, if index == 0 { &defaults } else { &[] });
    }
    line(&mut out, "does", &deeds(rule, &defaults).join(", "));
    line(&mut out, "tags", &tags.join(", "));
    let changes = changes(book, rule);
    for (index, change) in changes.iter().enumerate() {
        line(&mut out, if index == 0 { "changed by" } else { "" }, change);
    }
    out.push('\n');
    for source in book.source(rule) {
        out.push_str(source.trim_end());
        out.push('\n');
    }
    out
}

/// A labelled line, if there is something to say.
fn line(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        // Writing to a string cannot fail.
        let _infallible = writeln!(out, "{label:<15} {text}");
    }
}

/// What one link looks at, after which transformations, and what for.
fn link(out: &mut String, directive: &Directive, defaults: &[Action]) {
    let Some(rule) = rule_of(directive) else { return };
    let shown = |excluded: bool| {
        let variables = rule.variables.iter().filter(|variable| is_exclusion(variable) == excluded);
        let names: Vec<String> =
            variables.map(|variable| variable.to_string().trim_start_matches('!').to_owned()).collect();
        names.join(", ")
    };
    line(out, "looks at", &shown(false));
    line(out, "but not at", &shown(true));
    let mut transformations: Vec<&str> = Vec::new();
    for action in defaults.iter().chain(&rule.actions).filter(|action| action.is("t")) {
        match action.text().eq_ignore_ascii_case("none") {
            true => transformations.clear(),
            false => transformations.push(action.text()),
        }
    }
    line(out, "transformed by", &transformations.join(", "));
    let name = rule.operator.name.to_ascii_lowercase();
    let known = OPERATORS.iter().find(|(known, _)| *known == name);
    let what = known
        .map_or_else(|| rule.operator.to_string(), |(_, text)| text.replace("{}", &rule.operator.argument));
    let not = if rule.operator.negated { "not " } else { "" };
    line(out, "looks for", &format!("{not}{what}"));
}

/// The actions of the `SecDefaultAction` that the rule stands under.
fn defaults(book: &Rulebook, rule: &Rule<'_>) -> Vec<Action> {
    let mut found = Vec::new();
    for other in book.others().take_while(|other| other.position < rule.position) {
        if let Body::Actions(actions) = &other.directive.body {
            let default = Rule { file: other.file, links: vec![other.directive], position: other.position };
            if other.directive.is("SecDefaultAction") && default.phase() == rule.phase() {
                found.clone_from(actions);
            }
        }
    }
    found
}

/// What happens when the rule matches.
fn deeds(rule: &Rule<'_>, defaults: &[Action]) -> Vec<String> {
    const DISRUPTIVE: [&str; 6] = ["pass", "deny", "drop", "block", "allow", "redirect"];
    let disruptive = |actions: &[Action]| {
        actions
            .iter()
            .rev()
            .find(|action| DISRUPTIVE.iter().any(|name| action.is(name)))
            .map(ToString::to_string)
    };
    let head = rule.head().map(actions).unwrap_or_default();
    let default = disruptive(defaults).unwrap_or_else(|| "pass".to_owned());
    let mut deeds = vec![match disruptive(head) {
        None => format!("{default} (by default)"),
        Some(own) if own == "block" => format!("block (here: {default})"),
        Some(own) => own,
    }];
    for directive in &rule.links {
        let named = [
            "setvar",
            "ctl",
            "initcol",
            "expirevar",
            "deprecatevar",
            "setenv",
            "skip",
            "skipAfter",
            "status",
            "capture",
            "multiMatch",
        ];
        let wanted = actions(directive).iter().filter(|action| named.iter().any(|name| action.is(name)));
        deeds.extend(wanted.map(ToString::to_string));
    }
    if rule.has("nolog") {
        deeds.push("nolog".to_owned());
    }
    deeds
}

/// Directives and `ctl` actions that name this rule.
fn changes(book: &Rulebook, rule: &Rule<'_>) -> Vec<String> {
    let (Some(id), tags, msg) = (rule.id(), rule.values("tag"), rule.value("msg")) else { return Vec::new() };
    let means = |kind: &str, which: &str| match kind {
        kind if kind.ends_with("byid") => rulebook::holds_id(which.split(':').next().unwrap_or_default(), id),
        kind if kind.ends_with("bytag") => tags.contains(&which),
        kind if kind.ends_with("bymsg") => msg == Some(which),
        _ => false,
    };
    let mut changes = Vec::new();
    for other in book.directives() {
        let place = format!("{}:{}", other.file, other.directive.span.line);
        let kind = other.directive.name.to_ascii_lowercase();
        if kind.starts_with("secruleremove") || kind.starts_with("secruleupdate") {
            let which = arguments_of(other.directive);
            if which.first().is_some_and(|which| means(&kind, which)) {
                changes.push(format!("{} ({place})", other.directive));
            }
        }
        for action in actions(other.directive).iter().filter(|action| action.is("ctl")) {
            let (kind, value) = action.text().split_once('=').unwrap_or_default();
            let which = value.split(';').next().unwrap_or_default().trim();
            if means(&kind.trim().to_ascii_lowercase(), which) {
                changes.push(format!("{action} ({place})"));
            }
        }
    }
    changes
}
