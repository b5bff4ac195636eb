//! `holdHeaders: true` on a listener that does not hold: noticed, named, and no body goes uninspected; and a client that is
//! merely slow is no such listener.

use portcullis_e2e::{Hold, Protocol, Rig, probe, probe_listener, with_upstreams};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::envoy::{Listener, Wasm};
use portcullis_testkit::h1::Request;
use portcullis_testkit::h2client::H2Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Longer than the watchdog's patience and its tick together.
const STALL: Duration = Duration::from_millis(3_200);

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    Rig::builder("watchdog")
        .listener(without_the_field("missing", request_settings()))
        .listener(without_the_field("missing-response", response_settings()))
        .listener(probe_listener("slow", Hold::Held, request_settings(), json!({})))
        .listener(probe_listener("proven", Hold::Held, request_settings(), json!({})))
        .start()
        .unwrap()
});

fn request_settings() -> Value {
    json!({ "request": { "body": "whole", "denyIfBody": "attack" } })
}

fn response_settings() -> Value {
    json!({ "response": { "body": "whole", "access": "edit", "grow": 5, "denyIfBody": "secret" } })
}

fn without_the_field(name: &str, settings: Value) -> Listener {
    let wasm: Wasm =
        probe(name, Hold::Held, settings, json!({})).set("allow_on_headers_stop_iteration", false.into());
    with_upstreams(Listener::new(name, "h1")).wasm(&wasm)
}

#[test]
fn a_missing_field_is_named_and_bodies_are_inspected_all_the_same() {
    assert!(RIG.envoy.is_alive());
    let start = Instant::now();
    assert_eq!(RIG.connect("missing").exchange(&Request::get("/missing/get")).unwrap().status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "a request without a body has nothing to wait for");
    let denied = std::thread::spawn(|| {
        RIG.connect("missing").exchange(&Request::post("/missing/denied", "an attack"))
    });
    let h2 = std::thread::spawn(|| {
        RIG.connect_h2("missing").exchange(&H2Request::new("POST", "/missing/h2").pieces(["an attack"]))
    });
    let trailers = std::thread::spawn(|| {
        let request = Request::new("POST", "/missing/trailers").chunks(["bo", "dy"]).trailer("x-t", "1");
        RIG.connect("missing").exchange(&request)
    });
    let passed = RIG.connect("missing").exchange(&Request::post("/missing/passed", "body")).unwrap();
    assert_eq!((passed.status, RIG.h1.only("/missing/passed").unwrap().text().as_str()), (200, "body"));
    assert_eq!(denied.join().unwrap().unwrap().status, 403);
    assert_eq!(h2.join().unwrap().unwrap().status, 403);
    assert_eq!(trailers.join().unwrap().unwrap().status, 200);
    let seen = RIG.h1.only("/missing/trailers").unwrap();
    assert_eq!((seen.text().as_str(), seen.trailers.get("x-t")), ("body", Some(&b"1"[..])));
    for path in ["/missing/denied", "/missing/h2"] {
        assert!(
            RIG.h1.seen(path).iter().all(|seen| !seen.complete && !seen.text().contains("attack")),
            "{path}"
        );
    }
    assert!(RIG.metric("hold_headers_missing_total") >= 3);
    assert!(
        RIG.envoy.log_lines("allow_on_headers_stop_iteration").iter().any(|line| line.contains("missing"))
    );
    assert!(RIG.envoy.is_alive());
}

#[test]
fn a_missing_field_is_noticed_by_a_response_too() {
    let passed = RIG.connect("missing-response").exchange(&Request::get("/echo")).unwrap();
    assert_eq!((passed.status, passed.broken.clone()), (200, None));
    assert!(passed.text().ends_with("+++++"), "{}", passed.text());
    RIG.h1.on("/missing/secret", Answer::ok("text/plain", "a secret"));
    if let Ok(denied) = RIG.connect("missing-response").exchange(&Request::get("/missing/secret")) {
        assert!(denied.status != 200 || denied.broken.is_some(), "{denied:?}");
        assert!(!denied.text().contains("secret"));
    }
}

#[test]
fn a_slow_client_is_still_inspected() {
    let mut client = RIG.connect("slow");
    let request = Request::post("/slow/first", "an attack");
    client.send(&request.head_bytes()).unwrap();
    std::thread::sleep(STALL);
    client.send(&request.body_bytes()).unwrap();
    assert_eq!(client.response("POST").unwrap().status, 403);
    let seen = RIG.h1.seen("/slow/first");
    assert!(seen.iter().all(|seen| !seen.complete && seen.body.is_empty()));
}

#[test]
fn a_proven_listener_holds_however_slow_the_client() {
    let harmless = Request::post("/proven/harmless", "body");
    assert_eq!(RIG.connect("proven").exchange(&harmless).unwrap().status, 200);
    let mut client = RIG.connect("proven");
    let request = Request::post("/proven/slow", "an attack");
    client.send(&request.head_bytes()).unwrap();
    let mut stream = RIG.connect_h2("proven").open(&H2Request::new("POST", "/proven/slow")).unwrap();
    std::thread::sleep(STALL);
    assert_eq!(
        Protocol::H1.upstream(&RIG).seen("/proven/slow").len(),
        0,
        "the headers went on before the body"
    );
    client.send(&request.body_bytes()).unwrap();
    assert_eq!(client.response("POST").unwrap().status, 403);
    stream.send(b"an attack", true).unwrap();
    assert_eq!(stream.response().unwrap().status, 403);
    assert_eq!(RIG.h1.seen("/proven/slow").len(), 0);
}
