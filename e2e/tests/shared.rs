//! What outlives a stream: numbers in shared data over workers and plugins, calls of the background, histograms.

use portcullis_e2e::{Hold, Rig, probe, with_upstreams};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::time::Duration;

const THREADS: usize = 8;
const EACH: usize = 100;

fn listener(name: &str, settings: Value) -> Listener {
    with_upstreams(Listener::new(name, "h1"))
        .wasm(&probe(name, Hold::Early, settings, json!({})).vm("shared"))
        .access_log("%REQ(:PATH)% tally=%FILTER_STATE(wasm.portcullis.probe.tally:PLAIN)%")
}

fn tally(rig: &Rig, listener: &str, path: &str) -> u64 {
    assert_eq!(rig.connect(listener).exchange(&Request::get(path)).unwrap().status, 200);
    let line = rig.envoy.access_line(listener, &format!("{path} ")).unwrap();
    line.rsplit_once("tally=").unwrap().1.trim().parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn workers_count_together_and_plugins_apart() {
    let counting = || json!({ "tally": "requests" });
    let rig = Rig::builder("shared")
        .bootstrap(|bootstrap| bootstrap.concurrency(2))
        .listener(listener("one", counting()))
        .listener(listener("two", counting()))
        .start()
        .unwrap();
    // The first makes the key: the host does not compare versions where there is none yet.
    assert_eq!(tally(&rig, "one", "/first"), 1);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut client = rig.connect("one");
                for _ in 0..EACH {
                    assert_eq!(client.exchange(&Request::get("/many")).unwrap().status, 200);
                }
            });
        }
    });
    assert_eq!(tally(&rig, "one", "/last"), (THREADS * EACH + 2) as u64);
    assert_eq!(tally(&rig, "two", "/other"), 1, "another plugin of the same VM has numbers of its own");
    rig.assert_sound();
}

#[test]
fn the_background_is_woken_and_its_calls_are_answered() {
    let call = json!({ "cluster": "h1", "path": "/background", "everyMs": 100 });
    let refused = json!({ "cluster": "no-such-cluster", "path": "/x", "everyMs": 100 });
    let rig = Rig::builder("background")
        .listener(listener("calls", json!({ "background": call, "request": { "body": "whole" } })))
        .listener(listener("refused", json!({ "background": refused })))
        .start()
        .unwrap();
    let patience = Duration::from_secs(10);
    rig.envoy.wait_until(patience, || rig.metric("answers_total") >= 3).unwrap();
    assert!(
        rig.metric("ticks_total") > rig.metric("answers_total"),
        "the calls of one of the two are refused"
    );
    assert!(rig.h1.seen("/background").len() >= 3);

    assert_eq!(rig.connect("calls").exchange(&Request::post("/p", "12345")).unwrap().status, 200);
    let name = "wasmcustom.portcullis_probe_body_bytes";
    // Envoy merges histograms every five seconds.
    let recorded = || rig.envoy.histogram(name).is_ok_and(|line| line.contains("P50(nan,5"));
    rig.envoy.wait_until(patience, recorded).unwrap_or_else(|_| panic!("{:?}", rig.envoy.histogram(name)));
    rig.assert_sound();
}
