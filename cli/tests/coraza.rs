//! The configuration of coraza-proxy-wasm: its users change the module and nothing else.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_core::{Body, BodyState, Exchange, Flow, Headers, MapStore, Stream};
use portcullis_host::envelope::{Loaded, Mode, load};
use portcullis_waf::Waf;
use std::collections::BTreeMap;
use std::time::Duration;

fn loaded(json: &str) -> Result<Loaded<Waf>, String> {
    load(json.as_bytes(), BTreeMap::new(), Duration::ZERO).map_err(|error| error.to_string())
}

/// The status of the reply to a GET; 0 if it passes, `None` if the filter is not asked.
fn status(loaded: &Loaded<Waf>, authority: &str, path: &str) -> Option<u16> {
    let request = Headers::from_pairs([(":method", "GET"), (":path", path), (":authority", authority)]);
    let route = loaded.choose(&request, |_| None);
    if route.mode == Mode::Disabled {
        return None;
    }
    let exchange = Exchange { request, request_body: BodyState::default(), ..Exchange::default() };
    let (mut stream, mut store) =
        (portcullis_core::Plugin::stream(&route.plugin, &exchange), MapStore::default());
    let verdict = stream.request_headers(&exchange, &mut store);
    assert!(!matches!(verdict.body, Some(Body::Chunks { .. })));
    match verdict.flow {
        Flow::Reply(reply) => Some(reply.status),
        _ => Some(0),
    }
}

const SETS: &str = r#"{
    "directives_map": {
        "default": ["SecDebugLogLevel 9", "SecRuleEngine On",
            "SecRule REQUEST_URI \"@streq /admin\" \"id:101,phase:1,t:lowercase,deny\""],
        "strict": ["SecRuleEngine On",
            "SecRule REQUEST_URI \"@beginsWith /a\" \"id:101,phase:1,deny,status:406,chain\"",
            "SecRule REQUEST_METHOD \"@streq GET\""],
        "off": []
    },
    "default_directives": "default",
    "metric_labels": {"owner": "coraza", "identifier": "global"},
    "per_authority_directives": {"foo.example.com:8080": "strict", "foo.example.com": "strict", "Bar.example.com": "off"}
}"#;

#[test]
fn sets_go_by_authority() {
    let loaded = loaded(SETS).unwrap();
    assert_eq!(status(&loaded, "shop.example.com", "/admin"), Some(403));
    assert_eq!(status(&loaded, "shop.example.com", "/about"), Some(0));
    // A chain goes on over the entries of a set, and a port makes no difference.
    for authority in ["foo.example.com", "foo.example.com:8080", "FOO.example.com:9"] {
        assert_eq!(status(&loaded, authority, "/about"), Some(406), "{authority}");
        assert_eq!(status(&loaded, authority, "/x"), Some(0), "{authority}");
    }
    assert_eq!(status(&loaded, "bar.example.com", "/admin"), Some(0));
    let names: Vec<String> = loaded.default_metrics();
    for series in
        ["/waf_filter.tx.total", "/waf_filter.tx.interruptions_ruleid=101_phase=http_request_headers"]
    {
        assert!(names.iter().any(|name| name.starts_with(series)), "{series}: {names:?}");
    }
    let labelled = names.iter().find(|name| name.contains("interruptions")).unwrap();
    assert!(labelled.contains("_identifier=global") && labelled.contains("_owner=coraza"), "{labelled}");
}

/// What a test asks of all settings.
trait Named {
    fn default_metrics(&self) -> Vec<String>;
}

impl Named for Loaded<Waf> {
    fn default_metrics(&self) -> Vec<String> {
        let settings = self.settings().last().unwrap();
        portcullis_core::Plugin::needs(&**settings).metrics.iter().map(|spec| spec.name.clone()).collect()
    }
}

#[test]
fn without_a_default_set_nothing_is_inspected_but_what_has_one() {
    let loaded = loaded(
        r#"{"directives_map": {"a": ["SecRuleEngine On", "SecAction \"id:1,phase:1,deny\""]},
            "per_authority_directives": {"a.example": "a", "[2001:db8::1]:80": "a"}, "metric_labels": null}"#,
    )
    .unwrap();
    assert_eq!(status(&loaded, "a.example", "/"), Some(403));
    assert_eq!(status(&loaded, "[2001:db8::1]", "/"), Some(403));
    assert_eq!(status(&loaded, "b.example", "/"), None);
}

#[test]
fn a_body_may_be_stopped_late() {
    // What Coraza's users run: bodies on, blocking, headers not held.
    let demo = r#"{"directives_map": {"default": ["Include @demo-conf", "SecDebugLogLevel 9",
        "SecRule REQUEST_BODY \"@rx attack\" \"id:100,phase:2,deny\""]}, "default_directives": "default"}"#;
    assert!(loaded(demo).is_ok(), "{:?}", loaded(demo).err());
    for name in ["@demo-conf", "@ftw-conf", "@recommended-conf", "@coraza.conf-recommended"] {
        let json = format!(r#"{{"directives_map": {{"d": ["Include {name}"]}}, "default_directives": "d"}}"#);
        assert!(loaded(&json).is_ok(), "{name}: {:?}", loaded(&json).err());
    }
}

#[test]
fn what_is_wrong_is_named_by_its_field() {
    for (json, expected) in [
        (
            r#"{"directives_map": {"a": []}, "default_directives": "b"}"#,
            "default_directives: there is no set `b` in `directives_map`",
        ),
        (
            r#"{"directives_map": {"a": []}, "per_authority_directives": {"x.example": "b"}}"#,
            "per_authority_directives.x.example: there is no set `b` in `directives_map`",
        ),
        (
            r#"{"directives_map": {"a": [], "b": []}, "per_authority_directives": {"x:1": "a", "x:2": "b"}}"#,
            "per_authority_directives.x:2: `x` has the set `a` already; ports make no difference here",
        ),
        (
            r#"{"directives_map": {"a": "SecRuleEngine On"}}"#,
            "directives_map.a: invalid type: string \"SecRuleEngine On\", expected a sequence",
        ),
        (
            r#"{"directives_map": {"a": ["SecRuleEngine On", "SecRule ARGS \"@nothing\" \"id:1\""]}, "default_directives": "a"}"#,
            "default.rules[0]: 2:14: unknown operator `@nothing`",
        ),
        (
            r#"{"directives_map": {}, "metric_labels": {"a b": "c"}, "default_directives": "x"}"#,
            "default_directives: there is no set `x` in `directives_map`",
        ),
    ] {
        assert_eq!(loaded(json).err().unwrap(), expected, "{json}");
    }
    let unknown = loaded(r#"{"directives_map": {}, "onError": "allow"}"#).err().unwrap();
    assert!(unknown.contains("unknown field `onError`"), "{unknown}");
}
