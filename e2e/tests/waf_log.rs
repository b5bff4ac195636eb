//! What Envoy's log says of matches: one line each whatever the bytes, the request's id, no credentials, no flood.

use portcullis_e2e::{Rig, filter_listener};
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

const RULES: &str = r#"
SecRuleEngine On
SecRule REQUEST_HEADERS:X-Mark "@rx ." "id:7,phase:1,pass,ver:'v1',severity:CRITICAL,tag:'seen',msg:'mark %{MATCHED_VAR}',logdata:'%{MATCHED_VAR}'"
SecRule REQUEST_HEADERS|REQUEST_COOKIES|ARGS|REQUEST_URI|FULL_REQUEST "@contains hunter2" "id:8,phase:2,pass,logdata:'%{MATCHED_VARS} %{REQUEST_URI} %{MATCHED_VAR}'"
SecRule ARGS:stop "@streq 1" "id:9,phase:1,deny,status:406"
"#;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let listener = |name: &str, log: Value| {
        let settings = json!({ "rules": [RULES], "log": log });
        filter_listener("waf", name, settings, json!({})).access_log("%REQ(:PATH)% id=%REQ(X-REQUEST-ID)%")
    };
    Rig::builder("waf-log")
        .listener(listener("lines", json!({ "perSecond": 0 })))
        .listener(listener("json", json!({ "format": "json" })))
        .listener(listener("few", json!({ "perSecond": 3 })))
        .listener(listener("quiet", json!({ "matches": "off" })))
        .start()
        .unwrap()
});

/// The lines about matches that hold this text.
fn lines(needle: &str) -> Vec<String> {
    let lines = RIG.envoy.log_lines(needle).into_iter();
    lines.filter(|line| line.contains("ModSecurity: ") || line.contains("rule matched")).collect()
}

#[test]
fn a_match_is_one_line_with_the_requests_id() {
    let mark = b"quotes \" and \\ back\tslashes ] [id \"1\"] \xff\xc3\xa4 end";
    let request = Request::get("/one%22line?q=1").field("x-mark", mark);
    assert_eq!(RIG.connect("lines").exchange(&request).unwrap().status, 200);
    let access = RIG.envoy.access_line("lines", "one%22line").unwrap();
    let id = access.rsplit("id=").next().unwrap();
    let found = lines(&format!("[unique_id \"{id}\"]"));
    let [line] = found.as_slice() else { panic!("{found:?}") };
    let shown = r"quotes \x22 and \x5c back\x09slashes ] [id \x221\x22] \xff\xc3\xa4 end";
    for part in [
        "[warning][wasm]",
        "[client \"127.0.0.1\"] ModSecurity: Warning. Matched \"Operator `Rx' with parameter `.' against variable `REQUEST_HEADERS:x-mark'",
        "[line \"3\"] [id \"7\"] [rev \"\"]",
        &format!("[msg \"mark {shown}\"] [data \"{shown}\"] [severity \"2\"] [ver \"v1\"]"),
        "[tag \"seen\"] [hostname \"test\"] [uri \"/one\\x22line\"]",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    assert_eq!(line.matches("[id \"").count(), 1, "{line}");
    RIG.assert_sound();
}

#[test]
fn what_is_stopped_says_so() {
    assert_eq!(RIG.connect("lines").exchange(&Request::get("/stopped?stop=1")).unwrap().status, 406);
    let found = lines("[uri \"/stopped\"]");
    assert!(
        found.len() == 1 && found[0].contains("ModSecurity: Access denied with code 406 (phase 1). "),
        "{found:?}"
    );
}

#[test]
fn credentials_are_in_no_line() {
    for listener in ["lines", "json"] {
        let request =
            Request::post(format!("/secret/{listener}?access_token=hunter2"), "user=ada&password=hunter2")
                .field("content-type", "application/x-www-form-urlencoded")
                .field("authorization", "Bearer hunter2")
                .field("cookie", "sid=hunter2");
        assert_eq!(RIG.connect(listener).exchange(&request).unwrap().status, 200);
        let found = lines(&format!("/secret/{listener}"));
        assert!(!found.is_empty());
    }
    let leaks: Vec<String> = RIG
        .envoy
        .log_lines("hunter2")
        .into_iter()
        .filter(|line| !line.contains("with parameter `hunter2'"))
        .collect();
    assert_eq!(leaks, [""; 0]);
    let leaks =
        lines("with parameter `hunter2'").into_iter().filter(|line| line.matches("hunter2").count() > 1);
    assert_eq!(leaks.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_line_may_be_json() {
    let request = Request::get("/json").field("x-mark", b"a\"b\xff");
    assert_eq!(RIG.connect("json").exchange(&request).unwrap().status, 200);
    let found = lines("\"uri\":\"/json\"");
    let line = found.first().unwrap();
    let record: Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
    assert_eq!(
        (&record["rule_msg"], &record["rule"], &record["severity"]),
        (&json!("mark a\"b\u{ff}"), &json!(7), &json!(2))
    );
    assert!(record["request_id"].as_str().is_some_and(|id| id.len() > 10), "{record}");
}

#[test]
fn a_flood_is_counted_and_not_written() {
    let mut client = RIG.connect("few");
    for _ in 0..200 {
        let request = Request::get("/flood").field("x-mark", "x");
        assert_eq!(client.exchange(&request).unwrap().status, 200);
    }
    // Two seconds may be touched, or on a slow machine a few more.
    let written = lines("[uri \"/flood\"]").len();
    assert!((3..=60).contains(&written), "{written} lines");
    let count = "matches of this second are not logged";
    RIG.envoy.wait_for_log(count, Duration::from_secs(10)).unwrap();
    let left_out = || -> usize {
        let words =
            |line: &String| line.split("ModSecurity: ").nth(1)?.split(' ').next()?.parse::<usize>().ok();
        RIG.envoy.log_lines(count).iter().filter_map(words).sum()
    };
    let counted = RIG.envoy.wait_until(Duration::from_secs(10), || left_out() + written == 200);
    assert!(counted.is_ok(), "{written} written, {} counted", left_out());
}

#[test]
fn off_is_off() {
    let request = Request::get("/quiet").field("x-mark", "x");
    assert_eq!(RIG.connect("quiet").exchange(&request).unwrap().status, 200);
    assert_eq!(lines("/quiet"), [""; 0]);
}
