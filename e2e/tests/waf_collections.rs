//! Persistent collections in shared data: exact over workers, level in memory, apart between plugins.

use portcullis_e2e::{Rig, filter};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};

/// Each request counts in `GLOBAL` and for its client; `/count` tells by its target what the counters are.
const RULES: &str = r#"
SecRuleEngine On
SecAction "id:1,phase:1,pass,nolog,initcol:global=all,initcol:ip=%{REQUEST_HEADERS.x-client}"
SecRule REQUEST_FILENAME "@streq /count" "id:2,phase:1,redirect:'/%{global.n}/%{global.logged}/%{ip.n}'"
SecAction "id:3,phase:1,pass,nolog,setvar:global.n=+1,setvar:ip.n=+1"
SecAction "id:4,phase:5,pass,nolog,setvar:global.logged=+1"
"#;
const THREADS: usize = 8;

fn listener(name: &str, collections: Value) -> Listener {
    let settings = json!({ "rules": [RULES], "collections": collections });
    let wasm = filter("waf", name, settings, json!({})).vm("shared");
    // Envoy answers itself: an upstream that records a million requests is no small thing either.
    let answer = json!({ "match": { "prefix": "/" }, "direct_response": { "status": 200 } });
    Listener::new(name, "h1").routes(json!([answer])).wasm(&wasm)
}

/// Requests of as many clients as `client` names, over connections to both workers.
fn send(rig: &Rig, listener: &str, count: usize, client: impl Fn(usize) -> String + Sync) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let client = &client;
            scope.spawn(move || {
                let mut connection = rig.connect(listener);
                for number in (thread..count).step_by(THREADS) {
                    // Other connections come to other workers.
                    if number % 1_000 < THREADS {
                        connection = rig.connect(listener);
                    }
                    let request = Request::get("/").field("x-client", client(number));
                    assert_eq!(connection.exchange(&request).unwrap().status, 200);
                }
            });
        }
    });
}

/// What `GLOBAL:n`, `GLOBAL:logged` and the client's `IP:n` are.
fn counters(rig: &Rig, listener: &str, client: &str) -> String {
    let response = rig.connect(listener).exchange(&Request::get("/count").field("x-client", client)).unwrap();
    assert_eq!(response.status, 302);
    response.field("location").unwrap()
}

#[test]
fn twenty_thousand_increments_of_two_workers_are_exact_and_plugins_are_apart() {
    let rig = Rig::builder("waf-collections")
        .bootstrap(|bootstrap| bootstrap.concurrency(2))
        .listener(listener("one", Value::Null))
        .listener(listener("two", Value::Null))
        .start()
        .unwrap();
    send(&rig, "one", 20_000, |number| format!("client-{}", number % 10));
    // The last log callbacks come after the answers.
    let logged = || counters(&rig, "one", "client-3").starts_with("/20000/20000/");
    let _ = rig.envoy.wait_until(std::time::Duration::from_secs(2), logged);
    let counted = counters(&rig, "one", "client-3");
    let mut parts = counted.split('/').skip(1);
    assert_eq!(parts.next(), Some("20000"), "{counted}");
    // `/count` runs the log phase as well: at least those of the requests, and nothing lost among them.
    assert!(parts.next().unwrap().parse::<u64>().unwrap() >= 20_000, "{counted}");
    assert_eq!(parts.next(), Some("2000"), "{counted}");
    assert_eq!(counters(&rig, "two", "client-3"), "///", "another plugin of the same VM has its own");
    let conflicts = rig.envoy.stat("wasmcustom.portcullis_waf_collection_conflicts_total").unwrap();
    println!("{conflicts} of 40,000 writes were done again");
    rig.assert_sound();
}

/// A million clients take minutes: `CLIENTS=1000000` asks for them.
#[test]
fn new_clients_without_end_take_no_more_memory() {
    let clients = std::env::var("CLIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(40_000);
    let rig = Rig::builder("waf-clients")
        .bootstrap(|bootstrap| bootstrap.concurrency(2))
        .listener(listener("small", json!({ "slots": 256 })))
        .start()
        .unwrap();
    let evictions = || rig.envoy.stat("wasmcustom.portcullis_waf_collection_evictions_total").unwrap();
    send(&rig, "small", clients / 2, |number| format!("first-{number}"));
    assert!(evictions() > 0, "the table is full");
    let (before, _) = rig.envoy.memory();
    send(&rig, "small", clients / 2, |number| format!("second-{number}"));
    let (after, _) = rig.envoy.memory();
    let grown = after.saturating_sub(before) / 1024;
    println!("{clients} clients: {before} bytes, then {after}; {} evictions", evictions());
    assert!(grown < 2_048, "grown by {grown} KiB");
    rig.assert_sound();
}
