//! Ten thousand hostile requests: no VM dies, Envoy lives, the upstream never loses its place.

use portcullis_e2e::{Dice, Hold, Hostile, Rig, probe_listener, signs_of_death};
use portcullis_testkit::h1::Request;
use portcullis_testkit::h2client::{H2Client, H2Request};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const REQUESTS: usize = 10_000;
const H2_REQUESTS: usize = 1_000;
const WORKERS: usize = 4;
const SEED: u64 = 20_261_121;
const LISTENERS: [&str; 4] = ["held", "early", "chunks", "upgrades"];

#[test]
fn ten_thousand_hostile_requests() {
    let rig = rig();
    let vms = rig.vms_created();
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (rig, answered) = (&rig, &answered);
            scope.spawn(move || {
                let mut dice = Dice::new(SEED + worker as u64);
                for n in 0..REQUESTS / WORKERS {
                    let hostile = Hostile::next(&mut dice);
                    let listener = LISTENERS[n % LISTENERS.len()];
                    answered.fetch_add(usize::from(hostile.send(rig.address(listener))), Ordering::Relaxed);
                }
                for n in 0..H2_REQUESTS / WORKERS {
                    let listener = LISTENERS[n % LISTENERS.len()];
                    send_h2(&rig.connect_h2(listener), &mut dice);
                }
            });
        }
    });
    println!(
        "{} answered, {} reached the upstreams",
        answered.load(Ordering::Relaxed),
        rig.h1.count() + rig.h2.count()
    );
    assert!(
        answered.load(Ordering::Relaxed) > REQUESTS / 2,
        "most requests should get an answer: {answered:?}"
    );
    assert!(rig.h1.count() > REQUESTS / 10, "many requests should reach the upstream: {}", rig.h1.count());
    for listener in LISTENERS {
        let healthy = rig.connect(listener).exchange(&Request::post("/echo", "body")).unwrap();
        assert_eq!(healthy.status, 200, "{listener}");
    }
    rig.envoy
        .wait_until(Duration::from_secs(10), || rig.metric("held_bytes") == 0)
        .expect("all that was held is given back");
    assert_eq!(rig.vms_created(), vms, "a VM was made anew");
    rig.assert_sound();
}

fn rig() -> Rig {
    let whole = json!({
        "body": "whole", "access": "edit", "grow": 7, "upper": true, "set": { "x-probe": "1" }, "remove": ["x-x"],
        "setAtEnd": { "x-end": "1" }, "setTrailers": { "x-trailer": "1" }, "denyIfBody": "4111",
    });
    let chunks =
        json!({ "body": "chunks", "access": "edit", "holdBack": 16, "upper": true, "denyIfBody": "4111" });
    let both = |part: &Value| json!({ "request": part, "response": part, "addresses": true });
    let host = || json!({ "hostBufferLimit": 65_536 });
    let listener = |name: &str, hold, part: &Value| {
        probe_listener(name, hold, both(part), host()).buffer_limit(65_536).http10()
    };
    Rig::builder("hostile")
        .listener(listener("held", Hold::Held, &whole))
        .listener(listener("early", Hold::Early, &whole))
        .listener(listener("chunks", Hold::Early, &chunks))
        .listener(listener("upgrades", Hold::Held, &whole).websocket())
        .start()
        .unwrap()
}

fn send_h2(client: &H2Client, dice: &mut Dice) {
    let method = dice.pick(&["GET", "POST", "PUT", "HEAD", "OPTIONS"]);
    let path = dice.pick(&["/echo", "/bytes/70000", "/status/204", "/a/../b", "/card", "/chunked/20000"]);
    let mut request = H2Request::new(method, path).field("x-up", dice.pick(&["h1", "h2", "dead"]));
    for name in ["x-a", "cookie", "content-type", "te", "x-b"] {
        let length = dice.roll(80);
        request = request.field(name, dice.value(length));
    }
    for _ in 0..dice.roll(4) {
        let length = dice.roll(2000);
        request = request.pieces([dice.bytes(length)]);
    }
    if dice.roll(4) == 0 {
        request = request.trailer("x-t", dice.value(20));
    }
    if dice.roll(5) == 0 {
        if let Ok(mut stream) = client.open(&request) {
            let _ = stream.send(&dice.bytes(500), false);
            stream.reset();
        }
        return;
    }
    let _ = client.exchange(&request);
}

/// What the test above would look like if a VM died: one that is made to grow past its memory.
#[test]
fn the_rig_notices_a_dead_vm_and_a_new_one_takes_over() {
    let settings = json!({ "request": { "body": "whole", "access": "edit", "grow": 300_000_000 } });
    let modest = json!({ "routes": [{ "match": { "paths": [{ "exact": "/echo" }] } }] });
    let rig = Rig::builder("dead-vm")
        .listener(probe_listener("glutton", Hold::Held, settings, modest))
        .start()
        .unwrap();
    let vms = rig.vms_created();
    let swallowed = rig.connect("glutton").exchange(&Request::post("/swallowed", "x"));
    assert!(swallowed.as_ref().map_or(true, |response| response.status >= 500), "{swallowed:?}");
    assert_ne!(signs_of_death(&rig.envoy), [""; 0]);
    assert!(rig.h1.seen("/swallowed").iter().all(|seen| !seen.complete));
    let healthy = || {
        rig.connect("glutton").exchange(&Request::get("/echo")).is_ok_and(|response| response.status == 200)
    };
    rig.envoy.wait_until(Duration::from_secs(20), healthy).unwrap();
    assert!(rig.vms_created() > vms, "a VM that died counts");
}
