//! The Envoy runner, with listeners that have no filter of ours.

use portcullis_testkit::envoy::{Bootstrap, Cluster, Envoy, Listener};
use portcullis_testkit::h1::Request;
use portcullis_testkit::raw::fetch;
use portcullis_testkit::upstream::Upstream;
use serde_json::json;
use std::path::Path;

fn upstream_and_envoy(label: &str) -> (Upstream, Envoy) {
    let upstream = Upstream::start().unwrap();
    let fault = json!({ "name": "teapot", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "abort": { "http_status": 418, "percentage": { "numerator": 100 } },
    } });
    let envoy = Bootstrap::new(label)
        .cluster(Cluster::h1("h1", upstream.port()))
        .listener(Listener::new("plain", "h1").access_log("%REQ(:PATH)% %RESPONSE_CODE%"))
        .listener(Listener::new("teapot", "h1").filter(fault))
        .start()
        .unwrap();
    (upstream, envoy)
}

#[test]
fn several_listeners_in_one_process() {
    let (upstream, envoy) = upstream_and_envoy("several");
    let plain = fetch(envoy.address("plain").unwrap(), &Request::post("/echo", "body")).unwrap();
    assert_eq!((plain.status, plain.json().unwrap()["body"].as_str()), (200, Some("body")));
    assert_eq!(fetch(envoy.address("teapot").unwrap(), &Request::get("/none")).unwrap().status, 418);
    assert_eq!(
        (upstream.only("/echo").unwrap().body.as_slice(), upstream.seen("/none").len()),
        (&b"body"[..], 0)
    );
    assert!(envoy.address("absent").is_err());
    assert_eq!(envoy.stat("http.plain.downstream_rq_2xx").unwrap(), 1);
    assert_eq!(envoy.access_line("plain", "/echo").unwrap(), "/echo 200");
    assert!(envoy.version().unwrap().starts_with("1."));
    assert!(envoy.memory().1 > 1 << 20 && envoy.cpu().as_millis() > 0);
    assert!(envoy.config_dump().unwrap()["configs"].is_array());
}

#[test]
fn nothing_survives_a_drop() {
    let (_upstream, envoy) = upstream_and_envoy("drop");
    let (pid, folder) = (envoy.pid(), envoy.folder().to_owned());
    assert!(envoy.is_alive() && folder.is_dir());
    drop(envoy);
    assert!(!Path::new("/proc").join(pid.to_string()).exists());
    assert!(!folder.exists());
}

#[test]
fn a_bad_bootstrap_is_an_error_with_the_log() {
    let bad = json!({ "static_resources": { "nonsense": 1 } }).to_string();
    let error = Envoy::from_text("bad", &bad).unwrap_err().to_string();
    assert!(error.contains("ended at its start") && error.contains("nonsense"), "{error}");
}

#[test]
fn listeners_from_a_file_are_replaced() {
    let upstream = Upstream::start().unwrap();
    let listener = |status: u16| {
        Listener::new("dynamic", "h1")
            .routes(json!([{ "match": { "prefix": "/" }, "direct_response": { "status": status } }]))
    };
    let envoy = Bootstrap::new("lds")
        .cluster(Cluster::h1("h1", upstream.port()))
        .dynamic_listener(listener(201))
        .start()
        .unwrap();
    let status =
        || fetch(envoy.address("dynamic").unwrap(), &Request::get("/")).map(|response| response.status);
    assert_eq!(status().unwrap(), 201);
    envoy.replace_listeners(&[listener(202)], 1).unwrap();
    envoy
        .wait_until(std::time::Duration::from_secs(10), || status().is_ok_and(|status| status == 202))
        .unwrap();
}
