//! Compressed bodies: rules see what is in them, and what they could not see is counted.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_core::{
    Body, BodyEdit, BodyState, Boot, Effect, Exchange, Flow, Headers, MapStore, Plugin, Stream, Verdict,
};
use portcullis_waf::{Waf, WafConfig, WafStream};
use std::rc::Rc;

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 2000
SecResponseBodyAccess On
SecResponseBodyMimeType text/html
SecResponseBodyLimit 2000
SecResponseBodyLimitAction Reject
SecRule REQBODY_ERROR "@eq 1" "id:1,phase:2,deny,status:400"
SecRule ARGS:a "@contains attack" "id:2,phase:2,deny,status:403"
SecRule RESPONSE_BODY "@contains secret" "id:3,phase:4,deny,status:403"
"#;

fn waf(settings: &str) -> Rc<Waf> {
    let rules = serde_json::to_string(RULES).unwrap();
    let config: WafConfig = serde_json::from_str(&format!(r#"{{"rules": [{rules}, {settings}}}"#)).unwrap();
    let boot = Boot { fuel: 1 << 24, max_body: 1 << 20, hold_headers: true, ..Boot::default() };
    Waf::compile(vec![config], &boot).unwrap().remove(0)
}

fn plain() -> Rc<Waf> {
    waf(r#""SecRuleEngine On"]"#)
}

fn exchange(codings: &[&str]) -> Exchange {
    let body = BodyState { present: true, ..BodyState::default() };
    let headers = |first: [(&str, &str); 2], kind: &str| {
        let codings = codings.iter().map(|coding| ("content-encoding", *coding));
        Headers::from_pairs(first.into_iter().chain([("content-type", kind)]).chain(codings))
    };
    Exchange {
        request: headers([(":method", "POST"), (":path", "/")], "application/x-www-form-urlencoded"),
        response: headers([(":status", "200"), ("server", "x")], "text/html"),
        request_body: body,
        response_body: body,
        ..Exchange::default()
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    out.extend(miniz_oxide::deflate::compress_to_vec(text, 6));
    out.extend([0; 8]);
    out
}

/// How an exchange went.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// 200 if it went on, 0 if the engine has failed.
    status: u16,
    /// What was counted as not seen by the rules, by the metric's place.
    uninspected: Vec<&'static str>,
}

/// Notes what a verdict says; `true` if the exchange goes on.
fn note<E>(verdict: Verdict<E>, outcome: &mut Outcome) -> bool {
    assert_eq!(verdict.content, BodyEdit::Keep, "the body goes on as it came");
    for effect in &verdict.effects {
        if let Effect::Count { metric, .. } = effect {
            match metric.0 {
                13 => outcome.uninspected.push("unknown"),
                14 => outcome.uninspected.push("broken"),
                15 => outcome.uninspected.push("too long"),
                _ => {}
            }
        }
    }
    match verdict.flow {
        Flow::Reply(reply) => outcome.status = reply.status,
        Flow::Fail(_) => outcome.status = 0,
        _ => {}
    }
    outcome.status == 200
}

fn request(waf: &Rc<Waf>, codings: &[&str], body: &[u8]) -> Outcome {
    let (exchange, mut store) = (exchange(codings), MapStore::default());
    let mut stream: WafStream = waf.stream(&exchange);
    let mut outcome = Outcome { status: 200, uninspected: Vec::new() };
    let headers = stream.request_headers(&exchange, &mut store);
    assert!(matches!(headers.body, Some(Body::Whole { .. })));
    if note(headers, &mut outcome) && note(stream.request_body(&exchange, body, &mut store), &mut outcome) {
        note(stream.request_end(&exchange, &mut store), &mut outcome);
    }
    outcome
}

fn response(waf: &Rc<Waf>, codings: &[&str], body: &[u8]) -> Outcome {
    let (exchange, mut store) = (exchange(codings), MapStore::default());
    let mut stream: WafStream = waf.stream(&exchange);
    let mut outcome = Outcome { status: 200, uninspected: Vec::new() };
    let _ = stream.request_headers(&exchange, &mut store);
    let headers = stream.response_headers(&exchange, &mut store);
    assert!(matches!(headers.body, Some(Body::Whole { .. })));
    if note(headers, &mut outcome) && note(stream.response_body(&exchange, body, &mut store), &mut outcome) {
        note(stream.response_end(&exchange, &mut store), &mut outcome);
    }
    outcome
}

#[track_caller]
fn check(outcome: Outcome, status: u16, uninspected: &[&'static str]) {
    assert_eq!(outcome, Outcome { status, uninspected: uninspected.to_vec() });
}

#[test]
fn what_is_in_a_compressed_body_is_seen() {
    let waf = plain();
    check(request(&waf, &["gzip"], &gzip(b"a=an+attack")), 403, &[]);
    check(request(&waf, &["gzip", "gzip"], &gzip(&gzip(b"a=an+attack"))), 403, &[]);
    check(request(&waf, &["deflate"], &miniz_oxide::deflate::compress_to_vec(b"a=attack", 6)), 403, &[]);
    check(request(&waf, &["gzip"], &gzip(b"a=fine")), 200, &[]);
    check(request(&waf, &["identity"], b"a=attack"), 403, &[]);
    check(request(&waf, &["gzip"], b""), 200, &[]);
    check(response(&waf, &["gzip"], &gzip(b"<p>a secret</p>")), 403, &[]);
    check(response(&waf, &["gzip"], &gzip(b"<p>fine</p>")), 200, &[]);
}

#[test]
fn an_unknown_coding_is_counted_and_its_bytes_are_looked_at_as_they_are() {
    let waf = plain();
    check(request(&waf, &["compress"], b"a=fine"), 200, &["unknown"]);
    check(request(&waf, &["compress"], b"a=attack"), 403, &["unknown"]);
    check(request(&waf, &["gzip", "aes128gcm"], &gzip(b"a=attack")), 200, &["unknown"]);
    check(response(&waf, &["dcz"], b"unreadable"), 200, &["unknown"]);
}

#[test]
fn a_broken_coding_is_an_error_of_the_body() {
    let waf = plain();
    let body = gzip(b"a=attack&b=1");
    check(request(&waf, &["gzip"], b"a=fine"), 400, &["broken"]);
    check(request(&waf, &["gzip"], &body[..body.len() - 9]), 400, &["broken"]);
    check(response(&waf, &["gzip"], b"<p>plain after all</p>"), 200, &["broken"]);
    check(response(&waf, &["gzip"], b"<p>a plain secret</p>"), 403, &["broken"]);
    let leak = gzip(b"<p>secret</p>");
    check(response(&waf, &["gzip"], &leak[..leak.len() - 8]), 403, &["broken"]);
}

#[test]
fn limits_are_about_what_is_decoded() {
    let long = [b"a=".to_vec(), vec![b'x'; 3_000]].concat();
    let late = [long.clone(), b"attack".to_vec()].concat();
    let waf = plain();
    check(request(&waf, &["gzip"], &gzip(&long)), 403, &[]);
    check(request(&waf, &["gzip"], &gzip(&long[..1_000])), 200, &[]);
    check(response(&waf, &["gzip"], &gzip(&long)), 403, &[]);
    let partial = self::waf(
        r#""SecRequestBodyLimitAction ProcessPartial", "SecResponseBodyLimitAction ProcessPartial"]"#,
    );
    check(request(&partial, &["gzip"], &gzip(&late)), 200, &["too long"]);
    check(response(&partial, &["gzip"], &gzip(&late)), 200, &["too long"]);
    let early = [b"a=attack&b=".to_vec(), vec![b'x'; 3_000]].concat();
    check(request(&partial, &["gzip"], &gzip(&early)), 403, &["too long"]);
}

#[test]
fn a_body_that_unfolds_too_far_counts_as_too_long() {
    let settings =
        r#""SecRequestBodyLimit 1000000", "SecRequestBodyNoFilesLimit 1000000"], "maxInflation": 10"#;
    let waf = self::waf(settings);
    check(request(&waf, &["gzip"], &gzip(&vec![b'x'; 65_000])), 200, &[]);
    check(request(&waf, &["gzip"], &gzip(&vec![b'x'; 66_000])), 403, &[]);
    let numbers: String = (0..20_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    check(request(&waf, &["gzip"], &gzip(numbers.as_bytes())), 200, &[]);
    let error = serde_json::from_str::<WafConfig>(r#"{"rules": [], "maxInflation": 0}"#).unwrap_err();
    assert!(error.to_string().contains("nonzero"), "{error}");
}

#[test]
fn decoding_takes_fuel() {
    let config: WafConfig = serde_json::from_value(serde_json::json!({ "rules": [RULES] })).unwrap();
    let boot = Boot { fuel: 2_000, max_body: 1 << 20, hold_headers: true, ..Boot::default() };
    let waf = Waf::compile(vec![config], &boot).unwrap().remove(0);
    check(request(&waf, &["gzip"], &gzip(&[b'x'; 1_900])), 0, &[]);
}

#[test]
fn the_upstream_is_asked_for_what_can_be_read() {
    let edits = |settings: &str, accept: &[&str]| {
        let mut exchange = exchange(&[]);
        let fields = accept.iter().map(|value| ("accept-encoding", *value));
        exchange.request =
            Headers::from_pairs([(":method", "GET"), (":path", "/")].into_iter().chain(fields));
        let verdict = waf(settings).stream(&exchange).request_headers(&exchange, &mut MapStore::default());
        let mut headers = exchange.request.clone();
        verdict.edits.iter().for_each(|edit| headers.apply(edit.as_ref()));
        let values: Vec<_> = headers.get_all("accept-encoding").map(String::from_utf8_lossy).collect();
        (verdict.edits.len(), values.join("|"))
    };
    let narrow = r#""SecRuleEngine On"], "acceptEncoding": "narrow""#;
    assert_eq!(edits(narrow, &["gzip, br", "dcb"]), (1, "gzip, br".to_owned()));
    assert_eq!(edits(narrow, &["gzip, deflate, br, zstd"]).0, 0);
    assert_eq!(edits(narrow, &[]).0, 0);
    assert_eq!(edits(r#""SecRuleEngine On"]"#, &["dcb"]).0, 0, "`keep` is the default");
    let blind = r#""SecResponseBodyAccess Off"], "acceptEncoding": "narrow""#;
    assert_eq!(edits(blind, &["dcb"]).0, 0, "nobody looks at the response");
}
