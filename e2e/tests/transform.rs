//! Headers, paths and bodies that templates make, in real Envoy: what arrives is framed rightly and holds no more than it should.

use portcullis_e2e::{Framed, Message, Protocol, Rig, filter_listener};
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let listener =
        |name: &str, settings: Value, envelope: Value| filter_listener("transform", name, settings, envelope);
    let bodies = json!({
        "request": { "body": "{\"hello\": \"{{ user.name }}\"}", "headers": { "set": { "x-name": "{{ user.name }}" } } },
        "response": { "body": "<{{ a }}>", "headers": { "set": { "x-a": "{{ a }}" } } },
    });
    let moving = json!({ "request": { "headers": { "set": { ":path": "/moved/{{ id }}", "x-up": "h2" } } } });
    let heads = json!({
        "request": { "headers": { "remove": ["x-gone"], "set": { "x-set": "{{ request_header(\"x-in\") }}" } } },
        "response": { "headers": { "remove": ["server"], "append": { "x-more": "1" } } },
    });
    Rig::builder("transform")
        .listener(listener("bodies", bodies.clone(), json!({})))
        .listener(listener("moving", moving, json!({})))
        .listener(listener("heads", heads, json!({})))
        .listener(listener("frugal", bodies, json!({ "limits": { "fuel": 2_000 } })))
        .start()
        .unwrap()
});

#[test]
fn bodies_are_rendered_both_ways() {
    for protocol in Protocol::ALL {
        for upstream in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/bodies/{protocol:?}/{upstream:?}/{framed:?}");
                upstream.upstream(&RIG).on(&path, Message::answer(br#"{"a": "answered"}"#, framed));
                let fields = vec![("x-up".to_owned(), upstream.cluster().to_owned())];
                let body = br#"{"user": {"name": "Ada"}, "more": [1, 2, 3]}"#.to_vec();
                let received = Message { path: path.clone(), fields, body, framed }
                    .send(&RIG, "bodies", protocol)
                    .unwrap();
                assert_eq!((received.status, received.body.as_slice()), (200, &b"<answered>"[..]), "{path}");
                assert_eq!(received.fields.text("x-a").as_deref(), Some("answered"), "{path}");
                let seen = upstream.upstream(&RIG).only(&path).unwrap();
                assert_eq!(
                    (seen.text().as_str(), seen.field("x-name").as_deref()),
                    (r#"{"hello": "Ada"}"#, Some("Ada"))
                );
                assert_eq!(seen.trailers.get("x-trailer").is_some(), framed == Framed::Trailers, "{path}");
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn a_path_from_the_body_moves_the_request() {
    let request = Request::post("/anywhere", r#"{"id": 7}"#);
    assert_eq!(RIG.connect("moving").exchange(&request).unwrap().status, 200);
    assert_eq!(RIG.h2.only("/moved/7").unwrap().text(), r#"{"id": 7}"#);
    assert_eq!(RIG.h1.seen("/anywhere").len(), 0);
    RIG.assert_sound();
}

#[test]
fn no_value_from_a_body_splits_a_message() {
    let request = Request::post("/split", r#"{"user": {"name": "Ada\r\nx-evil: 1"}}"#);
    let response = RIG.connect("bodies").exchange(&request).unwrap();
    let seen = RIG.h1.seen("/split");
    assert!(seen.iter().all(|seen| seen.field("x-evil").is_none()), "{response:?} {seen:?}");
    RIG.assert_sound();
}

#[test]
fn headers_alone_hold_no_body() {
    let request = Request::post("/heads", "body").field("x-in", "in").field("x-gone", "1");
    let response = RIG.connect("heads").exchange(&request).unwrap();
    assert_eq!((response.status, response.field("x-more").as_deref()), (200, Some("1")));
    let seen = RIG.h1.only("/heads").unwrap();
    assert_eq!(
        (seen.field("x-set").as_deref(), seen.field("x-gone"), seen.text().as_str()),
        (Some("in"), None, "body")
    );
    RIG.assert_sound();
}

#[test]
fn what_is_no_json_passes_as_it_was() {
    for body in ["not json", "{\"user\": ", "{}", "[1]"] {
        let path = format!("/odd/{}", body.len());
        let response = RIG.connect("bodies").exchange(&Request::post(&path, body)).unwrap();
        assert_eq!(response.status, 200, "{body}");
        assert_eq!(RIG.h1.only(&path).unwrap().text(), body);
    }
    RIG.assert_sound();
}

#[test]
fn used_up_fuel_denies() {
    let list: Vec<usize> = (0..5_000).collect();
    let body = json!({ "user": { "name": "Ada" }, "list": list }).to_string();
    assert_eq!(RIG.connect("frugal").exchange(&Request::post("/frugal", body)).unwrap().status, 500);
    assert_eq!(RIG.h1.seen("/frugal").len(), 0);
    assert!(RIG.envoy.stat("wasmcustom.portcullis_transform_errors_total.reason.fuel").unwrap() > 0);
    RIG.assert_sound();
}
