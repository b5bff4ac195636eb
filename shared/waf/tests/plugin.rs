//! The engine as the host drives it: data in, verdicts out.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_core::{
    Body, BodyState, Boot, Effect, Exchange, Flow, Headers, Level, MapStore, Plugin, RequestVerdict, Stream,
    Summary,
};
use portcullis_waf::{MetricsConfig, ReplyConfig, Waf, WafConfig};
use std::rc::Rc;

fn boot() -> Boot {
    Boot { fuel: 1 << 30, max_body: 65_536, hold_headers: true, ..Boot::default() }
}

fn config(text: &str) -> WafConfig {
    WafConfig { rules: vec![text.to_owned()], ..WafConfig::default() }
}

fn waf(text: &str) -> Rc<Waf> {
    Waf::compile(vec![config(text)], &boot()).unwrap().remove(0)
}

fn exchange(path: &str, kind: &str) -> Exchange {
    let request = Headers::from_pairs([
        (":method", "POST"),
        (":path", path),
        (":authority", "a.example:8080"),
        ("content-type", kind),
        ("user-agent", "test"),
    ]);
    let request_body = BodyState { present: true, ..BodyState::default() };
    Exchange {
        request,
        request_body,
        log_level: Some(Level::Warn),
        source: "[::1]:4711".into(),
        ..Exchange::default()
    }
}

fn status(verdict: &RequestVerdict) -> Option<u16> {
    match &verdict.flow {
        Flow::Reply(reply) => Some(reply.status),
        _ => None,
    }
}

#[test]
fn denies_at_the_headers() {
    let waf = waf(
        "SecRuleEngine On\nSecRule ARGS \"@detectSQLi\" \"id:7,phase:1,deny,msg:'no %{ARGS.id}',logdata:'found'\"",
    );
    let exchange = exchange("/?id=1'%20or%20'1'='1", "text/plain");
    let verdict = waf.stream(&exchange).request_headers(&exchange, &mut MapStore::default());
    assert_eq!(status(&verdict), Some(403));
    let state = |field: &str| {
        verdict.effects.iter().find_map(|effect| match effect {
            Effect::State { field: name, value } if *name == field => {
                Some(String::from_utf8_lossy(value).into_owned())
            }
            _ => None,
        })
    };
    assert_eq!((state("action").as_deref(), state("rule_ids").as_deref()), (Some("deny"), Some("7")));
    let Flow::Reply(reply) = &verdict.flow else { unreachable!() };
    assert_eq!(reply.message, "request blocked");
}

#[test]
fn matches_are_counted_by_family_phase_action_and_listed_host() {
    let rules = "SecRuleEngine On\nSecAction \"id:3,phase:1,nolog,pass,setvar:tx.outbound_anomaly_score=4\"\n\
                 SecRule ARGS a \"id:1,phase:1,deny,tag:'attack-sqli'\"";
    let metrics = MetricsConfig {
        authorities: vec!["a.example:8080".into()],
        coraza: true,
        ..MetricsConfig::default()
    };
    let config = WafConfig { metrics, ..config(rules) };
    let waf = Waf::compile(vec![config], &boot()).unwrap().remove(0);
    let names: Vec<String> = waf.needs().metrics.into_iter().map(|spec| spec.name).collect();
    let counted = |host: &str| {
        let mut exchange = exchange("/?x=a", "text/plain");
        exchange.request =
            Headers::from_pairs([(":method", "GET"), (":path", "/?x=a"), (":authority", host)]);
        let (mut stream, mut store) = (waf.stream(&exchange), MapStore::default());
        let verdict = stream.request_headers(&exchange, &mut store);
        let of = |effect: &Effect| match effect {
            Effect::Count { metric, by: 1 } => names.get(usize::from(metric.0)).cloned(),
            _ => None,
        };
        let ended = stream.log(&exchange, &Summary::default(), &mut store);
        let scores = ended.iter().filter(|effect| {
            matches!(effect, Effect::State { field: "outbound_anomaly_score", value } if value == b"4")
        });
        assert_eq!(scores.count(), 1, "{ended:?}");
        let counted: Vec<String> = verdict.effects.iter().filter_map(of).collect();
        counted
            .into_iter()
            .filter(|name| name.contains("matches_total") || name.starts_with('/'))
            .collect::<Vec<_>>()
    };
    let expected = |host: &str, whole: &str| {
        [
            format!("matches_total.family.sqli.phase.request_headers.action.deny.authority.{host}"),
            format!("/waf_filter.tx.interruptions_ruleid=1_phase=http_request_headers_authority={whole}"),
            "/waf_filter.tx.total".to_owned(),
        ]
    };
    assert_eq!(counted("A.example:8080"), expected("a_example_8080", "a.example:8080"));
    assert_eq!(counted("b.example"), expected("other", "other"));
}

#[test]
fn pages_are_those_of_the_configuration() {
    let rules = "SecRuleEngine On\nSecRule ARGS a \"id:1,phase:1,deny,status:418\"\n\
                 SecRule ARGS b \"id:2,phase:1,redirect:'https://x.example/'\"";
    let json = Some(r#"{"incident":"{{incident}}"}"#.to_owned());
    let config = WafConfig { reply: ReplyConfig { json, ..ReplyConfig::default() }, ..config(rules) };
    let waf = Waf::compile(vec![config], &boot()).unwrap().remove(0);
    let rendered = |path: &str| {
        let mut exchange = exchange(path, "application/json");
        exchange.request = Headers::from_pairs(
            exchange.request.iter().chain([(&b"x-request-id"[..], &b"6f-1"[..])]).collect::<Vec<_>>(),
        );
        let verdict = waf.stream(&exchange).request_headers(&exchange, &mut MapStore::default());
        let Flow::Reply(reply) = &verdict.flow else { unreachable!() };
        reply.render(&exchange.request)
    };
    let page = rendered("/?x=a");
    assert_eq!((page.status, page.body.as_slice()), (418, &br#"{"incident":"6f-1"}"#[..]));
    let elsewhere = rendered("/?x=b");
    assert_eq!(
        (elsewhere.status, elsewhere.headers.get("location")),
        (302, Some(&b"https://x.example/"[..]))
    );
    assert!(String::from_utf8_lossy(&elsewhere.body).contains("6f-1"));
}

#[test]
fn denies_by_a_json_body() {
    let waf = waf("Include @builtin");
    let exchange = exchange("/orders", "application/json");
    let (mut stream, mut store) = (waf.stream(&exchange), MapStore::default());
    let wish = stream.request_headers(&exchange, &mut store).body;
    assert!(matches!(wish, Some(Body::Whole { max: 65_536, .. })), "{wish:?}");
    let body = br#"{"user":{"name":"1' or '1'='1"}}"#;
    assert_eq!(status(&stream.request_body(&exchange, body, &mut store)), None);
    assert_eq!(status(&stream.request_end(&exchange, &mut store)), Some(403));
}

#[test]
fn detection_only_stops_nothing() {
    let waf = waf("Include @builtin\nSecRuleEngine DetectionOnly");
    let exchange = exchange("/?id=1'%20or%20'1'='1", "text/plain");
    let (mut stream, mut store) = (waf.stream(&exchange), MapStore::default());
    assert_eq!(status(&stream.request_headers(&exchange, &mut store)), None);
    let verdict = stream.request_end(&exchange, &mut store);
    assert_eq!(verdict.flow, Flow::Continue);
    assert!(
        verdict
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::State { field: "action", value } if value == b"detect"))
    );
    assert!(verdict.effects.iter().any(|effect| matches!(effect, Effect::Line { level: Level::Warn, .. })));
}

#[test]
fn without_fuel_the_host_decides() {
    let boot = Boot { fuel: 20, ..boot() };
    let waf = Waf::compile(vec![config("Include @builtin")], &boot).unwrap().remove(0);
    let exchange = exchange("/?id=1", "text/plain");
    let verdict = waf.stream(&exchange).request_headers(&exchange, &mut MapStore::default());
    assert!(matches!(verdict.flow, Flow::Fail(_)), "{verdict:?}");
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let error =
        |text: &str| Waf::compile(vec![config("Include @builtin"), config(text)], &boot()).unwrap_err();
    for (text, expected) in [
        ("SecFoo a", "rules[0]: 1:1: unknown directive `SecFoo`"),
        ("\n SecRule FOO \"a\" \"id:1\"", "rules[0]: 2:10: unknown variable `FOO`"),
        ("SecRule ARGS \"@nope a\" \"id:1\"", "rules[0]: 1:14: unknown operator `@nope`"),
        ("SecRule ARGS \"a\" \"id:1,t:nope\"", "rules[0]: 1:24: unknown transformation `nope`"),
        (
            "SecRule ARGS \"a\" \"id:1,exec:/bin/x\"",
            "rules[0]: 1:24: action `exec` is not supported: a sandbox runs no programs",
        ),
        (
            "SecRule ARGS \"(?<=a+)b\" \"id:1\"",
            "rules[0]: 1:14: pattern `(?<=a+)b` uses look-behind, which is not supported",
        ),
        ("SecRule ARGS \"(a\" \"id:1\"", "rules[0]: 1:14: pattern `(a` cannot be used: unclosed group"),
        (
            "SecRule ARGS \"@rbl x\" \"id:1\"",
            "rules[0]: 1:14: operator `@rbl` is not supported: a sandbox has no DNS",
        ),
        ("SecRule ARGS a", "rules[0]: 1:1: the rule has no `id`"),
        ("SecAction id:1\nSecAction id:1", "rules[0]: 2:1: rule id `1` is used twice"),
        ("SecRuleScript a.lua", "rules[0]: 1:1: `SecRuleScript` is not supported: there is no Lua"),
        ("Include @nope", "rules[0]: 1:1: there is no text `@nope`"),
    ] {
        let error = error(text);
        assert_eq!(error.config, 1);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn equal_rules_are_compiled_once_and_guard_the_same() {
    let configs = vec![config("Include @builtin"), config("Include @builtin"), config("SecRuleEngine Off")];
    let wafs = Waf::compile(configs, &boot()).unwrap();
    let [first, second, off] = wafs.as_slice() else { unreachable!() };
    assert!(!first.is_weaker_than(second) && off.is_weaker_than(first));
    assert!(first.needs().held_headers.is_some() && off.needs().held_headers.is_none());
}
