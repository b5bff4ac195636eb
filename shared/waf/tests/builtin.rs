//! The built-in rules against a table of attacks and a table of ordinary requests.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_waf::{Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;

#[test]
fn attacks_are_refused() {
    let ruleset = builtin();
    let mut count = 0;
    let mut passed = Vec::new();
    for line in lines(include_str!("../testdata/builtin/attacks.txt")) {
        count += 1;
        let (name, rest) = line.split_once(' ').unwrap();
        let (kind, text) = rest.split_once(' ').unwrap();
        if transact(&ruleset, kind, text).interruption().is_none() {
            passed.push(format!("{name}: {text}"));
        }
    }
    assert!(count >= 60, "only {count} attacks");
    assert!(passed.is_empty(), "{} passed:\n{}", passed.len(), passed.join("\n"));
}

#[test]
fn ordinary_requests_pass() {
    let ruleset = builtin();
    let mut count = 0;
    let mut refused = Vec::new();
    for line in lines(include_str!("../testdata/builtin/ordinary.txt")) {
        count += 1;
        let (kind, text) = line.split_once(' ').unwrap();
        let transaction = transact(&ruleset, kind, text);
        if let Some(interruption) = transaction.interruption() {
            let last = transaction.matches().last().unwrap();
            refused.push(format!("{} {}: {line}", interruption.rule, last.variable.escape_ascii()));
        }
    }
    assert!(count >= 60, "only {count} requests");
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn every_rule_says_what_it_is() {
    let text = include_str!("../rules/builtin.conf");
    let document = portcullis_seclang::parse("builtin.conf", text).unwrap();
    let mut rules = 0;
    for directive in &document.directives {
        let portcullis_seclang::Body::Rule(rule) = &directive.body else { continue };
        rules += 1;
        let has = |name: &str| rule.actions.iter().any(|action| action.is(name));
        let id: u64 = rule.actions.iter().find(|action| action.is("id")).unwrap().text().parse().unwrap();
        assert!((100_000..200_000).contains(&id), "{id}");
        assert!(
            has("nolog") || (has("msg") && has("tag") && has("severity")),
            "{id} lacks msg, tag or severity"
        );
    }
    assert!(rules >= 30, "only {rules} rules");
}

/// Patterns of embedded texts are compiled at first use; as an inline text all of them are compiled at once.
#[test]
fn every_pattern_compiles() {
    for text in [include_str!("../rules/builtin.conf"), include_str!("../rules/recommended.conf")] {
        assert!(!Ruleset::parse(&[("inline", text)], &BTreeMap::new()).unwrap().is_empty());
    }
}

fn builtin() -> Rc<Ruleset> {
    Rc::new(Ruleset::parse(&[("test", "Include @builtin")], &BTreeMap::new()).unwrap())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

fn transact(ruleset: &Rc<Ruleset>, kind: &str, text: &str) -> Transaction {
    let body_type = match kind {
        "FORM" => Some("application/x-www-form-urlencoded"),
        "JSON" => Some("application/json; charset=utf-8"),
        "XML" => Some("application/xml"),
        _ => None,
    };
    let (method, uri) = match kind {
        "FORM" | "JSON" | "XML" => ("POST", "/submit"),
        "COOKIE" | "AGENT" => ("GET", "/"),
        method => (method, text),
    };
    let mut transaction = Transaction::new(ruleset, 1 << 30);
    transaction.process_uri(uri.as_bytes(), method.as_bytes(), b"HTTP/1.1").unwrap();
    transaction.add_request_header(b"host", b"shop.example.com");
    let agent =
        if kind == "AGENT" { text } else { "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101" };
    transaction.add_request_header(b"user-agent", agent.as_bytes());
    transaction
        .add_request_header(b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    if kind == "COOKIE" {
        transaction.add_request_header(b"cookie", text.as_bytes());
    }
    if let Some(body_type) = body_type {
        transaction.add_request_header(b"content-type", body_type.as_bytes());
    }
    let _ = transaction.process_request_headers().unwrap();
    if body_type.is_some() {
        let _ = transaction.write_request_body(text.as_bytes());
    }
    let _ = transaction.process_request_body().unwrap();
    transaction
}
