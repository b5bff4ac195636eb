//! ModSecurity v3's regression tests: rules, an exchange, and what is expected of both.
//!
//! Statuses, load errors and patterns of the logs are judged; the logs are written from a trace of the transaction, in
//! ModSecurity's wording: a pattern for what is not traced fails.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_testkit::corpus::{Outcome, Suite, conformance_dir};
use portcullis_waf::{Ruleset, Transaction};
use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

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

/// Cases that fail for a reason of their own.
const EXCEPTIONS: &[(&str, &str)] = &[];

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
        for (index, case) in list.into_iter().enumerate() {
            let name = format!("{stem}/{}/{index}", text(&case, "title"));
            cases.push((name, (format!("{stem}.json"), case)));
        }
    }
    let mut suite = Suite::new("modsecurity-regression").floor(250).except_all(EXCEPTIONS.iter().copied());
    // Another selection of the suite has other classes in it.
    let outcomes: Vec<_> = cases.iter().map(|(_, (file, case))| judge(file, case)).collect();
    let mut seen: Vec<&str> = Vec::new();
    for (_, class) in CLASSES {
        let is_used = outcomes.contains(&Ok(Outcome::OfClass((*class).to_owned())));
        if is_used && !seen.contains(class) {
            seen.push(class);
        }
    }
    for class in seen {
        suite = suite.class(class, "a sandbox cannot do this; loading fails with a position");
    }
    suite.run(cases, |(file, case)| judge(file, case)).assert_clean();
}

fn judge(file: &str, case: &Value) -> Result<Outcome, String> {
    let rules = joined(case.get("rules"));
    let expected = case.get("expected").unwrap();
    let ruleset = match Ruleset::parse(&[(file, &rules)], &BTreeMap::new()) {
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
    let request = headers(case.get("request").unwrap_or(&Value::Null));
    // The cases hold headers sorted by name, and places in the request depend on the order in which they were sent: an
    // expectation of places holds if it holds for one order.
    let orders = match is_of_places(text(expected, "error_log")) {
        true => permutations(request),
        false => vec![request],
    };
    let mut outcome = Err("no headers".to_owned());
    for headers in &orders {
        outcome = check(&ruleset, case, expected, headers);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Whether a pattern names a variable's offset, like `v17,6`.
fn is_of_places(pattern: &str) -> bool {
    Regex::new("v[0-9]+,[0-9]").unwrap().is_match(pattern.as_bytes())
}

fn permutations(headers: Vec<(String, String)>) -> Vec<Vec<(String, String)>> {
    let mut orders = vec![Vec::new()];
    for header in headers {
        let insert = |order: &Vec<(String, String)>| {
            let header = header.clone();
            let order = order.clone();
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, header.clone());
                order
            })
        };
        orders = orders.iter().flat_map(insert).collect();
    }
    orders
}

fn check(
    ruleset: &Rc<Ruleset>,
    case: &Value,
    expected: &Value,
    headers: &[(String, String)],
) -> Result<Outcome, String> {
    let (transaction, status) = transact(ruleset, case, headers);
    let mut asserted = false;
    if let Some(code) = expected.get("http_code").and_then(Value::as_u64) {
        asserted = true;
        if u64::from(status) != code {
            return Err(format!("status {status}, not {code}"));
        }
    }
    let logs = [
        ("debug_log", debug_log(&transaction)),
        ("error_log", transaction.error_log()),
        ("audit_log", transaction.audit_text(status)),
    ];
    for (kind, written) in logs {
        let pattern = text(expected, kind);
        if pattern.is_empty() {
            continue;
        }
        let mut builder = RegexBuilder::new(pattern);
        let regex = builder.multi_line(true).dot_matches_new_line(true).unicode(false).build();
        let regex = regex.map_err(|_| format!("`{pattern}` is no pattern"))?;
        if !regex.is_match(written.as_bytes()) {
            return Err(format!("no `{pattern}` in {kind}"));
        }
        asserted = true;
    }
    Ok(if asserted { Outcome::Asserted } else { Outcome::Vacuous })
}

fn transact(ruleset: &Rc<Ruleset>, case: &Value, request_headers: &[(String, String)]) -> (Transaction, u16) {
    let mut transaction = Transaction::new(ruleset, 1 << 32).traced();
    let side = |name: &str| {
        let side = case.get(name);
        let ip = side.map_or("", |side| text(side, "ip"));
        let port = side.and_then(|side| side.get("port")).and_then(Value::as_u64).unwrap_or_default();
        (ip.to_owned(), port.to_string())
    };
    let (client, server) = (side("client"), side("server"));
    let start = Duration::from_secs(1_700_000_000);
    transaction.process_start(start, b"1700000000.123456");
    transaction.process_connection((&client.0, &client.1), (&server.0, &server.1));
    let request = case.get("request").cloned().unwrap_or_default();
    // A case without a version has an empty one.
    let version = match request.get("http_version") {
        Some(Value::String(version)) => version.clone(),
        Some(Value::Number(version)) => version.to_string(),
        _ => String::new(),
    };
    let uri = text(&request, "uri").as_bytes();
    transaction
        .process_uri(uri, text(&request, "method").as_bytes(), format!("HTTP/{version}").as_bytes())
        .unwrap();
    for (name, value) in request_headers {
        transaction.add_request_header(name.as_bytes(), value.as_bytes());
    }
    let _ = transaction.process_request_headers().unwrap();
    transaction.process_time(start + Duration::from_micros(1_500));
    let _ = transaction.write_request_body(body(request.get("body")).as_bytes());
    let _ = transaction.process_request_body().unwrap();
    let response = case.get("response").cloned().unwrap_or_default();
    for (name, value) in headers(&response) {
        transaction.add_response_header(name.as_bytes(), value.trim().as_bytes());
    }
    let _ = transaction.process_response_headers(200, b"HTTP/1.1").unwrap();
    let _ = transaction.write_response_body(body(response.get("body")).as_bytes());
    let _ = transaction.process_response_body().unwrap();
    transaction.process_logging().unwrap();
    // Their connector answers a dropped connection with 403.
    let status = transaction.interruption().map_or(200, |interruption| match interruption.status() {
        0 => 403,
        status => status,
    });
    (transaction, status)
}

/// The debug log; transformations have their names in lower case too, for their log has them as the rule spells them.
fn debug_log(transaction: &Transaction) -> String {
    let mut log = String::new();
    let name = Regex::new(r"^(.*\]  T \([0-9]+\) )(t:[0-9A-Za-z]+)(.*)$").unwrap();
    for line in transaction.debug_log().lines() {
        log.push_str(line);
        log.push('\n');
        if let Some(parts) = name.captures(line.as_bytes()) {
            let part = |index| String::from_utf8_lossy(parts.get(index).unwrap().as_bytes()).into_owned();
            log.push_str(&format!("{}{}{}\n", part(1), part(2).to_ascii_lowercase(), part(3)));
        }
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

/// Lines, each with its end.
fn body(value: Option<&Value>) -> String {
    joined(value)
}

fn headers(side: &Value) -> Vec<(String, String)> {
    let Some(headers) = side.get("headers").and_then(Value::as_object) else { return Vec::new() };
    headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
