//! The audit log: which exchanges are written, what of them, and where the records go.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_core::{
    Background, BodyState, Boot, Call, CallFailure, CallResult, Effect, Exchange, Headers, Level, MapStore,
    Plugin, Stream, Summary,
};
use portcullis_waf::{AuditConfig, AuditFormat, Waf, WafConfig};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;

const RULES: &str = "SecRuleEngine On\nSecAuditEngine RelevantOnly\nSecAuditLogParts ABCEFHZ\n\
    SecComponentSignature \"shop rules/1\"\nSecResponseBodyAccess On\n\
    SecRule ARGS:q \"@rx (att)ack\" \"id:7,phase:2,deny,status:406,capture,msg:'no %{TX.1}',\
    logdata:'found %{MATCHED_VAR}',severity:CRITICAL,tag:'a/b',ver:'v1',rev:'2'\"\n";

fn waf(rules: &str, audit: AuditConfig) -> Rc<Waf> {
    let boot = Boot { fuel: 1 << 30, max_body: 1 << 20, hold_headers: true, ..Boot::default() };
    let config = WafConfig { rules: vec![rules.to_owned()], audit, ..WafConfig::default() };
    Waf::compile(vec![config], &boot).unwrap().remove(0)
}

fn exchange(query: &str, body: &[u8]) -> Exchange {
    let request = Headers::from_pairs([
        (":method", "POST"),
        (":path", query),
        (":authority", "a.example:8080"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", "sid=abcdef"),
        ("authorization", "Basic c2VjcmV0"),
        ("x-a", "one"),
        ("x-a", "two"),
        ("x-request-id", "id-1"),
    ]);
    Exchange {
        request,
        response: Headers::from_pairs([
            (":status", "200"),
            ("content-type", "text/plain"),
            ("set-cookie", "sid=x"),
        ]),
        request_body: BodyState { present: !body.is_empty(), ..BodyState::default() },
        response_body: BodyState { present: true, ..BodyState::default() },
        log_level: Some(Level::Warn),
        source: "[::1]:4711".into(),
        destination: "192.0.2.1:443".into(),
        time: Duration::from_secs(1_789_517_509),
        ..Exchange::default()
    }
}

/// Takes an exchange through, answered with 200 unless a rule stops it, and gives what its end left.
fn effects(waf: &Rc<Waf>, query: &str, body: &[u8], status: u16) -> Vec<Effect> {
    let exchange = exchange(query, body);
    let (mut stream, mut store) = (waf.stream(&exchange), MapStore::default());
    let _ = stream.request_headers(&exchange, &mut store);
    let _ = stream.request_body(&exchange, body, &mut store);
    let _ = stream.request_end(&exchange, &mut store);
    let _ = stream.response_headers(&exchange, &mut store);
    let _ = stream.response_body(&exchange, b"an answer, password=hunter2", &mut store);
    let _ = stream.response_end(&exchange, &mut store);
    stream.log(&exchange, &Summary { status: Some(status), ..Summary::default() }, &mut store)
}

fn record(waf: &Rc<Waf>, query: &str, body: &[u8], status: u16) -> Option<Value> {
    let line = effects(waf, query, body, status).into_iter().find_map(|effect| match effect {
        Effect::Line { level: Level::Warn, text } => Some(text),
        _ => None,
    })?;
    assert!(!line.contains(char::is_control), "{line}");
    Some(serde_json::from_str(&line).unwrap())
}

#[test]
fn a_stopped_request_is_told_in_modsecuritys_form() {
    let waf = waf(RULES, AuditConfig::default());
    let record = record(&waf, "/shop?q=attack&token=t0k3n", b"password=hunter2&c=1", 406).unwrap();
    let transaction = &record["transaction"];
    let of = |names: &[&str]| names.iter().map(|name| transaction[*name].clone()).collect::<Vec<_>>();
    assert_eq!(
        of(&["client_ip", "client_port", "host_ip", "host_port", "unique_id", "server_id", "is_interrupted"]),
        [
            json!("::1"),
            json!(4711),
            json!("192.0.2.1"),
            json!(443),
            json!("id-1"),
            json!("a.example"),
            json!(true)
        ]
    );
    assert_eq!(transaction["time_stamp"], "Wed Sep 16 00:11:49 2026");
    let request = &transaction["request"];
    assert_eq!((&request["method"], &request["http_version"]), (&json!("POST"), &json!(1.1)));
    assert_eq!(request["uri"], "/shop?q=attack&token=*****");
    assert_eq!(request["body"], "password=*******&c=1");
    let headers = &request["headers"];
    assert_eq!((&headers["x-a"], &headers["cookie"]), (&json!("one, two"), &json!("**********")));
    assert_eq!(headers["authorization"], "**************");
    assert_eq!(transaction["response"]["http_code"], 406);
    assert_eq!(transaction["producer"]["components"], json!(["shop rules/1"]));
    assert_eq!(transaction["producer"]["secrules_engine"], "Enabled");
    assert_eq!(
        transaction["messages"],
        json!([{ "message": "no att", "details": {
            "match": "Matched \"Operator `Rx' with parameter `(att)ack' against variable `ARGS:q' (Value: `attack' )",
            "reference": "", "ruleId": "7", "file": "rules[0]", "lineNumber": "6", "data": "found attack",
            "severity": "2", "ver": "v1", "rev": "2", "tags": ["a/b"], "maturity": "0", "accuracy": "0",
        } }])
    );
}

#[test]
fn corazas_form_holds_the_same() {
    let waf = waf(RULES, AuditConfig { format: AuditFormat::Coraza, ..AuditConfig::default() });
    let record = record(&waf, "/shop?q=attack", b"password=hunter2&c=1", 406).unwrap();
    let transaction = &record["transaction"];
    assert_eq!(transaction["timestamp"], "2026/09/16 00:11:49");
    assert_eq!(transaction["unix_timestamp"], 1_789_517_509_000_000_000_i64);
    assert_eq!((&transaction["id"], &transaction["is_interrupted"]), (&json!("id-1"), &json!(true)));
    assert_eq!(transaction["request"]["headers"]["x-a"], json!(["one", "two"]));
    assert_eq!(
        transaction["request"]["args"],
        json!({ "q": ["attack"], "password": ["*******"], "c": ["1"] })
    );
    assert_eq!(
        (&transaction["request"]["http_version"], &transaction["request"]["length"]),
        (&json!("1.1"), &json!(20))
    );
    assert_eq!(
        (&transaction["response"]["status"], &transaction["highest_severity"]),
        (&json!(406), &json!("critical"))
    );
    let message = &record["messages"][0];
    assert_eq!((&message["message"], &message["data"]["id"]), (&json!("no att"), &json!(7)));
    assert_eq!((&message["data"]["severity"], &message["data"]["data"]), (&json!(2), &json!("found attack")));
}

#[test]
fn what_is_relevant_is_for_rules_and_directives_to_say() {
    let written = |more: &str, query: &str, status: u16| {
        record(&waf(&format!("{RULES}{more}"), AuditConfig::default()), query, b"", status).is_some()
    };
    assert!(written("", "/?q=attack", 406) && !written("", "/", 200) && !written("", "/", 500));
    let status = "SecAuditLogRelevantStatus \"^5\"\n";
    assert!(written(status, "/", 503) && !written(status, "/", 404));
    assert!(written("SecAuditEngine On", "/", 200) && !written("SecAuditEngine Off", "/?q=attack", 406));
    let rule = |actions: &str| format!("SecRule ARGS:x y \"id:8,phase:1,pass,{actions}\"\n");
    for (actions, expected) in [
        ("log", true),
        ("nolog", false),
        ("noauditlog", false),
        ("nolog,auditlog", true),
        ("nolog,ctl:auditEngine=On", true),
        ("ctl:auditEngine=Off", false),
    ] {
        assert_eq!(written(&rule(actions), "/?x=y", 200), expected, "{actions}");
    }
    let default = "SecDefaultAction \"phase:1,pass,log,noauditlog\"\n";
    assert!(!written(&format!("{default}{}", rule("t:none")), "/?x=y", 200));
}

#[test]
fn parts_leave_the_rest_out() {
    let parts = |more: &str| {
        let rules = format!("{RULES}SecAuditEngine On\n{more}");
        record(&waf(&rules, AuditConfig::default()), "/", b"c=1", 200).unwrap()["transaction"].clone()
    };
    let bare = parts("SecAuditLogParts AZ");
    assert!(bare["request"]["headers"].is_null() && bare["request"]["body"].is_null());
    assert!(
        bare["response"]["headers"].is_null() && bare["messages"].is_null() && bare["producer"].is_null()
    );
    let all = parts("");
    assert_eq!(all["request"]["body"], "c=1");
    assert_eq!(all["response"]["headers"]["set-cookie"], "*****");
    assert_eq!(all["response"]["body"], "an answer, password=*******");
    let less = parts("SecAction \"id:9,phase:1,pass,nolog,ctl:auditLogParts=-C\"");
    assert!(less["request"]["body"].is_null() && !less["request"]["headers"].is_null());
}

#[test]
fn what_rules_sanitise_is_starred() {
    let rules = "SecAction \"id:9,phase:1,pass,nolog,sanitiseArg:c,sanitiseRequestHeader:x-a,sanitiseResponseHeader:content-type\"";
    let of = |format: AuditFormat| {
        let waf = waf(
            &format!("{RULES}SecAuditEngine On\n{rules}"),
            AuditConfig { format, ..AuditConfig::default() },
        );
        record(&waf, "/?c=a%20b&d=1", b"c=7&d=2", 200).unwrap()["transaction"].clone()
    };
    let transaction = of(AuditFormat::Modsecurity);
    let request = &transaction["request"];
    assert_eq!((&request["uri"], &request["body"]), (&json!("/?c=*****&d=1"), &json!("c=*&d=2")));
    assert_eq!(request["headers"]["x-a"], "***, ***");
    assert_eq!(transaction["response"]["headers"]["content-type"], "**********");
    assert_eq!(of(AuditFormat::Coraza)["request"]["args"], json!({ "c": ["***", "*"], "d": ["1", "2"] }));
}

#[test]
fn long_values_are_cut() {
    let waf = waf(&format!("{RULES}SecAuditEngine On"), AuditConfig::default());
    let body = [b"c=".to_vec(), vec![b'x'; 5000]].concat();
    let record = record(&waf, "/", &body, 200).unwrap();
    assert_eq!(record["transaction"]["request"]["body"].as_str().unwrap().len(), 512);
}

/// Whatever the bytes, a record is one line of JSON.
#[test]
fn any_bytes_become_json() {
    for format in [AuditFormat::Modsecurity, AuditFormat::Coraza] {
        let waf = waf(
            &format!("{RULES}SecAuditEngine On"),
            AuditConfig { format, per_second: 0, ..AuditConfig::default() },
        );
        arbtest::arbtest(|source| {
            let body: Vec<u8> = source.arbitrary()?;
            assert!(record(&waf, "/?q=attack%00%ff%22", &body, 200).is_some());
            Ok(())
        })
        .budget_ms(300);
    }
}

fn to_cluster() -> AuditConfig {
    AuditConfig {
        cluster: Some("logs".into()),
        path: "/audit".into(),
        per_second: 0,
        ..AuditConfig::default()
    }
}

fn tick(waf: &Rc<Waf>) -> Option<(u64, Call)> {
    let now = Duration::from_secs(1);
    waf.background(Background::Tick { now }, &mut MapStore::default()).into_iter().find_map(|effect| {
        match effect {
            Effect::Call { token, call } => Some((token, call)),
            _ => None,
        }
    })
}

#[test]
fn a_cluster_gets_the_records_of_a_second_in_one_call() {
    let waf = waf(RULES, to_cluster());
    assert!(waf.needs().tick.is_some() && tick(&waf).is_none());
    assert!(record(&waf, "/?q=attack&n=1", b"", 406).is_none());
    assert!(record(&waf, "/?q=attack&n=2", b"", 406).is_none());
    let (token, call) = tick(&waf).unwrap();
    assert_eq!((call.cluster.as_str(), call.headers.path()), ("logs", &b"/audit"[..]));
    let uris: Vec<Value> = String::from_utf8(call.body)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["transaction"]["request"]["uri"].clone())
        .collect();
    assert_eq!(uris, ["/?q=attack&n=1", "/?q=attack&n=2"]);
    let done = |result: &CallResult| {
        let event = Background::CallDone { token, result, now: Duration::ZERO };
        waf.background(event, &mut MapStore::default())
    };
    let answer = CallResult::Answer { headers: Headers::from_pairs([(":status", "204")]), body: Vec::new() };
    let counted = done(&answer);
    assert!(matches!(counted.as_slice(), [Effect::Count { by: 2, .. }]), "{counted:?}");
    assert!(record(&waf, "/?q=attack", b"", 406).is_none() && tick(&waf).is_some());
    let lost = done(&CallResult::Failed(CallFailure::NoAnswer));
    assert!(matches!(lost.as_slice(), [Effect::Count { by: 1, .. }]) && lost != counted, "{lost:?}");
}

#[test]
fn faults_are_told_when_the_configuration_loads() {
    let refused = |rules: &str, audit: AuditConfig| {
        let config = WafConfig { rules: vec![rules.to_owned()], audit, ..WafConfig::default() };
        Waf::compile(vec![config], &Boot::default()).unwrap_err().to_string()
    };
    for (rules, expected) in [
        (
            "SecAuditEngine Maybe",
            "rules[0]: 1:1: SecAuditEngine: `Maybe` is none of `On`, `Off`, `RelevantOnly`",
        ),
        (
            "SecAuditLogParts BCZ",
            "rules[0]: 1:1: SecAuditLogParts: `BCZ` does not begin with `A` and end with `Z`",
        ),
        (
            "SecAuditLogFormat XML",
            "rules[0]: 1:1: SecAuditLogFormat: it is none of `JSON`, `JsonLegacy`, `Native`",
        ),
        ("SecAction \"id:1,ctl:auditLogParts=+1\"", "rules[0]: 1:17: `1` is not a part of the audit log"),
    ] {
        assert_eq!(refused(rules, AuditConfig::default()), expected);
    }
    let path = AuditConfig { path: "audit".into(), ..AuditConfig::default() };
    assert_eq!(refused("", path), "audit.path: `audit` does not begin with `/`");
    let cluster = AuditConfig { cluster: Some("a b".into()), ..AuditConfig::default() };
    assert_eq!(refused("", cluster), "audit.cluster: `a b` is not printable ASCII without blanks");
}
