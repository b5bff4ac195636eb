//! Limits and failures: too long a body, too much held, a body that would outgrow the host's buffer, an engine that
//! fails, in each mode of dealing with it.

use portcullis_e2e::{Framed, Hold, Message, Protocol, Rig, probe_listener};
use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

const LIMIT: usize = 16_384;
const PHASES: [&str; 4] = ["headers", "body", "trailers", "end"];

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    Rig::builder("limits")
        .listeners([Hold::Held, Hold::Early].into_iter().flat_map(by_hold))
        .listeners(
            ["deny", "allow"].into_iter().flat_map(|on_error| PHASES.map(|phase| failing(on_error, phase))),
        )
        .listeners(PHASES.map(resetting))
        .listener(shadow())
        .listener(probe_listener("disabled", Hold::Held, denying(), json!({ "mode": "disabled" })))
        .listener(account())
        .start()
        .unwrap()
});

fn by_hold(hold: Hold) -> Vec<Listener> {
    let name = |base: &str| format!("{base}-{hold:?}").to_lowercase();
    let part = json!({ "body": "whole", "max": LIMIT, "over": "pass", "denyIfBody": "attack" });
    let host = json!({ "hostBufferLimit": 4 * LIMIT });
    let grow = |on_error: &str| {
        let part = json!({ "body": "whole", "access": "edit", "max": LIMIT, "grow": 100 });
        let envelope = json!({ "hostBufferLimit": LIMIT, "onError": on_error });
        (json!({ "request": part, "response": part }), envelope)
    };
    let (deny, deny_envelope) = grow("deny");
    let (allow, allow_envelope) = grow("allow");
    let unknown = json!({ "request": deny["request"], "response": deny["response"] });
    let size = LIMIT as u32;
    vec![
        probe_listener(&name("pass"), hold, json!({ "request": part, "response": part }), host)
            .buffer_limit(4 * size),
        probe_listener(&name("grow-deny"), hold, deny, deny_envelope).buffer_limit(size),
        probe_listener(&name("grow-allow"), hold, allow, allow_envelope).buffer_limit(size),
        // No `hostBufferLimit`: the filter has to assume the least.
        probe_listener(&name("unknown"), hold, unknown, json!({})).buffer_limit(size),
    ]
}

fn failing(on_error: &str, phase: &str) -> Listener {
    let settings = json!({ "request": { "body": "whole", "failAt": phase } });
    probe_listener(&format!("fail-{on_error}-{phase}"), Hold::Held, settings, json!({ "onError": on_error }))
}

fn resetting(phase: &str) -> Listener {
    let settings = json!({ "request": { "body": "whole", "resetAt": phase } });
    probe_listener(&format!("reset-{phase}"), Hold::Held, settings, json!({}))
}

fn denying() -> Value {
    let part = json!({ "body": "whole", "denyIfBody": "attack", "access": "edit", "grow": 10, "set": { "x-probe": "1" } });
    json!({ "request": part, "response": part })
}

fn shadow() -> Listener {
    probe_listener("shadow", Hold::Held, denying(), json!({ "mode": "shadow" }))
}

fn account() -> Listener {
    let settings = json!({ "request": { "body": "whole", "max": 60_000 } });
    probe_listener("account", Hold::Held, settings, json!({ "limits": { "heldBytes": 100_000 } }))
}

fn post(path: &str, body: impl AsRef<[u8]>, framed: Framed) -> Message {
    Message { path: path.to_owned(), fields: Vec::new(), body: body.as_ref().to_vec(), framed }
}

#[test]
fn a_long_body_passes_where_it_may_and_its_beginning_is_inspected() {
    for listener in ["pass-held", "pass-early"] {
        for protocol in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/long/{listener}/{protocol:?}/{framed:?}");
                RIG.h1.on(&path, Message::answer(&filler(3 * LIMIT), framed));
                let long = [filler(3 * LIMIT), b"attack".to_vec()].concat();
                let received = post(&path, &long, framed).send(&RIG, listener, protocol).unwrap();
                assert_eq!(
                    (received.status, received.body.len()),
                    (200, 3 * LIMIT),
                    "{path} {:?}",
                    received.broken
                );
                assert_eq!(RIG.h1.only(&path).unwrap().body, long, "{path}");
                let path = format!("{path}/denied");
                let early = [b"attack".to_vec(), long].concat();
                assert_eq!(
                    post(&path, early, framed).send(&RIG, listener, protocol).unwrap().status,
                    403,
                    "{path}"
                );
                assert!(RIG.h1.seen(&path).iter().all(|seen| !seen.complete), "{path}");
            }
        }
    }
    assert!(RIG.metric("uninspected_total.reason.over_limit") > 0);
    RIG.assert_sound();
}

/// Each size up to the limit, a step at a time, so that the border is met from both sides whatever it is.
#[test]
fn no_response_outgrows_the_hosts_buffer() {
    for hold in ["held", "early"] {
        for size in (LIMIT - 240..=LIMIT).step_by(20) {
            let path = format!("/grow/{hold}/{size}");
            RIG.h1.on(&path, Message::answer(&filler(size), Framed::Chunks));
            let fits = size + 100 <= LIMIT;
            let denied =
                post(&path, "x", Framed::Length).send(&RIG, &format!("grow-deny-{hold}"), Protocol::H1);
            let denied = denied.unwrap();
            let whole = denied.status == 200 && denied.broken.is_none();
            assert_eq!(whole, fits, "{path} {} {:?}", denied.status, denied.broken);
            let allowed =
                post(&path, "x", Framed::Length).send(&RIG, &format!("grow-allow-{hold}"), Protocol::H1);
            let allowed = allowed.unwrap();
            let expected = if fits { size + 100 } else { size };
            assert_eq!((allowed.status, allowed.body.len()), (200, expected), "{path} {:?}", allowed.broken);
            let unknown =
                post(&path, "x", Framed::Length).send(&RIG, &format!("unknown-{hold}"), Protocol::H2);
            let unknown = unknown.unwrap();
            assert_eq!(unknown.status == 200 && unknown.broken.is_none(), fits, "{path} {unknown:?}");
        }
    }
    RIG.assert_sound();
}

#[test]
fn no_request_outgrows_the_hosts_buffer() {
    for hold in ["held", "early"] {
        for size in [LIMIT - 101, LIMIT - 100, LIMIT - 99, LIMIT] {
            for framed in Framed::ALL {
                let path = format!("/grown/{hold}/{size}/{framed:?}");
                RIG.h1.on(&path, Answer::ok("text/plain", "short"));
                let listener = format!("grow-deny-{hold}");
                let received = post(&path, filler(size), framed).send(&RIG, &listener, Protocol::H1).unwrap();
                let fits = size + 100 <= LIMIT;
                assert_eq!(received.status == 200, fits, "{path} {}", received.status);
                let whole = RIG.h1.seen(&path).iter().filter(|seen| seen.complete).count();
                assert_eq!(whole, usize::from(fits), "{path}");
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn an_engine_that_fails_denies_or_allows() {
    for phase in PHASES {
        for protocol in Protocol::ALL {
            let denied = post("/fail/deny", "body", Framed::Trailers);
            let denied = denied.send(&RIG, &format!("fail-deny-{phase}"), protocol).unwrap();
            assert_eq!(denied.status, 500, "{phase}");
            let path = format!("/fail/allow/{phase}/{protocol:?}");
            let allowed = post(&path, "body", Framed::Trailers);
            let allowed = allowed.send(&RIG, &format!("fail-allow-{phase}"), protocol).unwrap();
            assert_eq!(allowed.status, 200, "{phase}");
            assert_eq!(RIG.h1.only(&path).unwrap().body, b"body", "{phase}");
        }
    }
    assert_eq!(RIG.h1.seen("/fail/deny").len(), 0);
    assert!(RIG.metric("errors_total.reason.evaluation") >= 16);
    RIG.assert_sound();
}

#[test]
fn a_reset_closes_without_an_answer() {
    for phase in PHASES {
        let h1 = RIG
            .connect(&format!("reset-{phase}"))
            .exchange(&Request::new("POST", "/reset").chunks(["body"]).trailer("x-t", "1"));
        assert!(h1.as_ref().map_or(true, |response| response.broken.is_some()), "{phase} {h1:?}");
        let h2 = post("/reset", "body", Framed::Trailers).send(&RIG, &format!("reset-{phase}"), Protocol::H2);
        assert!(h2.as_ref().map_or(true, |response| response.broken.is_some()), "{phase} {h2:?}");
    }
    assert_eq!(RIG.h1.seen("/reset").len(), 0);
    RIG.assert_sound();
}

#[test]
fn shadow_and_disabled_change_nothing() {
    for (listener, counter) in
        [("shadow", "shadow_denied_total"), ("disabled", "uninspected_total.reason.disabled")]
    {
        for protocol in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/{listener}/{protocol:?}/{framed:?}");
                RIG.h1.on(&path, Message::answer(b"an attack", framed));
                let before = RIG.metric(counter);
                let received = post(&path, "an attack", framed).send(&RIG, listener, protocol).unwrap();
                assert_eq!((received.status, received.body.as_slice()), (200, &b"an attack"[..]), "{path}");
                let seen = RIG.h1.only(&path).unwrap();
                assert_eq!((seen.text().as_str(), seen.field("x-probe")), ("an attack", None), "{path}");
                assert_eq!(received.fields.get("x-probe"), None, "{path}");
                assert!(RIG.metric(counter) > before, "{path} {:?}", RIG.envoy.stats("portcullis"));
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn what_all_streams_hold_together_is_bounded() {
    let body = filler(60_000);
    let mut stalled = RIG.connect("account");
    let request = Request::post("/account/stalled", &body);
    stalled.send(&request.head_bytes()).unwrap();
    stalled.send(&body[..59_000]).unwrap();
    RIG.envoy.wait_until(Duration::from_secs(5), || RIG.metric("held_bytes") >= 59_000).unwrap();
    let second = RIG.connect("account").exchange(&Request::post("/account/second", &body)).unwrap();
    assert_eq!(second.status, 503);
    assert_eq!(RIG.h1.seen("/account/second").len(), 0);
    assert!(RIG.metric("errors_total.reason.memory") > 0);
    stalled.send(&body[59_000..]).unwrap();
    assert_eq!(stalled.response("POST").unwrap().status, 200);
    assert_eq!(RIG.connect("account").exchange(&Request::post("/account/third", &body)).unwrap().status, 200);
    // A client that goes away gives back what was held for it.
    let mut gone = RIG.connect("account");
    gone.send(&[request.head_bytes(), body[..50_000].to_vec()].concat()).unwrap();
    RIG.envoy.wait_until(Duration::from_secs(5), || RIG.metric("held_bytes") >= 50_000).unwrap();
    drop(gone);
    RIG.envoy.wait_until(Duration::from_secs(5), || RIG.metric("held_bytes") == 0).unwrap();
    RIG.assert_sound();
}
