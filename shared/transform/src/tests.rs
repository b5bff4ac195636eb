//! The plugin, phase by phase: values in, values out.

use crate::Transform;
use crate::config::TransformConfig;
use portcullis_core::{
    Access, Body, BodyEdit, BodyState, Boot, ConfigError, Edit, Exchange, FailureKind, Flow, Headers,
    MapStore, Over, Plugin, RequestVerdict, ResponseVerdict, Stream, Verdict,
};
use std::rc::Rc;

fn boot() -> Boot {
    Boot { fuel: 1_000_000, max_body: 1000, hold_headers: true, ..Boot::default() }
}

fn compile(config: &str) -> Result<Rc<Transform>, ConfigError> {
    let config: TransformConfig = serde_json::from_str(config).unwrap();
    Transform::compile(vec![config], &boot()).map(|plugins| Rc::clone(&plugins[0]))
}

fn request(pairs: &[(&str, &str)], present: bool) -> Exchange {
    let request_body = BodyState { present, ..BodyState::default() };
    Exchange { request: Headers::from_pairs(pairs.iter().copied()), request_body, ..Exchange::default() }
}

/// Headers, then the body if there is one, then the end.
fn drive_request(config: &str, exchange: &Exchange, body: Option<&[u8]>) -> Vec<RequestVerdict> {
    let mut stream = compile(config).unwrap().stream(exchange);
    let mut store = MapStore::default();
    let mut verdicts = vec![stream.request_headers(exchange, &mut store)];
    verdicts.extend(body.map(|body| stream.request_body(exchange, body, &mut store)));
    verdicts.push(stream.request_end(exchange, &mut store));
    verdicts
}

fn drive_response(config: &str, exchange: &Exchange, body: Option<&[u8]>) -> Vec<ResponseVerdict> {
    let mut stream = compile(config).unwrap().stream(exchange);
    let mut store = MapStore::default();
    let _ = stream.request_headers(exchange, &mut store);
    let mut verdicts = vec![stream.response_headers(exchange, &mut store)];
    verdicts.extend(body.map(|body| stream.response_body(exchange, body, &mut store)));
    verdicts.push(stream.response_end(exchange, &mut store));
    verdicts
}

fn edits<E: AsRef<Edit>>(verdict: &Verdict<E>) -> Vec<Edit> {
    verdict.edits.iter().map(|edit| edit.as_ref().clone()).collect()
}

#[test]
fn header_work_alone_never_asks_for_the_body() {
    let config = r#"{"request": {"headers": {"remove": ["X-A"], "set": {"x-b": "{{ upper(header(\"x-a\")) }}", ":path": "/n"},
        "append": {"x-c": ["1", "2"]}}}}"#;
    let verdicts = drive_request(config, &request(&[("x-a", "v"), (":path", "/")], true), None);
    let expected = [
        Edit::remove("x-a"),
        Edit::set(":path", "/n"),
        Edit::set("x-b", "V"),
        Edit::append("x-c", "1"),
        Edit::append("x-c", "2"),
    ];
    assert_eq!(edits(&verdicts[0]), expected.map(Result::unwrap));
    assert_eq!((verdicts[0].body, &verdicts[1]), (None, &RequestVerdict::proceed()));
}

#[test]
fn a_body_template_waits_for_the_whole_body() {
    let config = r#"{"request": {"body": "{{ a.b }}!", "maxBody": 5000, "overLimit": "refuse"}}"#;
    let verdicts =
        drive_request(config, &request(&[("content-md5", "x")], true), Some(br#"{"a": {"b": 1}}"#));
    assert_eq!(verdicts[0].body, Some(Body::Whole { max: 1000, access: Access::Edit, over: Over::Refuse }));
    assert_eq!(edits(&verdicts[0]), [Edit::remove("content-md5").unwrap()]);
    assert_eq!(verdicts[1].content, BodyEdit::Replace(b"1!".to_vec()));
    assert_eq!(verdicts[2], RequestVerdict::proceed());
}

#[test]
fn a_header_made_from_the_body_needs_held_headers() {
    let config = r#"{"request": {"headers": {"set": {"x-m": "{{ model }}", "x-n": "n"}}}}"#;
    let needs = compile(config).unwrap().needs();
    assert_eq!(needs.held_headers.as_deref(), Some("request.headers.set.x-m"));
    assert!(!needs.response);
    let verdicts = drive_request(config, &request(&[], true), Some(br#"{"model": "m1"}"#));
    assert_eq!(verdicts[0].body, Some(Body::Whole { max: 1000, access: Access::Read, over: Over::Pass }));
    assert_eq!(edits(&verdicts[0]), [Edit::set("x-n", "n").unwrap()]);
    assert_eq!(edits(&verdicts[1]), [Edit::set("x-m", "m1").unwrap()]);
    let late = r#"{"request": {"headers": {"set": {"x-m": "{{ model }}"}}, "lateOk": true}}"#;
    assert_eq!(compile(late).unwrap().needs().held_headers, None);
}

#[test]
fn without_a_body_headers_are_made_and_no_body_is() {
    let config =
        r#"{"request": {"headers": {"set": {"x-m": "{{ default(model, \"none\") }}"}}, "body": "new"}}"#;
    let verdicts = drive_request(config, &request(&[], false), None);
    assert_eq!((verdicts[0].body, edits(&verdicts[0]).len()), (None, 0));
    assert_eq!(edits(&verdicts[1]), [Edit::set("x-m", "none").unwrap()]);
    assert_eq!(verdicts[1].content, BodyEdit::Keep);
}

#[test]
fn a_value_that_would_split_the_message_is_never_written() {
    let config = |then: &str| {
        format!(
            r#"{{"request": {{"headers": {{"set": {{"x-b": "{{{{ base64_decode(\"YQ0KYjogYw==\") }}}}"}}}}, "onRenderError": "{then}"}}}}"#
        )
    };
    let kept = drive_request(&config("keep"), &request(&[], true), None);
    assert_eq!((edits(&kept[0]).len(), &kept[0].flow, kept[0].effects.len()), (0, &Flow::Continue, 1));
    let replied = drive_request(&config("reply"), &request(&[], true), None);
    assert!(matches!(&replied[0].flow, Flow::Reply(reply) if reply.status == 400));
}

#[test]
fn errors_keep_the_body_or_answer() {
    let config =
        |then: &str| format!(r#"{{"response": {{"body": "{{{{ missing }}}}", "onRenderError": "{then}"}}}}"#);
    let present = BodyState { present: true, ..BodyState::default() };
    let response = Headers::from_pairs([(":status", "200")]);
    let exchange = Exchange { response, response_body: present, ..Exchange::default() };
    for (then, status) in [("reply", 500), ("gloo", 400)] {
        let verdicts = drive_response(&config(then), &exchange, Some(b"{}"));
        assert!(matches!(&verdicts[1].flow, Flow::Reply(reply) if reply.status == status), "{then}");
    }
    for body in [&b"{}"[..], b"no json", b"\xff", "[".repeat(100_000).as_bytes()] {
        let verdicts = drive_response(&config("keep"), &exchange, Some(body));
        assert_eq!((&verdicts[1].content, &verdicts[1].flow), (&BodyEdit::Keep, &Flow::Continue));
        assert_eq!(verdicts[1].effects.len(), 1);
    }
}

#[test]
fn used_up_fuel_is_a_failure() {
    let config = r#"{"request": {"headers": {"set": {"x": "{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}"}}}}"#;
    let verdicts = drive_request(config, &request(&[], false), None);
    assert!(matches!(&verdicts[0].flow, Flow::Fail(failure) if failure.kind == FailureKind::Fuel));
}

#[test]
fn a_response_body_is_asked_for_plain_and_whole() {
    let config = r#"{"response": {"body": "{{ body() }}+"}}"#;
    let exchange = request(&[("range", "bytes=0-1"), ("accept-encoding", "gzip")], false);
    let verdicts = drive_request(config, &exchange, None);
    assert_eq!(
        edits(&verdicts[0]),
        [Edit::set("accept-encoding", "identity").unwrap(), Edit::remove("range").unwrap()]
    );
}

#[test]
fn a_changed_response_has_no_strong_validators() {
    let config = r#"{"response": {"body": "{{ body() }}+"}}"#;
    let present = BodyState { present: true, ..BodyState::default() };
    let response = Headers::from_pairs([(":status", "200"), ("etag", "\"a\""), ("accept-ranges", "bytes")]);
    let exchange = Exchange { response, response_body: present, ..Exchange::default() };
    let verdicts = drive_response(config, &exchange, Some(b"x"));
    assert_eq!(
        edits(&verdicts[0]),
        [Edit::remove("accept-ranges").unwrap(), Edit::set("etag", "W/\"a\"").unwrap()]
    );
    assert_eq!(verdicts[1].content, BodyEdit::Replace(b"x+".to_vec()));
}

#[test]
fn what_cannot_be_transformed_is_left_alone_and_counted() {
    let config = r#"{"response": {"body": "new"}}"#;
    let present = BodyState { present: true, ..BodyState::default() };
    for pairs in [[(":status", "200"), ("content-encoding", "br")], [(":status", "206"), ("x", "y")]] {
        let exchange =
            Exchange { response: Headers::from_pairs(pairs), response_body: present, ..Exchange::default() };
        let verdicts = drive_response(config, &exchange, None);
        assert_eq!((verdicts[0].body, verdicts[0].effects.len(), verdicts[0].edits.len()), (None, 1, 0));
        assert_eq!(verdicts[1], ResponseVerdict::proceed());
    }
    let truncated = BodyState { present: true, truncated: true, ..BodyState::default() };
    let exchange = Exchange { response_body: truncated, ..Exchange::default() };
    let verdicts = drive_response(config, &exchange, Some(b"begin"));
    assert_eq!((&verdicts[1].content, verdicts[1].effects.len()), (&BodyEdit::Keep, 1));
}

#[track_caller]
fn check_refused(config: &str, expected: &str) {
    assert_eq!(compile(config).err().map(|error| error.to_string()).as_deref(), Some(expected));
}

#[test]
fn a_configuration_is_checked_whole() {
    check_refused(
        r#"{"request": {"body": "{{ x"}}"#,
        "request.body: 1:5: expected expression close, got the end of the template",
    );
    check_refused(
        r#"{"request": {"headers": {"set": {"x y": "a"}}}}"#,
        "request.headers.set.x y: `x y` is not a header name",
    );
    check_refused(
        r#"{"request": {"headers": {"set": {":status": "a"}}}}"#,
        "request.headers.set.:status: `:status` cannot be edited here",
    );
    check_refused(
        r#"{"response": {"headers": {"set": {":path": "a"}}}}"#,
        "response.headers.set.:path: `:path` cannot be edited here",
    );
    check_refused(
        r#"{"response": {"headers": {"append": {":status": "a"}}}}"#,
        "response.headers.append.:status: `:status` cannot be edited here",
    );
    check_refused(
        r#"{"response": {"headers": {"remove": [":status"]}}}"#,
        "response.headers.remove[0]: `:status` cannot be edited here",
    );
    check_refused(
        r#"{"request": {"headers": {"set": {"Content-Length": "0"}}}}"#,
        "request.headers.set.Content-Length: `content-length` is the proxy's own",
    );
    check_refused(
        r#"{"request": {"body": "{{ host_metadata(\"a\") }}"}}"#,
        "request.body: `host_metadata` is not yet supported",
    );
    check_refused(r#"{"request": {}, "gloo": {}}"#, "gloo: stands in place of `request` and `response`");
    check_refused(
        r#"{"gloo": {"requestTransformation": {"transformationTemplate": {"extractors": {"e": {"header": "a", "regex": "(", "subgroup": 1}}}}}}"#,
        "gloo.requestTransformation.transformationTemplate.extractors.e.regex: invalid regex: unclosed group",
    );
    assert!(serde_json::from_str::<TransformConfig>(r#"{"request": {"bdy": "x"}}"#).is_err());
}

#[test]
fn gloo_waits_for_the_body_even_for_headers() {
    let config = r#"{"gloo": {"request_transformation": {"transformation_template": {"headers": {"x": {"text": "y"}}}}}}"#;
    let verdicts = drive_request(config, &request(&[], true), Some(b"no json"));
    assert_eq!(verdicts[0].body, Some(Body::Whole { max: 1000, access: Access::Read, over: Over::Refuse }));
    assert!(matches!(&verdicts[1].flow, Flow::Reply(reply) if reply.status == 400));
    let config = r#"{"gloo": {"requestTransformation": {"transformationTemplate": {"passthrough": {}, "headers": {"x": {"text": "y"}}}}}}"#;
    let verdicts = drive_request(config, &request(&[], true), None);
    assert_eq!((verdicts[0].body, edits(&verdicts[0])), (None, vec![Edit::set("x", "y").unwrap()]));
}

#[test]
fn equal_settings_are_compiled_once() {
    let config: TransformConfig = serde_json::from_str(r#"{"request": {"body": "x"}}"#).unwrap();
    let plugins = Transform::compile(vec![config.clone(), config], &boot()).unwrap();
    assert!(Rc::ptr_eq(&plugins[0], &plugins[1]));
}

#[test]
fn no_body_and_no_header_can_break_it() {
    const CONFIGS: [&str; 4] = [
        r#"{"request": {"headers": {"set": {"x-a": "{{ header(\"x\") }}{{ a }}"}}, "body": "{{ context() }}{{ body() }}"}}"#,
        r#"{"request": {"body": "{% for k, v in a %}{{ k }}{{ upper(v) }}{% endfor %}", "onRenderError": "reply"}}"#,
        r#"{"gloo": {"requestTransformation": {"transformationTemplate": {"mergeExtractorsToBody": {},
            "extractors": {"a.b": {"body": {}, "regex": "(.)(.*)", "subgroup": 2}}}}}}"#,
        r#"{"gloo": {"requestTransformation": {"headerBodyTransform": {"addRequestMetadata": true}}}}"#,
    ];
    arbtest::arbtest(|u| {
        let config = u.choose(&CONFIGS)?;
        let value: Vec<u8> = u.arbitrary()?;
        let mut body: Vec<u8> = u.arbitrary()?;
        if u.arbitrary()? {
            body = [b"{\"a\": ".as_slice(), &body, b"}"].concat();
        }
        let fields = [(b":path".as_slice(), b"/?a=%zz&a".as_slice()), (b"x".as_slice(), &value)];
        let exchange = Exchange { request: Headers::from_pairs(fields), ..request(&[], true) };
        let verdicts = drive_request(config, &exchange, Some(&body));
        assert!(verdicts.iter().all(|verdict| !matches!(verdict.flow, Flow::Fail(_))));
        Ok(())
    });
}
