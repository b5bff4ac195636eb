//! Calls to services while a stream waits: whatever becomes of the call, nothing of the stream goes on before.

use portcullis_e2e::{Framed, Hold, Message, Protocol, Rig, probe_listener};
use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use portcullis_testkit::upstream::Upstream;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

/// How long the service takes to say yes.
const PONDERING: Duration = Duration::from_millis(60);
const PHASES: [&str; 3] = ["headers", "body", "end"];

/// What is asked, and what the client then gets.
const TARGETS: [(&str, &str, &[u16]); 6] = [
    ("ok", "service", &[200]),
    ("refused", "service", &[403]),
    ("broken", "service", &[403]),
    ("slow", "service", &[500]),
    ("dead", "dead", &[500]),
    ("unknown", "no-such-cluster", &[500]),
];

struct Setting {
    rig: Rig,
    service: Upstream,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let service = Upstream::start().unwrap();
    service.on("/ok", Answer::new(200).delay(PONDERING));
    service.on("/refused", Answer::new(401));
    service.on("/broken", Answer::new(503).field("date", "Sat, 21 Nov 2026 12:00:00 GMT"));
    service.on("/slow", Answer::new(200).delay(Duration::from_secs(1)));
    let port = service.port();
    let rig = Rig::builder("calls")
        .bootstrap(|bootstrap| bootstrap.cluster(portcullis_testkit::envoy::Cluster::h1("service", port)))
        .listeners(listeners())
        .start()
        .unwrap();
    Setting { rig, service }
});

fn listeners() -> Vec<Listener> {
    let mut listeners = Vec::new();
    for hold in [Hold::Held, Hold::Early] {
        for (target, cluster, _) in TARGETS {
            for at in PHASES {
                let call =
                    json!({ "cluster": cluster, "path": format!("/{target}"), "at": at, "timeoutMs": 300 });
                let request = json!({ "request": part(&call) });
                listeners.push(listener(&format!("{target}-{at}"), hold, request, "deny"));
                let response = json!({ "response": part(&call) });
                listeners.push(listener(&format!("response-{target}-{at}"), hold, response, "deny"));
            }
        }
        let call = json!({ "cluster": "dead", "at": "headers" });
        listeners.push(listener("allow", hold, json!({ "request": part(&call) }), "allow"));
        let mut thrice = part(&json!({ "cluster": "service", "path": "/ok", "at": "headers" }));
        thrice["callTimes"] = 3.into();
        listeners.push(listener("thrice", hold, json!({ "request": thrice }), "deny"));
    }
    listeners
}

fn part(call: &Value) -> Value {
    json!({ "body": "whole", "call": call })
}

fn listener(name: &str, hold: Hold, settings: Value, on_error: &str) -> Listener {
    probe_listener(&full_name(name, hold), hold, settings, json!({ "onError": on_error }))
}

fn full_name(name: &str, hold: Hold) -> String {
    format!("{name}-{hold:?}").to_lowercase()
}

fn post(path: &str, framed: Framed) -> Message {
    Message { path: path.to_owned(), fields: Vec::new(), body: filler(20_000), framed }
}

#[test]
fn a_request_waits_for_the_answer() {
    let rig = &SETTING.rig;
    for (target, _, expected) in TARGETS {
        for at in PHASES {
            for (hold, protocol, framed) in [
                (Hold::Held, Protocol::H1, Framed::Length),
                (Hold::Held, Protocol::H2, Framed::Trailers),
                (Hold::Early, Protocol::H1, Framed::Chunks),
                (Hold::Early, Protocol::H2, Framed::Trailers),
            ] {
                let path = format!("/{target}/{at}/{hold:?}/{protocol:?}/{framed:?}");
                let received =
                    post(&path, framed).send(rig, &full_name(&format!("{target}-{at}"), hold), protocol);
                let received = received.unwrap();
                assert!(expected.contains(&received.status), "{path} {}", received.status);
                let seen = rig.h1.seen(&path);
                if target == "ok" {
                    assert_eq!((seen.len(), seen[0].body.len()), (1, 20_000), "{path}");
                } else {
                    assert!(seen.iter().all(|seen| !seen.complete), "{path} was seen whole");
                    assert!(hold == Hold::Early || seen.is_empty(), "{path} was seen");
                }
            }
        }
    }
    rig.assert_sound();
}

#[test]
fn nothing_goes_on_before_the_answer() {
    let Setting { rig, service } = &*SETTING;
    for at in PHASES {
        let path = format!("/before/{at}");
        let before = service.seen("/ok").len();
        let listener = full_name(&format!("ok-{at}"), Hold::Held);
        assert_eq!(post(&path, Framed::Length).send(rig, &listener, Protocol::H1).unwrap().status, 200);
        let seen = rig.h1.only(&path).unwrap();
        // Other tests ask the same service: at least one question was asked so long before the request came through.
        let asked = service.seen("/ok").into_iter().skip(before).any(|call| call.at + PONDERING <= seen.at);
        assert!(asked, "{at}");
    }
    rig.assert_sound();
}

#[test]
fn a_response_waits_for_the_answer() {
    let rig = &SETTING.rig;
    for (target, _, expected) in TARGETS {
        for at in PHASES {
            for framed in Framed::ALL {
                let path = format!("/response/{target}/{at}/{framed:?}");
                rig.h1.on(&path, Message::answer(&filler(20_000), framed));
                let name = format!("response-{target}-{at}");
                let held = post(&path, Framed::Length)
                    .send(rig, &full_name(&name, Hold::Held), Protocol::H2)
                    .unwrap();
                assert!(expected.contains(&held.status), "{path} {}", held.status);
                assert_eq!(
                    held.body.len() == 20_000,
                    target == "ok",
                    "{path} {} {:?}",
                    held.body.len(),
                    held.broken
                );
                let early =
                    post(&path, Framed::Length).send(rig, &full_name(&name, Hold::Early), Protocol::H1);
                let early = early.unwrap_or_default();
                let whole = early.status == 200 && early.broken.is_none() && early.body.len() == 20_000;
                assert_eq!(
                    whole,
                    target == "ok",
                    "{path} {} {:?} {}",
                    early.status,
                    early.broken,
                    early.body.len()
                );
            }
        }
    }
    rig.assert_sound();
}

#[test]
fn on_error_allow_goes_on_without_an_answer() {
    let rig = &SETTING.rig;
    for hold in [Hold::Held, Hold::Early] {
        let path = format!("/allow/{hold:?}");
        let received =
            post(&path, Framed::Chunks).send(rig, &full_name("allow", hold), Protocol::H1).unwrap();
        assert_eq!((received.status, rig.h1.only(&path).unwrap().body.len()), (200, 20_000), "{path}");
    }
    rig.assert_sound();
}

#[test]
fn several_calls_one_after_the_other() {
    let Setting { rig, .. } = &*SETTING;
    for hold in [Hold::Held, Hold::Early] {
        let path = format!("/thrice/{hold:?}");
        let start = std::time::Instant::now();
        let received =
            post(&path, Framed::Length).send(rig, &full_name("thrice", hold), Protocol::H1).unwrap();
        assert_eq!((received.status, rig.h1.only(&path).unwrap().body.len()), (200, 20_000), "{path}");
        assert!(start.elapsed() >= 3 * PONDERING, "{path}");
    }
    rig.assert_sound();
}

#[test]
fn a_client_that_does_not_wait_for_the_answer_leaves_nothing_behind() {
    let Setting { rig, service } = &*SETTING;
    for at in PHASES {
        for side in ["", "response-"] {
            for hold in [Hold::Held, Hold::Early] {
                let path = format!("/impatient/{side}{at}/{hold:?}");
                let asked = service.count();
                let listener = full_name(&format!("{side}ok-{at}"), hold);
                let mut client = rig.connect(&listener);
                client.send(&Request::post(&path, filler(5_000)).bytes()).unwrap();
                rig.envoy.wait_until(Duration::from_secs(5), || service.count() > asked).unwrap();
                drop(client);
            }
        }
    }
    // The answers come, to streams that are no more.
    std::thread::sleep(2 * PONDERING);
    rig.assert_sound();
}
