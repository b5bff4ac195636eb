//! Several configurations in one VM, beside one another and one after the other, under load.

use portcullis_e2e::{Hold, Rig, configuration, probe, with_upstreams};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::envoy::{Listener, Wasm};
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const UPDATES: usize = 100;

fn marks(name: &str) -> Value {
    json!({ "request": { "set": { format!("x-{name}"): "here" }, "body": "whole", "denyIfBody": format!("attack-{name}") } })
}

#[test]
fn two_instances_in_one_vm_keep_their_configurations() {
    let instance = |name: &str| probe(name, Hold::Held, marks(name), json!({})).vm("shared");
    let rig = Rig::builder("instances")
        .listener(with_upstreams(Listener::new("a", "h1")).wasm(&instance("a")))
        .listener(with_upstreams(Listener::new("b", "h1")).wasm(&instance("b")))
        .listener(with_upstreams(Listener::new("both", "h1")).wasm(&instance("a")).wasm(&instance("b")))
        .start()
        .unwrap();
    for round in 0..20 {
        for (listener, has_a, has_b) in [("a", true, false), ("b", false, true), ("both", true, true)] {
            let path = format!("/{listener}/{round}");
            for (body, denied) in [("fine", false), ("attack-a", has_a), ("attack-b", has_b)] {
                let status = rig.connect(listener).exchange(&Request::post(&path, body)).unwrap().status;
                assert_eq!(status, if denied { 403 } else { 200 }, "{path} {body}");
            }
            let seen = &rig.h1.seen(&path)[0];
            assert_eq!((seen.field("x-a").is_some(), seen.field("x-b").is_some()), (has_a, has_b), "{path}");
        }
    }
    rig.assert_sound();
}

#[test]
fn a_hundred_updates_under_load_fail_no_request() {
    let version = |n: usize| {
        let settings = json!({ "request": { "set": { "x-version": n.to_string() }, "body": "whole", "access": "edit", "grow": 1 } });
        probe("updated", Hold::Held, settings, json!({}))
    };
    let rig = Rig::builder("updates")
        .bootstrap(|bootstrap| bootstrap.discovery(&version(0)).concurrency(2))
        .listener(with_upstreams(Listener::new("updated", "h1")).discovered_wasm("updated"))
        .start()
        .unwrap();
    rig.h1.on_request(|request| request.field("x-version").map(|version| Answer::ok("text/plain", version)));
    let load = Load::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| load.run(&rig))).collect();
        for n in 1..=UPDATES {
            rig.envoy.replace_discovered(&version(n), n).unwrap();
            let expected = n.to_string();
            rig.envoy.wait_until(Duration::from_secs(10), || current(&rig) == expected).unwrap();
        }
        refused(&rig);
        load.stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(current(&rig), UPDATES.to_string());
    assert!(load.requests.load(Ordering::Relaxed) > 10 * UPDATES, "{load:?}");
    assert!(rig.envoy.is_alive());
    assert_eq!(rig.h1.faults(), [""; 0]);
}

/// A request that is under way when its configuration is replaced finishes on the one that it began with.
#[test]
fn a_stream_finishes_on_the_configuration_that_it_began_with() {
    let version = |n: usize| {
        let call = json!({ "cluster": "h1", "path": "/slow", "at": "end", "timeoutMs": 5_000 });
        let request = json!({ "body": "whole", "setAtEnd": { "x-version": n.to_string() }, "call": call });
        probe(
            "updated",
            Hold::Held,
            json!({ "request": request, "response": { "body": "whole" } }),
            json!({}),
        )
    };
    let rig = Rig::builder("in-flight")
        .bootstrap(|bootstrap| bootstrap.discovery(&version(0)))
        .listener(with_upstreams(Listener::new("updated", "h1")).discovered_wasm("updated"))
        .start()
        .unwrap();
    rig.h1.on("/slow", Answer::new(200).delay(Duration::from_millis(100)));
    let body = Request::post("/begun", "body");
    let mut begun = rig.connect("updated");
    begun.send(&[body.head_bytes(), b"bo".to_vec()].concat()).unwrap();
    let mut asking = rig.connect("updated");
    for n in 1..=5 {
        rig.h1.clear();
        asking.send(&Request::post(format!("/asking/{n}"), "body").bytes()).unwrap();
        rig.envoy.wait_until(Duration::from_secs(5), || !rig.h1.seen("/slow").is_empty()).unwrap();
        rig.envoy.replace_discovered(&version(n), n).unwrap();
        assert_eq!(asking.response("POST").unwrap().status, 200);
        assert_eq!(
            rig.h1.only(&format!("/asking/{n}")).unwrap().field("x-version"),
            Some((n - 1).to_string())
        );
        let path = format!("/after/{n}");
        let taken_up = || {
            let before = rig.h1.seen(&path).len();
            rig.connect("updated").exchange(&Request::post(&path, "body")).unwrap();
            rig.h1.wait(&path, before + 1).unwrap()[before].field("x-version") == Some(n.to_string())
        };
        rig.envoy.wait_until(Duration::from_secs(10), taken_up).unwrap();
    }
    begun.send(b"dy").unwrap();
    assert_eq!(begun.response("POST").unwrap().status, 200);
    assert_eq!(rig.h1.only("/begun").unwrap().field("x-version").as_deref(), Some("0"));
    rig.assert_sound();
}

/// A configuration that the filter refuses changes nothing.
fn refused(rig: &Rig) {
    let bad: Wasm = probe("updated", Hold::Held, json!({ "nonsense": 1 }), json!({}));
    rig.envoy.replace_discovered(&bad, UPDATES + 1).unwrap();
    rig.envoy.wait_for_log("nonsense", Duration::from_secs(10)).unwrap();
    assert_eq!(current(rig), UPDATES.to_string());
}

fn current(rig: &Rig) -> String {
    rig.connect("updated").exchange(&Request::post("/version", "body")).unwrap().text()
}

#[derive(Debug, Default)]
struct Load {
    stop: AtomicBool,
    requests: AtomicUsize,
}

impl Load {
    fn run(&self, rig: &Rig) {
        let mut client = rig.connect("updated");
        while !self.stop.load(Ordering::Relaxed) {
            let response = client.exchange(&Request::post("/load", "body")).unwrap();
            assert_eq!(response.status, 200, "{response:?}");
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_refused_configuration_stops_the_start_and_says_why() {
    let wasm = Wasm::new("probe").config(configuration(json!({ "nonsense": 1 }), json!({})));
    let started = Rig::builder("refused").listener(Listener::new("bad", "h1").wasm(&wasm)).start();
    let error = started.unwrap_err().to_string();
    assert!(error.contains("configuration refused: default") && error.contains("nonsense"), "{error}");
}
