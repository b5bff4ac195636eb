//! Exchanges as values: what is changed in the headers, what passes, what is refused, what is reported.

use super::*;
use crate::DlpConfig;
use portcullis_core::{Boot, Flow, MapStore, Plugin, RequestEdit, ResponseEdit};

fn plugin(config: &str, boot: Boot) -> Rc<Dlp> {
    let config: DlpConfig = serde_json::from_str(config).unwrap();
    Dlp::compile(vec![config], &boot).unwrap().remove(0)
}

fn default_plugin() -> Rc<Dlp> {
    plugin("{}", Boot { fuel: 1 << 30, ..Boot::default() })
}

fn exchange(request: &[(&str, &str)], response: &[(&str, &str)]) -> Exchange {
    let body = BodyState { present: true, ..BodyState::default() };
    Exchange {
        request: Headers::from_pairs(request.iter().copied()),
        response: Headers::from_pairs(response.iter().copied()),
        request_body: body,
        response_body: body,
        ..Exchange::default()
    }
}

/// The response's headers after the filter's edits, as `name: value` lines, or the status of its own answer.
fn response(plugin: &Rc<Dlp>, exchange: &Exchange) -> Result<(String, Option<Body>), u16> {
    let verdict = plugin.stream(exchange).response_headers(exchange, &mut MapStore::default());
    if let Flow::Reply(reply) = verdict.flow {
        return Err(reply.status);
    }
    let mut headers = exchange.response.clone();
    verdict.edits.iter().for_each(|edit: &ResponseEdit| headers.apply(edit.as_ref()));
    let line = |(name, value): (&[u8], &[u8])| {
        format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
    };
    Ok((headers.iter().map(line).collect::<Vec<_>>().join("\n"), verdict.body))
}

const EDIT: Option<Body> = Some(Body::Chunks(Access::Edit));

#[test]
fn a_body_passes_in_pieces_and_is_covered() {
    let plugin = default_plugin();
    let exchange = exchange(&[], &[(":status", "200"), ("content-type", "application/json")]);
    let mut stream = plugin.stream(&exchange);
    let store = &mut MapStore::default();
    assert_eq!(stream.response_headers(&exchange, store).body, EDIT);
    assert_eq!(stream.response_body(&exchange, b"{\"a\": ", store).content, BodyEdit::Keep);
    let second = stream.response_body(&exchange, b"\"4111 1111 1111 11", store).content;
    assert_eq!(second, BodyEdit::Replace(b"\"".to_vec()));
    let third = stream.response_body(&exchange, b"11", store).content;
    assert_eq!(third, BodyEdit::Replace(Vec::new()));
    let end = stream.response_end(&exchange, store);
    assert_eq!(end.content, BodyEdit::Replace(b"**** **** **** 1111".to_vec()));
    let count = |metric, by| Effect::Count { metric: MetricId(metric), by };
    assert_eq!(end.effects, [count(2, 26), count(0, 1)]);
    let state = Effect::State { field: "findings", value: b"1".to_vec() };
    assert_eq!(stream.log(&exchange, &Summary::default(), &mut MapStore::default()), [state]);
    let names: Vec<_> = plugin.needs().metrics.into_iter().map(|metric| metric.name).collect();
    assert_eq!(
        names[..3],
        ["findings_total.detector.card", "findings_total.detector.iban", "inspected_bytes"]
    );
}

#[test]
fn an_aborted_body_gives_nothing_more() {
    let plugin = default_plugin();
    let mut exchange = exchange(&[], &[(":status", "200")]);
    let mut stream = plugin.stream(&exchange);
    let store = &mut MapStore::default();
    let _ = stream.response_headers(&exchange, store);
    let _ = stream.response_body(&exchange, b"4111", store);
    exchange.response_body.aborted = true;
    assert_eq!(stream.response_end(&exchange, store).content, BodyEdit::Keep);
}

#[test]
fn the_response_is_asked_for_whole_and_plain() {
    let plugin = default_plugin();
    let mut exchange = exchange(
        &[("accept-encoding", "gzip, br"), ("range", "bytes=0-9"), ("if-range", "\"x\""), ("x", "y")],
        &[],
    );
    let verdict = plugin.stream(&exchange).request_headers(&exchange, &mut MapStore::default());
    verdict.edits.iter().for_each(|edit: &RequestEdit| exchange.request.apply(edit.as_ref()));
    assert_eq!(exchange.request, Headers::from_pairs([("accept-encoding", "identity"), ("x", "y")]));
    assert_eq!(verdict.body, None);
}

#[test]
fn what_speaks_of_the_bytes_goes() {
    let (lines, body) = response(
        &default_plugin(),
        &exchange(
            &[],
            &[
                (":status", "200"),
                ("content-type", "text/html; charset=utf-8"),
                ("etag", "\"x\""),
                ("content-md5", "a"),
                ("digest", "b"),
                ("content-digest", "c"),
                ("repr-digest", "d"),
                ("accept-ranges", "bytes"),
                ("content-length", "5"),
            ],
        ),
    )
    .unwrap();
    assert_eq!(
        lines,
        ":status: 200\ncontent-type: text/html; charset=utf-8\netag: W/\"x\"\ncontent-length: 5"
    );
    assert_eq!(body, EDIT);
}

#[test]
fn other_types_pass_untouched() {
    for (media, expected) in [
        ("image/png", None),
        ("application/grpc", None),
        ("application/octet-stream", None),
        ("text/event-stream", EDIT),
        ("Application/Problem+JSON", EDIT),
        ("image/svg+xml", EDIT),
        ("application/x-www-form-urlencoded", EDIT),
    ] {
        let exchange = exchange(&[], &[(":status", "200"), ("content-type", media), ("etag", "\"x\"")]);
        let (lines, body) = response(&default_plugin(), &exchange).unwrap();
        assert_eq!(body, expected, "{media}");
        assert_eq!(lines.contains("W/"), expected.is_some(), "{media}");
    }
}

#[test]
fn what_cannot_be_inspected_is_refused_or_counted() {
    let pass = plugin(r#"{"onUninspectable": "pass"}"#, Boot { fuel: 1 << 30, ..Boot::default() });
    for (status, name, value, counter) in [
        ("200", "content-encoding", "gzip", 3),
        ("200", "content-encoding", "identity, br", 3),
        ("206", "x", "y", 4),
        ("200", "content-range", "bytes 0-1/9", 4),
        ("200", "content-type", "text/plain; charset=\"UTF-16LE\"", 5),
    ] {
        let exchange = exchange(&[], &[(":status", status), (name, value)]);
        assert_eq!(response(&default_plugin(), &exchange), Err(502), "{name}: {value}");
        let verdict = pass.stream(&exchange).response_headers(&exchange, &mut MapStore::default());
        assert_eq!((verdict.flow, verdict.body), (Flow::Continue, None));
        assert_eq!(verdict.effects, [Effect::Count { metric: MetricId(counter), by: 1 }], "{name}: {value}");
    }
    let image =
        exchange(&[], &[(":status", "206"), ("content-type", "image/png"), ("content-encoding", "gzip")]);
    assert!(response(&default_plugin(), &image).is_ok());
    let plain = exchange(&[], &[(":status", "200"), ("content-encoding", "identity")]);
    assert!(response(&default_plugin(), &plain).is_ok());
}

#[test]
fn a_response_without_a_body_keeps_its_validators_in_step() {
    let mut exchange = exchange(&[(":method", "GET")], &[(":status", "304"), ("etag", "\"x\"")]);
    exchange.response_body.present = false;
    let (lines, body) = response(&default_plugin(), &exchange).unwrap();
    assert_eq!((lines.as_str(), body), (":status: 304\netag: W/\"x\"", None));
    exchange.response = Headers::from_pairs([(":status", "204"), ("etag", "\"x\"")]);
    assert_eq!(response(&default_plugin(), &exchange).unwrap().0, ":status: 204\netag: \"x\"");
}

#[test]
fn request_bodies_by_choice() {
    let boot = Boot { fuel: 1 << 30, ..Boot::default() };
    let exchange = |pairs: &[(&str, &str)]| exchange(pairs, &[]);
    let plugin = plugin(r#"{"direction": "request"}"#, boot);
    let plain = exchange(&[("content-type", "text/plain"), ("accept-encoding", "gzip")]);
    let mut stream = plugin.stream(&plain);
    let store = &mut MapStore::default();
    let verdict = stream.request_headers(&plain, store);
    assert_eq!((verdict.body, verdict.edits.len()), (EDIT, 0));
    let covered = stream.request_body(&plain, b"4111111111111111\n", store).content;
    assert_eq!(covered, BodyEdit::Replace(b"************1111\n".to_vec()));
    assert_eq!(stream.response_headers(&plain, store), ResponseVerdict::proceed());
    let packed = exchange(&[("content-type", "text/plain"), ("content-encoding", "gzip")]);
    let verdict = plugin.stream(&packed).request_headers(&packed, store);
    assert!(matches!(verdict.flow, Flow::Reply(reply) if reply.status == 415));
}

#[test]
fn without_fuel_it_fails_and_gives_back_what_it_held() {
    let exchange = exchange(&[], &[(":status", "200")]);
    let plugin = plugin("{}", Boot { fuel: 60, ..Boot::default() });
    let mut stream = plugin.stream(&exchange);
    let store = &mut MapStore::default();
    let _ = stream.response_headers(&exchange, store);
    let first = stream.response_body(&exchange, b"a 4111", store);
    assert_eq!(first.content, BodyEdit::Replace(b"a ".to_vec()));
    let second = stream.response_body(&exchange, &[b'1'; 40], store);
    assert!(matches!(second.flow, Flow::Fail(failure) if failure.kind == FailureKind::Fuel));
    assert_eq!(second.content, BodyEdit::Replace([&b"4111"[..], &[b'1'; 40]].concat()));
    let third = stream.response_body(&exchange, b"111", store);
    assert_eq!((third.flow, third.content), (Flow::Continue, BodyEdit::Keep));
    assert_eq!(stream.response_end(&exchange, store).content, BodyEdit::Keep);
}

#[test]
fn rules_that_only_count_change_nothing() {
    let counting = r#"{"rules": [{"name": "a", "detect": {"detector": "card"}, "action": {"count": {}}}]}"#;
    let plugin = plugin(counting, Boot { fuel: 1 << 30, ..Boot::default() });
    let exchange = exchange(&[], &[(":status", "200"), ("etag", "\"x\"")]);
    assert_eq!(
        response(&plugin, &exchange).unwrap(),
        (":status: 200\netag: \"x\"".into(), Some(Body::Chunks(Access::Read)))
    );
    let mut stream = plugin.stream(&exchange);
    let store = &mut MapStore::default();
    let _ = stream.response_headers(&exchange, store);
    assert_eq!(stream.response_body(&exchange, b"4111111111111111", store).content, BodyEdit::Keep);
    let end = stream.response_end(&exchange, store);
    assert_eq!(end.content, BodyEdit::Keep);
    assert_eq!(end.effects[1], Effect::Count { metric: MetricId(0), by: 1 });
}
