//! Requests that are made to cost, through Envoy with OWASP CRS and the default limits: each gets an answer, those that
//! break a limit or a form are refused before the upstream sees anything, and no VM dies.

use portcullis_e2e::{Rig, filter_listener};
use portcullis_testkit::bombs::{self, Bomb};
use portcullis_testkit::h1::Request;
use portcullis_testkit::repo;
use serde_json::json;
use std::time::Duration;

const RULES: &str =
    "Include @recommended-conf\nInclude @crs-setup-conf\nSecRuleEngine On\nInclude @owasp_crs/*.conf";
/// What Envoy takes of a request's head by default, bytes.
const LONGEST_HEAD: usize = 60 * 1024;

#[test]
fn every_bomb_gets_an_answer_and_no_vm_dies() {
    if !repo::module("waf-crs").is_file() {
        eprintln!("notice: no waf-crs.wasm: skipped");
        return;
    }
    let settings = json!({ "rules": [RULES], "log": { "matches": "off" } });
    let rig = Rig::builder("waf-hostile")
        .listener(filter_listener("waf-crs", "waf", settings, json!({})))
        .start()
        .unwrap();
    let vms = rig.vms_created();
    let all = [bombs::structures(), bombs::texts()].concat();
    let fitting: Vec<&Bomb> = all.iter().filter(|bomb| head_length(bomb) < LONGEST_HEAD).collect();
    assert!(fitting.len() > 70, "{}", fitting.len());
    for (index, bomb) in fitting.iter().enumerate() {
        // A path of its own, by which the upstream is asked afterwards.
        let mark = format!("/hostile/{index}");
        let target = bomb.target.replacen("/hostile", &mark, 1);
        let status = send(&rig, bomb, &target);
        println!("{status}  {}", bomb.name);
        match bomb.is_broken {
            true => assert!(matches!(status, 400 | 403 | 413 | 500), "{}: {status}", bomb.name),
            false => assert!(matches!(status, 200 | 400 | 403 | 500), "{}: {status}", bomb.name),
        }
        if status != 200 && target.starts_with(&mark) {
            assert_eq!(rig.h1.seen(&mark).len(), 0, "{}", bomb.name);
        }
    }
    assert_eq!(
        rig.connect("waf")
            .exchange(&Request::get("/echo?a=1").field("accept", "*/*").field("user-agent", "Mozilla/5.0"))
            .unwrap()
            .status,
        200
    );
    rig.envoy
        .wait_until(Duration::from_secs(10), || {
            rig.envoy.stat("wasmcustom.portcullis_waf_held_bytes").is_ok_and(|held| held == 0)
        })
        .expect("all that was held is given back");
    assert_eq!(rig.vms_created(), vms, "a VM was made anew");
    rig.assert_sound();
}

fn send(rig: &Rig, bomb: &Bomb, target: &str) -> u16 {
    let mut request = match bomb.body.is_empty() {
        true => Request::get(target),
        false => Request::post(target, &bomb.body),
    };
    request = request.field("accept", "*/*");
    if !bomb.fields.iter().any(|(name, _)| name == "user-agent") {
        request = request.field("user-agent", "Mozilla/5.0");
    }
    for (name, value) in &bomb.fields {
        request = request.field(name, value);
    }
    let client = rig.connect("waf").patience(Duration::from_secs(60)).unwrap();
    let mut client = client;
    client
        .exchange(&request)
        .map(|response| response.status)
        .unwrap_or_else(|error| panic!("{}: {error:#}", bomb.name))
}

fn head_length(bomb: &Bomb) -> usize {
    let fields: usize = bomb.fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    bomb.target.len() + fields + 512
}
