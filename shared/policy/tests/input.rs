//! The input document: a snapshot of the whole, bodies of all kinds, and arbitrary bytes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop the test where they fail"
)]

use portcullis_core::{BodyState, Exchange, Headers};
use portcullis_policy::{BadBody, BadInput, HeldBody, Input, Parts};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

fn whole() -> Input {
    Input::new(Parts::all(), &BTreeMap::from([("environment".to_owned(), "test".to_owned())]), true)
}

fn build(input: &Input, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Result<Value, BadInput> {
    Ok(serde_json::from_str(&input.build(exchange, body)?.to_string()).unwrap())
}

fn sample() -> Exchange {
    Exchange {
        request: Headers::from_pairs([
            (":method", &b"POST"[..]),
            (":path", b"/a%2Fb//c?x=1&x=%32&y"),
            (":authority", b"api.test"),
            (":scheme", b"https"),
            ("content-type", b"application/json"),
            ("x-request-id", b"id-1"),
            ("x-twice", b"1"),
            ("x-bytes", b"a\xffb"),
            ("x-twice", b"2"),
            ("x-envoy-auth-partial-body", b"forged"),
        ]),
        time: Duration::new(1_700_000_000, 500_000_000),
        source: "[2001:db8::1]:50000".to_owned(),
        destination: "10.0.0.2:8443".to_owned(),
        request_body: BodyState { present: true, received: 15, ..BodyState::default() },
        properties: vec![
            Some(b"HTTP/2".to_vec()),
            Some(b"spiffe://test/client".to_vec()),
            None,
            Some(b"api.test".to_vec()),
        ],
        ..Exchange::default()
    }
}

#[test]
fn the_whole_document() {
    let expected: Value = serde_json::from_str(include_str!("../testdata/input.json")).unwrap();
    let body = HeldBody { bytes: br#"{"a": [1, "x"]}"#, truncated: false };
    assert_eq!(build(&whole(), &sample(), Some(body)).unwrap(), expected);
}

#[track_caller]
fn check_body(headers: &[(&str, &str)], bytes: &[u8], expected: Result<(Value, bool), BadBody>) {
    let request = Headers::from_pairs(headers.iter().copied().chain([(":path", "/")]));
    let exchange = Exchange { request, ..Exchange::default() };
    let built = build(&whole(), &exchange, Some(HeldBody { bytes, truncated: false }));
    let parsed = built.map(|input| {
        (input.get("parsed_body").unwrap().clone(), input.get("truncated_body").unwrap().as_bool().unwrap())
    });
    assert_eq!(parsed, expected.map_err(BadInput::from));
}

#[test]
fn bodies_are_read_by_their_type() {
    let json_type = ("content-type", "text/x; application/json");
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    check_body(&[json_type], b"[1]", Ok((json!([1]), false)));
    check_body(&[json_type], b"", Ok((Value::Null, false)));
    check_body(&[json_type], b"{", Err(BadBody::Json));
    check_body(&[json_type], b"1 2", Err(BadBody::Json));
    check_body(&[json_type, ("content-length", "9")], b"[1]", Ok((Value::Null, true)));
    check_body(&[json_type, ("content-length", "x")], b"[1]", Err(BadBody::Length));
    check_body(&[form_type], b"a=1&a=%20&b", Ok((json!({"a": ["1", " "], "b": [""]}), false)));
    check_body(&[form_type], b"a=%zz", Err(BadBody::Form));
    check_body(&[("content-type", "Application/JSON")], b"[1]", Ok((Value::Null, false)));
    check_body(&[], b"[1]", Ok((Value::Null, false)));
}

#[test]
fn hostile_bodies_are_refused_in_time() {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    check_body(&[("content-type", "application/json")], &deep, Err(BadBody::Json));
    let many = b"a=1&".repeat(100_000);
    let request =
        Headers::from_pairs([(":path", "/"), ("content-type", "application/x-www-form-urlencoded")]);
    let exchange = Exchange { request, ..Exchange::default() };
    let built = build(&whole(), &exchange, Some(HeldBody { bytes: &many, truncated: false })).unwrap();
    assert_eq!(built.pointer("/parsed_body/a").unwrap().as_array().unwrap().len(), 100_000);
}

#[test]
fn only_what_is_referred_to_is_built() {
    let mut parts = Parts::default();
    let steps = ["attributes", "request", "http", "headers", "x-twice"];
    parts.add(&steps.map(|step| Some(step.to_owned())));
    let input = Input::new(parts, &BTreeMap::new(), true);
    assert!(!input.needs_body() && !input.needs_addresses() && input.properties().is_empty());
    let built = build(&input, &sample(), None).unwrap();
    assert_eq!(built.pointer("/attributes/request/http/headers"), Some(&json!({"x-twice": "1,2"})));
    assert_eq!(built.get("parsed_path"), None);
    assert_eq!(built.pointer("/attributes/source"), Some(&json!({})));
}

#[test]
fn any_bytes_make_a_document_or_a_refusal() {
    arbtest::arbtest(|u| {
        let fields: Vec<(String, Vec<u8>)> = u.arbitrary()?;
        let path: Vec<u8> = u.arbitrary()?;
        let body: Vec<u8> = u.arbitrary()?;
        let kind =
            *u.choose(&[&b"application/json"[..], b"application/x-www-form-urlencoded", b"text/plain"])?;
        let pairs = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let known = [(&b":path"[..], path.as_slice()), (b"content-type", kind)];
        let exchange =
            Exchange { request: Headers::from_pairs(known.into_iter().chain(pairs)), ..Exchange::default() };
        let held = HeldBody { bytes: &body, truncated: u.arbitrary()? };
        if let Ok(built) = build(&whole(), &exchange, Some(held)) {
            assert!(built.get("parsed_path").is_some());
        }
        Ok(())
    })
    .budget_ms(500);
}
