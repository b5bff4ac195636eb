//! Runs a test's requests through the engine and judges them by the ids that would be in the log.

use super::case::{Case, Request, Stage};
use portcullis_testkit::corpus::Outcome;
use portcullis_waf::{Ruleset, Transaction};
use regex::bytes::Regex;
use std::rc::Rc;
use std::time::Duration;

/// Units enough for the longest test.
const FUEL: u64 = 1 << 34;

/// What the upstream says in answer.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Vacuous is a test that asserts nothing that an engine alone can answer.
pub(crate) fn judge(ruleset: &Rc<Ruleset>, case: &Case) -> Result<Outcome, String> {
    let mut asserted = false;
    for stage in &case.stages {
        let transaction = transact(ruleset, &stage.request);
        asserted |= check(stage, &transaction)?;
    }
    Ok(if asserted { Outcome::Asserted } else { Outcome::Vacuous })
}

/// The status with which the request is refused.
pub(crate) fn status(ruleset: &Rc<Ruleset>, request: &Request) -> Option<u16> {
    transact(ruleset, request).interruption().map(|interruption| interruption.status())
}

fn check(stage: &Stage, transaction: &Transaction) -> Result<bool, String> {
    let log = &stage.output.log;
    let logged = || transaction.matches().iter().filter(|matched| matched.log);
    let found: Vec<u64> = logged().map(|matched| matched.id).collect();
    if stage.output.expect_error {
        return Ok(false);
    }
    if let Some(id) = log.expect_ids.iter().find(|id| !found.contains(id)) {
        return Err(format!("{id} did not match; {found:?}"));
    }
    if let Some(id) = log.no_expect_ids.iter().find(|id| found.contains(id)) {
        return Err(format!("{id} matched; {found:?}"));
    }
    let mut lines = Vec::new();
    for matched in logged() {
        lines.extend(format!("[id \"{}\"] [msg \"", matched.id).into_bytes());
        lines.extend(matched.msg.escape_ascii());
        lines.extend_from_slice(b"\"] [data \"");
        lines.extend(matched.data.escape_ascii());
        lines.extend_from_slice(b"\"]\n");
    }
    let matches = |pattern: &str| Regex::new(pattern).unwrap().is_match(&lines);
    if !log.match_regex.is_empty() && !matches(&log.match_regex) {
        return Err(format!("the log has no `{}`", log.match_regex));
    }
    if !log.no_match_regex.is_empty() && matches(&log.no_match_regex) {
        return Err(format!("the log has `{}`", log.no_match_regex));
    }
    let asserts = !log.expect_ids.is_empty() || !log.no_expect_ids.is_empty();
    Ok(asserts || !log.match_regex.is_empty() || !log.no_match_regex.is_empty())
}

fn transact(ruleset: &Rc<Ruleset>, request: &Request) -> Transaction {
    let mut transaction = Transaction::new(ruleset, FUEL);
    transaction.process_start(Duration::from_secs(1_780_000_000), b"test");
    transaction.process_connection(("127.0.0.1", "40000"), ("127.0.0.1", "80"));
    let (method, version) = (request.method.as_bytes(), request.version.as_bytes());
    transaction.process_uri(request.uri.as_bytes(), method, version).unwrap();
    for (name, value) in &request.headers {
        transaction.add_request_header(name.as_bytes(), value);
    }
    let _ = transaction.process_request_headers().unwrap();
    let _ = transaction.write_request_body(&request.body);
    if transaction.process_request_body().unwrap().is_some() {
        return transaction;
    }
    let answer = answer(request);
    for (name, value) in &answer.headers {
        transaction.add_response_header(name.as_bytes(), value.as_bytes());
    }
    let _ = transaction.process_response_headers(answer.status, b"HTTP/1.1").unwrap();
    let _ = transaction.write_response_body(&answer.body);
    let _ = transaction.process_response_body().unwrap();
    transaction.process_logging().unwrap();
    transaction
}

/// The upstream of CRS's tests: at `/reflect` it answers as the body says, else with an empty page.
fn answer(request: &Request) -> Answer {
    let mut answer =
        Answer { status: 200, headers: vec![("Content-Type".into(), "text/plain".into())], body: Vec::new() };
    if !request.uri.starts_with("/reflect") {
        return answer;
    }
    let Ok(wish) = serde_json::from_slice::<serde_json::Value>(&request.body) else { return answer };
    if let Some(status) = wish.get("status").and_then(serde_json::Value::as_u64) {
        answer.status = u16::try_from(status).unwrap();
    }
    if let Some(headers) = wish.get("headers").and_then(serde_json::Value::as_object) {
        answer.headers.retain(|(name, _)| !headers.keys().any(|other| other.eq_ignore_ascii_case(name)));
        let given =
            headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        answer.headers.extend(given);
    }
    if let Some(body) = wish.get("body").and_then(serde_json::Value::as_str) {
        answer.body = body.as_bytes().to_vec();
    }
    if let Some(body) = wish.get("encodedBody").and_then(serde_json::Value::as_str) {
        let decode = portcullis_waf::transformations::Transformation::find("base64Decode").unwrap();
        answer.body = decode.apply(body.as_bytes()).into_owned();
    }
    answer
}
