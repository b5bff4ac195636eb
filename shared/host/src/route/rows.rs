//! Rows of (routes, request, chosen), through the envelope.

use crate::envelope::{self, Loaded};
use portcullis_core::{Boot, ConfigError, Exchange, Headers, Needs, Plugin, Stream};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Settings with a strength; less of it guards less.
struct Guard(u8);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardConfig {
    #[serde(default = "middle")]
    strength: u8,
}

fn middle() -> u8 {
    5
}

struct Nothing;
impl Stream for Nothing {}

impl Plugin for Guard {
    const NAME: &'static str = "guard";
    type Config = GuardConfig;
    type Stream = Nothing;

    fn compile(configs: Vec<GuardConfig>, _: &Boot) -> Result<Vec<Rc<Guard>>, ConfigError> {
        Ok(configs.into_iter().map(|config| Rc::new(Guard(config.strength))).collect())
    }
    fn needs(&self) -> Needs {
        Needs::default()
    }
    fn stream(self: &Rc<Self>, _: &Exchange) -> Nothing {
        Nothing
    }
    fn is_weaker_than(&self, default: &Guard) -> bool {
        self.0 < default.0
    }
}

fn load(routes: &str) -> Loaded<Guard> {
    let json =
        format!(r#"{{"version": 1, "trustedHeaders": ["X-Zone"], "routes": [{routes}], "default": {{}}}}"#);
    envelope::load(json.as_bytes(), BTreeMap::new(), Duration::ZERO).unwrap()
}

/// `METHOD authority path`, then `|name=value` as often as needed.
fn request(line: &str) -> Headers {
    let mut parts = line.split('|');
    let mut first = parts.next().unwrap().splitn(3, ' ');
    let mut pairs = vec![
        (":method", first.next().unwrap()),
        (":authority", first.next().unwrap()),
        (":path", first.next().unwrap_or_default()),
    ];
    pairs.extend(parts.map(|field| field.split_once('=').unwrap()));
    Headers::from_pairs(pairs)
}

fn property(path: &[&str]) -> Option<Vec<u8>> {
    match path {
        ["xds", "route_name"] => Some(b"shop".to_vec()),
        ["xds", "route_metadata", "filter_metadata", "a.b", "tier"] => Some(b"gold".to_vec()),
        _ => None,
    }
}

const STATIC: &str = r#"{"match": {"paths": [{"prefix": "/static"}]}, "mode": "disabled"}"#;
const ALLOW: &str = r#"{"match": {"paths": [{"exact": "/health"}]}, "onError": "allow"}"#;
const ADMIN: &str = r#"{"match": {"paths": [{"prefix": "/admin"}]}, "strength": 9}"#;
const HOSTS: &str = r#"{"match": {"hosts": ["Example.com", "*.Shop.example.", "[::1]"]}, "strength": 9}"#;
const WEAK_HOST: &str = r#"{"match": {"hosts": ["cdn.example"]}, "strength": 1}"#;
const METHODS: &str = r#"{"match": {"methods": ["GET", "HEAD"]}}"#;
const REGEX: &str = r#"{"match": {"paths": [{"regex": "/v[0-9]+/.*"}, {"exact": "/a b"}]}}"#;
const ZONE: &str = r#"{"match": {"headers": [{"name": "x-zone", "exact": "inner"}]}, "mode": "shadow"}"#;
const AGENT: &str =
    r#"{"match": {"headers": [{"name": "User-Agent", "regex": "(?i)bot.*"}]}, "strength": 9}"#;
const NAMED: &str = r#"{"match": {"routeName": "shop", "routeMetadata": {"a.b": {"tier": "gold"}}}}"#;
const OTHER_NAME: &str = r#"{"match": {"routeName": "other"}}"#;

const ROWS: &[(&[&str], &str, Option<usize>)] = &[
    (&[STATIC], "GET a /static", Some(0)),
    (&[STATIC], "GET a /static/x.css?v=%2f;", Some(0)),
    (&[STATIC], "GET a /static/a%20b.css", Some(0)),
    (&[STATIC], "GET a /static/caf%C3%A9", Some(0)),
    (&[STATIC], "GET a /statics", None),
    (&[STATIC], "GET a /static/../admin", None),
    (&[STATIC], "GET a /static/..%2fadmin", None),
    (&[STATIC], "GET a /static/%2E%2e/admin", None),
    (&[STATIC], "GET a /static/..;/admin", None),
    (&[STATIC], "GET a /static/..%3b/admin", None),
    (&[STATIC], "GET a /static/..%5Cadmin", None),
    (&[STATIC], "GET a /static\\..\\admin", None),
    (&[STATIC], "GET a /static/%252e%252e/admin", None),
    (&[STATIC], "GET a /static/%c0%ae%c0%ae/admin", None),
    (&[STATIC], "GET a /static/%u002e%u002e/admin", None),
    (&[STATIC], "GET a /static//x", None),
    (&[STATIC], "GET a /static/./x", None),
    (&[STATIC], "GET a /static/%00", None),
    (&[STATIC], "GET a /static/%0d%0ax", None),
    (&[STATIC], "GET a /static/x%3f", None),
    (&[STATIC], "GET a /static/x%23", None),
    (&[STATIC], "GET a //static/x", None),
    (&[STATIC], "GET a /x/../static/x", None),
    (&[STATIC], "GET a /static;x=1", None),
    (&[STATIC], "GET a static/x", None),
    (&[STATIC], "CONNECT a:443", None),
    (&[ALLOW], "GET a /health", Some(0)),
    (&[ALLOW], "GET a /health/", None),
    (&[ALLOW], "GET a /health;", None),
    (&[ADMIN], "GET a /admin", Some(0)),
    (&[ADMIN], "GET a /admin;x=1/y", Some(0)),
    (&[ADMIN], "GET a /x/..%2f%61dmin/y", Some(0)),
    (&[ADMIN], "GET a //admin//", Some(0)),
    (&[ADMIN], "GET a /\\admin", Some(0)),
    (&[ADMIN], "GET a /administrator", None),
    (&[HOSTS], "GET EXAMPLE.com:8443 /", Some(0)),
    (&[HOSTS], "GET example.com. /", Some(0)),
    (&[HOSTS], "GET example.com.:80 /", Some(0)),
    (&[HOSTS], "GET a.b.SHOP.example /", Some(0)),
    (&[HOSTS], "GET shop.example /", None),
    (&[HOSTS], "GET [::1]:80 /", Some(0)),
    (&[HOSTS], "GET evil-example.com /", None),
    (&[WEAK_HOST], "GET CDN.example:80 /a%20b", Some(0)),
    (&[WEAK_HOST], "GET cdn.example /a%2fb", None),
    (&[WEAK_HOST], "GET cdn.example:80@admin.example /", None),
    (&[WEAK_HOST], "GET cdn.example:80,admin.example /", None),
    (&[ADMIN, WEAK_HOST], "GET cdn.example /admin", Some(0)),
    (&[ADMIN, WEAK_HOST], "GET cdn.example /x", Some(1)),
    (&[ADMIN, WEAK_HOST], "GET cdn.example /%2561dmin", None),
    (&[METHODS], "HEAD a /", Some(0)),
    (&[METHODS], "POST a /", None),
    (&[REGEX], "GET a /v12/x", Some(0)),
    (&[REGEX], "GET a /x/v12/x", None),
    (&[REGEX], "GET a /a%20b", Some(0)),
    (&[ZONE], "GET a /|x-zone=inner", Some(0)),
    (&[ZONE], "GET a /", None),
    (&[AGENT], "GET a /|user-agent=Bot 1", Some(0)),
    (&[AGENT], "GET a /|user-agent=Robot 1", None),
    (&[NAMED], "GET a /", Some(0)),
    (&[OTHER_NAME, NAMED], "GET a /", Some(1)),
];

#[test]
fn every_request_gets_the_route_of_its_row() {
    assert!(ROWS.len() >= 40);
    for (routes, line, expected) in ROWS {
        let loaded = load(&routes.join(", "));
        assert_eq!(loaded.choose(&request(line), property).index, *expected, "{line} by {routes:?}");
    }
}

#[test]
fn a_disabled_route_is_not_reached_in_disguise_under_shadow_either() {
    let json = format!(r#"{{"version": 1, "mode": "shadow", "routes": [{STATIC}], "default": {{}}}}"#);
    let loaded: Loaded<Guard> = envelope::load(json.as_bytes(), BTreeMap::new(), Duration::ZERO).unwrap();
    assert_eq!(loaded.choose(&request("GET a /static/..;/x"), property).index, None);
    assert_eq!(loaded.choose(&request("GET a /static/x"), property).index, Some(0));
}

#[test]
fn a_hundred_routes_load_in_little_time() {
    let route =
        |n| format!(r#"{{"match": {{"hosts": ["h{n}.example"], "paths": [{{"prefix": "/p{n}"}}]}}}}"#);
    let routes: Vec<String> = (0..100).map(route).collect();
    let start = Instant::now();
    load(&routes.join(","));
    // A tenth of this in a release build; the bound catches what would grow out of all proportion.
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}
