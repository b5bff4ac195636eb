//! ModSecurity v3's regression tests: rules, an exchange, and what is expected of both.
//!
//! Statuses, load errors and patterns of the logs are judged; the logs are written from facts, in ModSecurity's
//! wording where a pattern can ask for it. The number of failures is a ratchet.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_testkit::corpus::{Outcome, Suite, conformance_dir};
use portcullis_waf::{Ruleset, Step, Transaction};
use regex::bytes::RegexBuilder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

/// Cases that may fail. Lower it when the engine gets better.
const MOST_FAILURES: usize = 153;

/// What a sandbox cannot do: part of the message with which loading fails, and the class.
const CLASSES: &[(&str, &str)] = &[
    ("no Lua", "lua"),
    ("`exec`", "exec"),
    ("`@inspectFile`", "inspectFile"),
    ("geolocation", "geo"),
    ("SecRemoteRules", "remote rules"),
    ("external schemas", "XSD and DTD"),
    ("external entities", "XSD and DTD"),
    ("`@rbl`", "rbl"),
    ("`@fuzzyHash`", "fuzzyHash"),
    ("there is no file", "missing file"),
    ("there is no text", "missing file"),
];

#[test]
fn regression() {
    let Some(dir) = conformance_dir() else { return };
    let mut files: Vec<_> = std::fs::read_dir(dir.join("modsecurity-regression"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let list: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let name = |(index, case): (usize, Value)| (format!("{stem}/{}/{index}", text(&case, "title")), case);
        cases.extend(list.into_iter().enumerate().map(name));
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut suite = Suite::new("modsecurity-regression").floor(250);
    for (_, class) in CLASSES {
        if !seen.contains(class) {
            seen.push(class);
        }
    }
    for class in seen.iter().filter(|class| !UNUSED.contains(class)) {
        suite = suite.class(*class, "a sandbox cannot do this; loading fails with a position");
    }
    let report = suite.run(cases, judge);
    println!("{report}");
    report.failed.iter().for_each(|note| println!("  {}: {}", note.name, note.text));
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    let failed = report.failed.len();
    assert!(failed <= MOST_FAILURES, "{failed} failures, the ratchet allows {MOST_FAILURES}");
}

/// Classes that no case of this half of the suite is of.
const UNUSED: &[&str] = &["fuzzyHash", "rbl"];

fn judge(case: &Value) -> Result<Outcome, String> {
    let rules = joined(case.get("rules"));
    let expected = case.get("expected").unwrap();
    let ruleset = match Ruleset::parse(&[("case", &rules)], &BTreeMap::new()) {
        Ok(ruleset) => Rc::new(ruleset),
        Err(error) => {
            let message = error.to_string();
            if expected.get("parser_error").is_some() {
                return Ok(Outcome::Asserted);
            }
            let class = CLASSES.iter().find(|(part, _)| message.contains(part));
            return match class {
                Some((_, class)) => Ok(Outcome::OfClass((*class).to_owned())),
                None => Err(message),
            };
        }
    };
    if expected.get("parser_error").is_some() {
        return Err("loading did not fail".to_owned());
    }
    let (transaction, status) = transact(&ruleset, case);
    let mut asserted = false;
    if let Some(code) = expected.get("http_code").and_then(Value::as_u64) {
        asserted = true;
        if u64::from(status) != code {
            return Err(format!("status {status}, not {code}"));
        }
    }
    let log = debug_log(&transaction);
    for kind in ["debug_log", "error_log"] {
        let pattern = text(expected, kind);
        if pattern.is_empty() {
            continue;
        }
        let written = if kind == "debug_log" { &log } else { &error_log(&transaction) };
        let regex = RegexBuilder::new(pattern).multi_line(true).unicode(false).build();
        let regex = regex.map_err(|_| format!("`{pattern}` is no pattern"))?;
        if !regex.is_match(written.as_bytes()) {
            return Err(format!("no `{pattern}` in {kind}"));
        }
        asserted = true;
    }
    Ok(if asserted { Outcome::Asserted } else { Outcome::Vacuous })
}

fn transact(ruleset: &Rc<Ruleset>, case: &Value) -> (Transaction, u16) {
    let mut transaction = Transaction::new(ruleset, 1 << 32).traced();
    let side = |name: &str| {
        let side = case.get(name);
        let ip = side.map_or("", |side| text(side, "ip"));
        let port = side.and_then(|side| side.get("port")).and_then(Value::as_u64).unwrap_or_default();
        (ip.to_owned(), port.to_string())
    };
    let (client, server) = (side("client"), side("server"));
    transaction.process_connection((&client.0, &client.1), (&server.0, &server.1));
    let request = case.get("request").cloned().unwrap_or_default();
    let version = request.get("http_version").and_then(Value::as_f64).unwrap_or(1.1);
    let uri = text(&request, "uri").as_bytes();
    transaction
        .process_uri(uri, text(&request, "method").as_bytes(), format!("HTTP/{version}").as_bytes())
        .unwrap();
    for (name, value) in headers(&request) {
        transaction.add_request_header(name.as_bytes(), value.as_bytes());
    }
    let _ = transaction.process_request_headers().unwrap();
    let _ = transaction.write_request_body(joined(request.get("body")).as_bytes());
    let _ = transaction.process_request_body().unwrap();
    let response = case.get("response").cloned().unwrap_or_default();
    for (name, value) in headers(&response) {
        transaction.add_response_header(name.as_bytes(), value.trim().as_bytes());
    }
    let _ = transaction.process_response_headers(200, b"HTTP/1.1").unwrap();
    let _ = transaction.write_response_body(joined(response.get("body")).as_bytes());
    let _ = transaction.process_response_body().unwrap();
    transaction.process_logging().unwrap();
    // Their connector answers a dropped connection with 403.
    let status = transaction.interruption().map_or(200, |interruption| match interruption.status() {
        0 => 403,
        status => status,
    });
    (transaction, status)
}

/// The steps in ModSecurity's words.
fn debug_log(transaction: &Transaction) -> String {
    let mut log = String::new();
    let mut index = 0;
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for step in transaction.steps() {
        let _ = match step {
            Step::Rule { id, argument } => {
                writeln!(log, "(Rule: {id}) Executing operator with param \"{}\"", shown(&argument))
            }
            Step::Transformed { name, value } => {
                index += 1;
                writeln!(log, "[9]  T ({}) t:{name}: \"{}\"", index - 1, shown(&value))
            }
            Step::Target { variable, value } => {
                index = 0;
                writeln!(log, "Target value: \"{}\" (Variable: {})", shown(&value), shown(&variable))
            }
            Step::Returned { matched, .. } => writeln!(log, "Rule returned {}.", u8::from(matched)),
            Step::Removed { id } => {
                writeln!(
                    log,
                    "Rule id: {id} was skipped due to a ruleRemoveById action. Skipped due to a ruleRemoveByTag"
                )
            }
        };
    }
    if let Some(error) = transaction.body_error() {
        let _ = writeln!(log, "{error}");
    }
    log
}

/// One line for each match.
fn error_log(transaction: &Transaction) -> String {
    let mut log = String::new();
    for matched in transaction.matches().iter().filter(|matched| matched.log) {
        let what = if matched.disruptive { "Access denied" } else { "Warning" };
        let (msg, data) = (String::from_utf8_lossy(&matched.msg), String::from_utf8_lossy(&matched.data));
        let _ = write!(log, "ModSecurity: {what} (phase {}). ", matched.phase.number());
        let _ =
            write!(log, "[file \"{}\"] [line \"{}\"] [id \"{}\"] ", matched.file, matched.line, matched.id);
        let _ = write!(log, "[msg \"{msg}\"] [data \"{data}\"]");
        for tag in &matched.tags {
            let _ = write!(log, " [tag \"{tag}\"]");
        }
        log.push('\n');
    }
    log
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn joined(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(lines)) => {
            lines.iter().filter_map(Value::as_str).map(|line| line.to_owned() + "\n").collect()
        }
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn headers(side: &Value) -> Vec<(String, String)> {
    let Some(headers) = side.get("headers").and_then(Value::as_object) else { return Vec::new() };
    headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
