//! What a blocked client sees, and what is told of it: pages by the client's form, the audit log in the proxy's log and
//! at a cluster, counters by family and host, filter state in the access log.

use portcullis_e2e::{Rig, filter, with_upstreams};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

const RULES: &str = r#"
SecRuleEngine On
SecAuditEngine RelevantOnly
SecAuditLogParts ABCFHZ
SecAuditLogRelevantStatus "^5"
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain
SecAction "id:1,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score=5,setvar:tx.outbound_anomaly_score=4"
SecRule ARGS "@contains attack" "id:2,phase:2,deny,status:406,msg:'no',logdata:'%{MATCHED_VAR}',tag:'attack-sqli',severity:CRITICAL"
SecRule ARGS "@contains away" "id:3,phase:2,redirect:'https://shop.example/sorry',tag:'attack-generic'"
SecRule ARGS "@contains gone" "id:4,phase:2,drop"
SecRule RESPONSE_BODY "@contains secret" "id:5,phase:4,deny,status:502,tag:'attack-disclosure'"
"#;
const LOG: &str = "%REQ(:PATH)% %FILTER_STATE(wasm.portcullis.waf.action:PLAIN)% %FILTER_STATE(wasm.portcullis.waf.rule_ids:PLAIN)% \
                   in=%FILTER_STATE(wasm.portcullis.waf.anomaly_score:PLAIN)% out=%FILTER_STATE(wasm.portcullis.waf.outbound_anomaly_score:PLAIN)%";

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let reply = json!({ "html": "<h1>{{status}}</h1>{{incident}}", "json": "{\"incident\":\"{{incident}}\"}", "grpc": "no {{incident}}" });
    let metrics = json!({ "authorities": ["a.example"], "coraza": true });
    let settings = |more: Value| {
        let mut settings =
            json!({ "rules": [RULES], "reply": reply, "metrics": metrics, "log": { "matches": "off" } });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    };
    let listener = |name: &str, settings: Value| {
        with_upstreams(Listener::new(name, "h1"))
            .wasm(&filter("waf", name, settings, json!({})))
            .access_log(LOG)
    };
    Rig::builder("waf-verdicts")
        .listener(listener("log", settings(json!({}))))
        .listener(listener(
            "cluster",
            settings(json!({ "audit": { "cluster": "h1", "path": "/audit/sink", "format": "coraza" } })),
        ))
        .listener(listener("nowhere", settings(json!({ "audit": { "cluster": "dead" } }))))
        .start()
        .unwrap()
});

fn get(target: &str) -> Request {
    Request::get(target).field("host", "a.example")
}

#[test]
fn a_page_has_the_clients_form_and_the_incidents_id() {
    let body = |field: &str, value: &str| {
        let response = RIG.connect("log").exchange(&get("/page?a=attack").field(field, value)).unwrap();
        assert_eq!(response.status, 406, "{value}");
        (response.field("content-type").unwrap_or_default(), response.text())
    };
    let (kind, html) = body("accept", "text/html");
    assert!(
        kind == "text/html; charset=utf-8" && html.starts_with("<h1>406</h1>") && html.len() == 48,
        "{html}"
    );
    let (kind, text) = body("accept", "application/json");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(
        kind == "application/json" && json["incident"].as_str().is_some_and(|id| id.len() == 36),
        "{text}"
    );
    let (_, text) = body("accept", "text/plain");
    assert!(text.starts_with("request blocked (reference ") && !text.contains("attack"), "{text}");
    // The same id names the exchange in the audit log.
    let incident = json["incident"].as_str().unwrap().to_owned();
    let is_there = || RIG.envoy.log().contains(&format!("\"unique_id\":\"{incident}\""));
    RIG.envoy.wait_until(Duration::from_secs(10), is_there).expect("a record of it in the log");
    assert_eq!(RIG.h1.seen("/page").len(), 0);
    RIG.assert_sound();
}

#[test]
fn every_disruptive_action_is_what_the_client_sees() {
    let away = RIG.connect("log").exchange(&get("/away?a=away")).unwrap();
    assert_eq!((away.status, away.field("location").as_deref()), (302, Some("https://shop.example/sorry")));
    let grpc = get("/grpc?a=attack").field("content-type", "application/grpc");
    let grpc = RIG.connect("log").exchange(&grpc).unwrap();
    assert_eq!((grpc.status, grpc.field("grpc-status").is_some()), (200, true));
    assert!(grpc.field("grpc-message").is_some_and(|text| text.starts_with("no ")), "{grpc:?}");
    assert!(RIG.connect("log").exchange(&get("/gone?a=gone")).is_err(), "a drop closes the connection");
    RIG.h1.on("/leak", portcullis_e2e::Message::answer(b"a secret", portcullis_e2e::Framed::Length));
    let leak = RIG.connect("log").exchange(&get("/leak")).unwrap();
    assert!(leak.status == 502 && !leak.text().contains("secret"), "{leak:?}");
    for path in ["/away", "/grpc", "/gone"] {
        assert_eq!(RIG.h1.seen(path).len(), 0, "{path}");
    }
    RIG.assert_sound();
}

#[test]
fn a_cluster_gets_the_records_and_no_request_waits_for_it() {
    for n in 0..3 {
        let answer =
            RIG.connect("cluster").exchange(&get(&format!("/sink?a=attack&password=hunter{n}"))).unwrap();
        assert_eq!(answer.status, 406);
    }
    let records = || {
        let calls = RIG.h1.seen("/audit/sink");
        let lines = calls
            .iter()
            .flat_map(|call| call.body.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>());
        lines.filter_map(|line| serde_json::from_slice::<Value>(&line).ok()).collect::<Vec<_>>()
    };
    RIG.envoy
        .wait_until(Duration::from_secs(15), || records().len() == 3)
        .expect("three records at the cluster");
    for record in records() {
        assert_eq!(record["messages"][0]["data"]["id"], 2);
        assert_eq!(record["transaction"]["request"]["uri"], "/sink?a=attack&password=*******");
    }
    assert_eq!(RIG.connect("nowhere").exchange(&get("/nowhere?a=attack")).unwrap().status, 406);
    let lost = || RIG.envoy.stat("wasmcustom.portcullis_waf_audit_lost_total").is_ok_and(|lost| lost >= 1);
    RIG.envoy
        .wait_until(Duration::from_secs(15), lost)
        .expect("what a dead cluster has not taken is counted");
    RIG.assert_sound();
}

#[test]
fn counters_have_the_labels_of_the_configuration_alone() {
    for host in ["a.example", "b.example", "c.example"] {
        let request = Request::get("/count?a=attack").field("host", host);
        assert_eq!(RIG.connect("log").exchange(&request).unwrap().status, 406);
    }
    let of = |name: &str| RIG.envoy.stat(&format!("wasmcustom.{name}")).unwrap();
    let sqli = "portcullis_waf_matches_total.family.sqli.phase.request_body.action.deny.authority";
    assert!(of(&format!("{sqli}.a_example")) >= 1 && of(&format!("{sqli}.other")) >= 2);
    let coraza = "waf_filter.tx.interruptions_ruleid=2_phase=http_request_body_authority";
    assert!(of("waf_filter.tx.total") >= 3 && of(&format!("{coraza}=other")) >= 2);
    let names = RIG.envoy.stats("wasmcustom").unwrap();
    assert!(!names.keys().any(|name| name.contains("b.example") || name.contains("b_example")), "{names:?}");
    let line = "/count?a=attack deny 2 in=5 out=4";
    let is_there = || RIG.envoy.access_log("log").contains(line);
    RIG.envoy.wait_until(Duration::from_secs(10), is_there).expect("scores and ids in the access log");
    RIG.assert_sound();
}
