//! Bodies in pieces, many streams at once, two filters in a row, and the form of a denial.

use portcullis_e2e::{Framed, Hold, Message, Protocol, Rig, probe, probe_listener, with_upstreams};
use portcullis_testkit::answer::filler;
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use portcullis_testkit::h2client::H2Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let editing = json!({ "body": "chunks", "access": "edit", "upper": true, "holdBack": 100 });
    let whole = |mark: &str| {
        let part =
            json!({ "body": "whole", "access": "edit", "grow": 9, "setAtEnd": { format!("x-{mark}"): "1" } });
        json!({ "request": part, "response": part })
    };
    let both = |hold: Hold, name: &str| {
        let wasm = |mark: &str| {
            probe(&format!("{name}-{mark}"), hold, whole(mark), json!({ "hostBufferLimit": 1 << 20 }))
        };
        with_upstreams(Listener::new(name, "h1")).wasm(&wasm("one")).wasm(&wasm("two"))
    };
    let denying =
        json!({ "request": { "body": "chunks", "denyIfBody": "attack", "denyIfPath": "forbidden" } });
    Rig::builder("streams")
        .listener(probe_listener(
            "editing",
            Hold::Early,
            json!({ "request": editing, "response": editing }),
            json!({}),
        ))
        .listener(both(Hold::Held, "two-held"))
        .listener(both(Hold::Early, "two-early"))
        .listener(probe_listener("denying", Hold::Early, denying, json!({})))
        .listener(probe_listener("held", Hold::Held, reading(), json!({})))
        .start()
        .unwrap()
});

fn reading() -> Value {
    let part = json!({ "body": "whole", "max": 1_000_000 });
    json!({ "request": part, "response": part })
}

#[test]
fn a_body_far_above_every_limit_streams_through_an_editor() {
    const SIZE: usize = 5_000_000;
    let body = b"abcdefgh\n".iter().copied().cycle().take(SIZE).collect::<Vec<u8>>();
    for protocol in Protocol::ALL {
        for framed in [Framed::Length, Framed::Chunks] {
            let path = format!("/big/{protocol:?}/{framed:?}");
            RIG.h1.on(&path, Message::answer(&body, framed));
            let message = Message { path: path.clone(), fields: Vec::new(), body: body.clone(), framed };
            let received = message.send(&RIG, "editing", protocol).unwrap();
            assert_eq!((received.status, received.broken.clone()), (200, None), "{path}");
            assert!(
                received.body == body.to_ascii_uppercase(),
                "{path}: the answer differs, {}",
                received.body.len()
            );
            assert!(
                RIG.h1.only(&path).unwrap().body == body.to_ascii_uppercase(),
                "{path}: the request differs"
            );
        }
    }
    RIG.assert_sound();
}

/// Trailers that were announced let the filter keep its tail; unannounced ones end the stream rather than lose it.
#[test]
fn an_editor_loses_nothing_to_trailers() {
    for (announced, path) in [(true, "/tail/announced"), (false, "/tail/unannounced")] {
        let request = Request::new("POST", path).chunks(["ab", "cd"]).trailer("x-t", "1");
        let request = if announced { request.field("trailer", "x-t") } else { request };
        let response = RIG.connect("editing").exchange(&request);
        let whole: Vec<_> = RIG.h1.seen(path).into_iter().filter(|seen| seen.complete).collect();
        assert!(whole.iter().all(|seen| seen.body == b"ABCD"), "{path}: {whole:?}");
        assert!(!announced || (whole.len() == 1 && response.unwrap().status == 200), "{path}");
    }
    RIG.assert_sound();
}

#[test]
fn two_filters_in_a_row_each_do_their_part() {
    for listener in ["two-held", "two-early"] {
        for protocol in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/{listener}/{protocol:?}/{framed:?}");
                RIG.h1.on(&path, Message::answer(b"answer", framed));
                let message =
                    Message { path: path.clone(), fields: Vec::new(), body: b"body".to_vec(), framed };
                let received = message.send(&RIG, listener, protocol).unwrap();
                let grown = "+".repeat(18);
                assert_eq!(
                    (received.status, received.body),
                    (200, format!("answer{grown}").into_bytes()),
                    "{path}"
                );
                let seen = RIG.h1.only(&path).unwrap();
                assert_eq!(seen.text(), format!("body{grown}"), "{path}");
                let late = [seen.field("x-one"), seen.field("x-two")].map(|field| field.is_some());
                assert_eq!(late, [listener == "two-held"; 2], "{path}");
            }
        }
    }
    assert!(RIG.metric("late_edits_total") > 0);
    RIG.assert_sound();
}

#[test]
fn a_word_is_found_across_pieces() {
    let mut client = RIG.connect("denying");
    let request = Request::new("POST", "/split").chunks(["an at", "ta", "ck"]);
    client.send(&request.head_bytes()).unwrap();
    let body = request.body_bytes();
    client.send_pieces(body.chunks(4), Duration::from_millis(5)).unwrap();
    assert_eq!(client.response("POST").unwrap().status, 403);
    assert!(RIG.h1.seen("/split").iter().all(|seen| !seen.complete));
    RIG.assert_sound();
}

#[test]
fn many_streams_on_one_connection_do_not_mix() {
    const STREAMS: usize = 60;
    for listener in ["held", "editing"] {
        let client = RIG.connect_h2(listener);
        let path = |n: usize| format!("/many/{listener}/{n}");
        let body = |n: usize| format!("{n}-").repeat(500 + n);
        let mut streams: Vec<_> =
            (0..STREAMS).map(|n| client.open(&H2Request::new("POST", &path(n))).unwrap()).collect();
        let half = |n: usize| body(n).len() / 2;
        for (n, stream) in streams.iter_mut().enumerate() {
            stream.send(&body(n).as_bytes()[..half(n)], false).unwrap();
        }
        for (n, stream) in streams.iter_mut().enumerate().rev() {
            stream.send(&body(n).as_bytes()[half(n)..], true).unwrap();
        }
        for (n, stream) in streams.into_iter().enumerate() {
            assert_eq!(stream.response().unwrap().status, 200, "{}", path(n));
            assert_eq!(RIG.h1.only(&path(n)).unwrap().text(), body(n), "{}", path(n));
        }
    }
    RIG.assert_sound();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    for listener in ["held", "editing", "denying"] {
        let path = |n: usize| format!("/pipe/{listener}/{n}");
        let bytes: Vec<u8> = (0..5).flat_map(|n| Request::post(path(n), filler(n * 100)).bytes()).collect();
        let mut client = RIG.connect(listener);
        client.send(&bytes).unwrap();
        for n in 0..5 {
            let response = client.response("POST").unwrap();
            let text = response.text().to_lowercase();
            assert!(response.status == 200 && text.contains(&path(n)), "{} {text}", path(n));
        }
        assert_eq!(client.surplus(Duration::from_millis(20)), b"", "{listener}");
    }
    RIG.assert_sound();
}

#[test]
fn a_denial_has_the_form_that_the_client_wants() {
    for (accept, content_type, expected) in [
        ("application/json", "application/json", "{\"status\":403,"),
        ("text/html,*/*;q=0.8", "text/html", "<!doctype html>"),
        ("*/*", "text/plain", "denied by the probe"),
    ] {
        let request = Request::get("/forbidden").field("accept", accept);
        let response = RIG.connect("denying").exchange(&request).unwrap();
        assert_eq!(response.status, 403);
        assert!(response.field("content-type").unwrap().starts_with(content_type), "{response:?}");
        assert!(response.text().starts_with(expected), "{response:?}");
    }
    let grpc = H2Request::new("POST", "/forbidden")
        .field("content-type", "application/grpc")
        .pieces([b"\0\0\0\0\0"]);
    let response = RIG.connect_h2("denying").exchange(&grpc).unwrap();
    assert_eq!((response.status, response.field("grpc-status").as_deref()), (200, Some("7")), "{response:?}");
    RIG.assert_sound();
}
