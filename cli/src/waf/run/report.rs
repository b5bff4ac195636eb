//! What `portcullis waf run` prints.

use super::Encoding;
use crate::waf::bytes::escape_cut;
use crate::waf::exchange::Exchange;
use crate::waf::table;
use portcullis_waf::{Match, Response, Ruleset, Step, Transaction};
use serde::Serialize;
use std::fmt::Write as _;

/// How much of a value stands in a table and in a list.
const SHORT: usize = 60;
const LONG: usize = 200;
/// Values of one match that are shown.
const MOST_VALUES: usize = 20;

const SEVERITIES: [&str; 8] =
    ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// What came of an exchange.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The status that the client gets: the response's, or that of the rule. A dropped connection counts as 403, as
    /// ModSecurity's connectors answer. `None` if the rules do not load.
    status: Option<u16>,
    /// `pass`, `detect` (a rule would have stopped it), `deny`, `drop`, `redirect`.
    action: &'static str,
    /// The rule that stopped it; 0 for a limit.
    rule: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    matches: Vec<Matched>,
    variables: Vec<Variable>,
    /// In ModSecurity's format, those with `nolog` left out.
    log: Vec<String>,
    warnings: Vec<String>,
    error: Option<String>,
    #[serde(skip)]
    blank: bool,
}

/// A rule that matched.
#[derive(Debug, Serialize)]
struct Matched {
    id: u64,
    phase: u8,
    variable: String,
    value: String,
    data: String,
    msg: String,
    severity: Option<&'static str>,
    tags: Vec<String>,
    file: String,
    line: u32,
    log: bool,
    disruptive: bool,
    /// The values that matched, of all links of its chain.
    values: Vec<Path>,
}

/// What became of a value on the way to the operator.
#[derive(Debug, Serialize)]
struct Path {
    variable: String,
    /// The value itself, then what each transformation made of it.
    steps: Vec<Made>,
}

/// What a transformation made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Made {
    transformation: Option<&'static str>,
    value: String,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    value: String,
}

impl Report {
    /// Of an exchange that has run.
    pub(crate) fn of(
        ruleset: &Ruleset,
        transaction: &Transaction,
        exchange: &Exchange,
        encoding: Encoding,
    ) -> Report {
        let text = |bytes: &[u8]| text(encoding, bytes);
        let upstream = exchange.response.as_ref().map_or(200, |response| response.status);
        let detected = transaction.matches().iter().any(|matched| matched.disruptive);
        let (status, action, location) = match transaction.interruption().map(|stop| &stop.response) {
            None if detected => (upstream, "detect", None),
            None => (upstream, "pass", None),
            Some(Response::Deny(status)) => (*status, "deny", None),
            Some(Response::Drop) => (403, "drop", None),
            Some(Response::Redirect { status, location }) => (*status, "redirect", Some(text(location))),
        };
        let chains = Chains::of(&transaction.steps());
        let matches = transaction.matches();
        let name = |(name, value): (String, Vec<u8>)| Variable { name, value: text(&value) };
        Report {
            status: Some(status),
            action,
            rule: transaction.interruption().map(|stop| stop.rule),
            location,
            matches: matches.iter().map(|matched| Matched::of(matched, &chains, encoding)).collect(),
            variables: transaction.variables().into_iter().map(name).collect(),
            log: matches
                .iter()
                .filter(|matched| matched.log)
                .map(|matched| transaction.log_line(matched))
                .collect(),
            warnings: ruleset.warnings().to_vec(),
            error: None,
            blank: ruleset.is_empty(),
        }
    }

    /// Of rules that do not load.
    pub(crate) fn of_error(error: &str) -> Report {
        Report { action: "error", error: Some(error.to_owned()), ..Report::default() }
    }

    /// Whether no rule that is logged has matched, and nothing was stopped.
    pub(crate) fn passes(&self) -> bool {
        self.rule.is_none() && !self.matches.iter().any(|matched| matched.log)
    }

    /// For people.
    pub(crate) fn text(&self, verbose: bool) -> String {
        let mut out = String::new();
        let rule = match self.rule {
            None => String::new(),
            Some(0) => " by a limit".to_owned(),
            Some(rule) => format!(" by rule {rule}"),
        };
        let verdict = match (self.action, self.status, &self.location) {
            ("pass", ..) => "passes".to_owned(),
            ("detect", ..) => "passes, for the engine only detects or a rule only notes".to_owned(),
            ("drop", ..) => format!("connection closed{rule}"),
            (_, Some(status), Some(location)) => format!("sent to {location} with {status}{rule}"),
            (_, status, _) => format!("denied with {}{rule}", status.unwrap_or_default()),
        };
        let _infallible = writeln!(out, "verdict: {verdict}");
        for warning in &self.warnings {
            let _infallible = writeln!(out, "warning: {warning}");
        }
        if self.blank {
            out.push_str("warning: there is no rule\n");
        }
        let shown: Vec<&Matched> = self.matches.iter().filter(|matched| verbose || matched.log).collect();
        if !shown.is_empty() {
            out.push('\n');
            let rows: Vec<Vec<String>> = shown.iter().map(|matched| matched.row()).collect();
            out.push_str(&table::render(&["rule", "phase", "severity", "variable", "message"], &rows));
        }
        for matched in shown {
            matched.describe(&mut out);
        }
        let scores =
            self.variables.iter().filter(|variable| verbose || is_score(&variable.name, &variable.value));
        let rows: Vec<Vec<String>> = scores
            .map(|variable| vec![variable.name.clone(), escape_cut(variable.value.as_bytes(), LONG)])
            .collect();
        if !rows.is_empty() {
            out.push('\n');
            out.push_str(&table::render(&["variable", "value"], &rows));
        }
        out
    }
}

/// Whether a variable is one of CRS's scores, and not zero.
fn is_score(name: &str, value: &str) -> bool {
    name.starts_with("TX:") && name.to_ascii_lowercase().contains("_score") && value != "0"
}

impl Matched {
    fn of(matched: &Match, chains: &Chains, encoding: Encoding) -> Matched {
        let text = |bytes: &[u8]| text(encoding, bytes);
        let severity = matched.severity.and_then(|level| SEVERITIES.get(usize::from(level)).copied());
        let made = |(transformation, value): &(Option<&'static str>, Vec<u8>)| Made {
            transformation: *transformation,
            value: text(value),
        };
        let path = |chain: &Chain| Path {
            variable: text(&chain.variable),
            steps: chain.steps.iter().map(made).collect(),
        };
        Matched {
            id: matched.id,
            phase: matched.phase.number(),
            variable: text(&matched.variable),
            value: text(&matched.value),
            data: text(&matched.data),
            msg: text(&matched.msg),
            severity,
            tags: matched.tags.clone(),
            file: matched.file.clone(),
            line: matched.line,
            log: matched.log,
            disruptive: matched.disruptive,
            values: chains.of_rule(matched.id).map(path).collect(),
        }
    }

    fn row(&self) -> Vec<String> {
        let variable = escape_cut(self.variable.as_bytes(), SHORT);
        let msg = escape_cut(self.msg.as_bytes(), SHORT);
        vec![
            self.id.to_string(),
            self.phase.to_string(),
            self.severity.unwrap_or_default().to_owned(),
            variable,
            msg,
        ]
    }

    fn describe(&self, out: &mut String) {
        let _infallible = writeln!(out, "\n{} ({}:{})", self.id, self.file, self.line);
        if !self.data.is_empty() {
            let _infallible = writeln!(out, "  data: {}", escape_cut(self.data.as_bytes(), LONG));
        }
        let names = self.values.iter().flat_map(|path| &path.steps).filter_map(|step| step.transformation);
        let width = names.map(str::len).max().unwrap_or_default().max(3) + 2;
        for Path { variable, steps } in &self.values {
            let _infallible = writeln!(out, "  {}", escape_cut(variable.as_bytes(), LONG));
            for step in steps {
                let name = step.transformation.map_or_else(|| "value".to_owned(), |name| format!("t:{name}"));
                let value = escape_cut(step.value.as_bytes(), LONG);
                let _infallible = writeln!(out, "    {name:<width$}  {value}");
            }
        }
    }
}

/// A value that matched: the rule, the variable, what became of the value on the way.
struct Chain {
    rule: u64,
    variable: Vec<u8>,
    steps: Vec<(Option<&'static str>, Vec<u8>)>,
    /// Whether the rule has matched in the end.
    matched: bool,
}

/// All of them.
struct Chains(Vec<Chain>);

impl Chains {
    fn of(steps: &[Step]) -> Chains {
        let mut chains: Vec<Chain> = Vec::new();
        let mut value = Value::default();
        let (mut rule, mut begun) = (0, 0);
        for step in steps {
            match step {
                Step::Rule { id, .. } => {
                    (rule, begun) = (*id, chains.len());
                    value = Value::default();
                }
                Step::Transformed { name, value: made } => value.transformed(name, made),
                Step::Target { .. } => value.seen(),
                Step::Matched { variable, value: before, .. } => {
                    let mut steps = vec![(None, before.clone())];
                    steps.extend(value.made.iter().map(|(name, made)| (Some(*name), made.clone())));
                    chains.push(Chain { rule, variable: variable.clone(), steps, matched: false });
                }
                Step::Returned { matched, .. } => {
                    chains.iter_mut().skip(begun).for_each(|chain| chain.matched = *matched);
                }
                _ => {}
            }
        }
        Chains(chains)
    }

    /// The values that a rule has matched, of links that matched, not too many.
    fn of_rule(&self, rule: u64) -> impl Iterator<Item = &Chain> {
        self.0.iter().filter(move |chain| chain.rule == rule && chain.matched).take(MOST_VALUES)
    }
}

/// What transformations have made so far of the value that a rule is at.
#[derive(Default)]
struct Value {
    made: Vec<(&'static str, Vec<u8>)>,
    /// The operator has seen a value of this rule, and nothing has been transformed since.
    is_seen: bool,
    /// The operator saw a value before any transformation of it: `multiMatch`.
    is_multi: bool,
}

impl Value {
    fn transformed(&mut self, name: &'static str, value: &[u8]) {
        if self.is_seen && !self.is_multi {
            self.made.clear();
        }
        self.made.push((name, value.to_vec()));
        self.is_seen = false;
    }

    fn seen(&mut self) {
        // Twice in a row: the second is another value.
        if self.is_seen {
            self.made.clear();
        }
        self.is_multi |= self.made.is_empty();
        self.is_seen = true;
    }
}

fn text(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Latin1 => bytes.iter().copied().map(char::from).collect(),
    }
}
