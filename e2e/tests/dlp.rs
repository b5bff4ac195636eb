//! Masking in real Envoy: a number never leaves, in whatever pieces it comes, and nothing waits that need not.

use portcullis_e2e::{Framed, Message, Protocol, Rig, filter_listener};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

const CARD: &str = "4111111111111111";
const MASKED: &str = "************1111";

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let settings = |direction: &str| {
        json!({ "direction": direction, "rules": [
            { "name": "card", "detect": { "detector": "card" }, "action": { "mask": { "char": "*", "keepLast": 4 } } },
            { "name": "internal", "detect": { "regex": "INT-[0-9]{8}" }, "action": { "mask": { "char": "#" } } },
        ] })
    };
    let listener = |name: &str, direction: &str, envelope: Value| {
        filter_listener("dlp", name, settings(direction), envelope)
    };
    Rig::builder("dlp")
        .listener(listener("both", "both", json!({})))
        .listener(listener("shadow", "both", json!({ "mode": "shadow" })))
        .listener(listener("frugal", "response", json!({ "limits": { "fuel": 5_000 } })))
        .start()
        .unwrap()
});

#[test]
fn numbers_are_covered_both_ways_in_every_framing() {
    let text = format!("first {CARD}, then INT-12345678, then {CARD}");
    let masked = format!("first {MASKED}, then ############, then {MASKED}");
    for protocol in Protocol::ALL {
        for upstream in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/framed/{protocol:?}/{upstream:?}/{framed:?}");
                let mut answer = Message::answer(text.as_bytes(), framed);
                let mut fields = vec![("x-up".to_owned(), upstream.cluster().to_owned())];
                fields.push(("content-type".to_owned(), "text/plain".to_owned()));
                if framed == Framed::Trailers {
                    // What follows a body must be announced, or a tail that was kept back has no place.
                    answer = answer.field("trailer", "x-trailer");
                    fields.push(("trailer".to_owned(), "x-trailer".to_owned()));
                }
                upstream.upstream(&RIG).on(&path, answer);
                let body = text.clone().into_bytes();
                let received = Message { path: path.clone(), fields, body, framed }
                    .send(&RIG, "both", protocol)
                    .unwrap();
                assert_eq!(received.status, 200, "{path}");
                assert_eq!(String::from_utf8_lossy(&received.body), masked, "{path} {:?}", received.broken);
                assert_eq!(upstream.upstream(&RIG).only(&path).unwrap().text(), masked, "{path}");
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn a_number_in_pieces_is_still_a_number() {
    let text = format!("{{\"a\": \"{CARD}\", \"b\": 1}}");
    for size in 1..text.len() {
        let path = format!("/pieces/{size}");
        let answer = Answer::new(200).field("content-type", "application/json").chunked();
        let pieces = text.as_bytes().chunks(size);
        // A pause between the pieces, so that they come to the filter as they are.
        let pause = Duration::from_millis(if size % 8 == 5 { 3 } else { 0 });
        RIG.h1.on(&path, pieces.fold(answer, |answer, piece| answer.piece_after(pause, piece)));
        let response = RIG.connect("both").exchange(&Request::get(&path)).unwrap();
        assert_eq!(response.text(), text.replace(CARD, MASKED), "{path}");
    }
    RIG.assert_sound();
}

#[test]
fn an_event_does_not_wait_for_the_next() {
    let events = Answer::new(200).field("content-type", "text/event-stream").chunked();
    let event = format!("data: {CARD}\n\n");
    RIG.h1.on("/events", events.piece(&event).piece_after(Duration::from_millis(300), &event));
    let first = (0..3).map(|_| {
        let response = RIG.connect("both").exchange(&Request::get("/events")).unwrap();
        assert_eq!(response.text(), event.replace(CARD, MASKED).repeat(2));
        response.arrivals[0]
    });
    let (time, length) = first.min().unwrap();
    assert!(time < Duration::from_millis(100) && length == event.len(), "{time:?} {length}");
    RIG.assert_sound();
}

#[test]
fn what_cannot_be_read_does_not_pass() {
    RIG.h1.on("/coded", Answer::ok("text/plain", b"\x1f\x8b\x08\x00").field("content-encoding", "gzip"));
    let response =
        RIG.connect("both").exchange(&Request::get("/coded").field("accept-encoding", "gzip")).unwrap();
    assert_eq!(response.status, 502, "{response:?}");
    assert_eq!(RIG.h1.only("/coded").unwrap().field("accept-encoding").as_deref(), Some("identity"));
    RIG.assert_sound();
}

#[test]
fn shadow_leaves_everything_as_it_is() {
    RIG.h1.on("/shadow", Answer::ok("text/plain", CARD));
    let response = RIG.connect("shadow").exchange(&Request::post("/shadow", CARD)).unwrap();
    assert_eq!((response.text().as_str(), response.field("content-length").as_deref()), (CARD, Some("16")));
    assert_eq!(RIG.h1.only("/shadow").unwrap().text(), CARD);
    RIG.assert_sound();
}

#[test]
fn used_up_fuel_lets_nothing_more_through() {
    let text = format!("{} {CARD}", "x".repeat(20_000));
    RIG.h1.on("/frugal", Answer::ok("text/plain", &text));
    let response = RIG.connect("frugal").exchange(&Request::get("/frugal"));
    if let Ok(response) = response {
        assert!(response.status >= 500 || response.broken.is_some(), "{response:?}");
        assert!(!response.text().contains(CARD));
    }
    assert!(RIG.envoy.stat("wasmcustom.portcullis_dlp_errors_total.reason.fuel").unwrap() > 0);
    RIG.assert_sound();
}
