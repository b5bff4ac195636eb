//! Requests, and the route that each is given.

use super::*;
use serde_json::json;

/// Routes as `match` objects, of which those named weak guard less; gives the name of the first that matches.
fn chosen(routes: &[(&str, Value)], request: &[(&str, &str)]) -> String {
    let headers = Headers::from_pairs(request.iter().copied());
    let property = |path: &[&str]| match path.join("/").as_str() {
        "xds/route_name" => Some(b"named".to_vec()),
        "xds/route_metadata/filter_metadata/my.ns/tier" => Some(b"gold".to_vec()),
        _ => None,
    };
    let view = View::new(&headers, &property);
    let takes = |(name, value): &&(&str, Value)| {
        let matcher = Matcher::compile(value.clone()).unwrap();
        !(name.starts_with("weak") && view.is_disguised()) && matcher.matches(&view)
    };
    routes.iter().find(takes).map_or("default", |(name, _)| name).to_owned()
}

#[track_caller]
fn check(matching: Value, request: &[(&str, &str)], expected: bool) {
    let routes = [("it", matching.clone())];
    assert_eq!(chosen(&routes, request) == "it", expected, "{matching} {request:?}");
}

fn path(path: &str) -> [(&str, &str); 3] {
    [(":method", "GET"), (":authority", "a.example"), (":path", path)]
}

#[test]
fn paths() {
    let exact = json!({"paths": [{"exact": "/a/b"}]});
    for (text, expected) in
        [("/a/b", true), ("/a/b?x=1", true), ("/a/%62", true), ("/a/b/", false), ("/a", false)]
    {
        check(exact.clone(), &path(text), expected);
    }
    let prefix = json!({"paths": [{"prefix": "/api"}]});
    for (text, expected) in
        [("/api", true), ("/api/x", true), ("/apix", false), ("/API", false), ("/x/../api", true)]
    {
        check(prefix.clone(), &path(text), expected);
    }
    let below = json!({"paths": [{"prefix": "/api/"}]});
    for (text, expected) in [("/api", false), ("/api/", true), ("/api/x", true)] {
        check(below.clone(), &path(text), expected);
    }
    let regex = json!({"paths": [{"regex": "/v[0-9]+/.*"}]});
    for (text, expected) in
        [("/v1/x", true), ("/vx/", false), ("/a/v1/", false), ("/%76%31/x", true), ("/v1", false)]
    {
        check(regex.clone(), &path(text), expected);
    }
    check(json!({"paths": [{"prefix": "/"}]}), &path("/anything"), true);
}

#[test]
fn hosts() {
    let request = |host| [(":method", "GET"), (":path", "/"), (":authority", host)];
    let exact = json!({"hosts": ["A.example."]});
    for (host, expected) in [
        ("a.example", true),
        ("A.EXAMPLE", true),
        ("a.example:8443", true),
        ("a.example.", true),
        ("a.example.:80", true),
        ("b.a.example", false),
        ("a.example.evil", false),
        ("a.example,b", false),
    ] {
        check(exact.clone(), &request(host), expected);
    }
    let below = json!({"hosts": ["*.example"]});
    for (host, expected) in
        [("a.example", true), ("a.b.example", true), ("example", false), (".example", false)]
    {
        check(below.clone(), &request(host), expected);
    }
    check(json!({"hosts": ["[::1]"]}), &request("[::1]:8080"), true);
    check(json!({"hosts": ["*"]}), &request("any"), true);
}

#[test]
fn methods_headers_and_properties() {
    let request = [(":method", "POST"), (":path", "/"), (":authority", "a"), ("x-a", "one"), ("x-a", "two")];
    check(json!({"methods": ["GET", "POST"]}), &request, true);
    check(json!({"methods": ["GET"]}), &request, false);
    check(json!({"headers": [{"name": "X-A", "exact": "two"}]}), &request, true);
    check(json!({"headers": [{"name": "x-a", "prefix": "on"}]}), &request, true);
    check(json!({"headers": [{"name": "x-a", "regex": "t.o"}]}), &request, true);
    check(
        json!({"headers": [{"name": "x-a", "present": true}, {"name": "x-b", "present": true}]}),
        &request,
        false,
    );
    check(json!({"routeName": "named"}), &request, true);
    check(json!({"routeName": "other"}), &request, false);
    check(json!({"routeMetadata": {"my.ns": {"tier": "gold"}}}), &request, true);
    check(json!({"routeMetadata": {"my.ns": {"tier": "tin"}}}), &request, false);
    check(json!({"methods": ["POST"], "paths": [{"exact": "/x"}]}), &request, false);
}

#[test]
fn a_disguised_path_reaches_no_route_that_guards_less() {
    let routes = [
        ("weak", json!({"paths": [{"prefix": "/static/"}]})),
        ("api", json!({"paths": [{"prefix": "/api"}]})),
    ];
    assert_eq!(chosen(&routes, &path("/static/a.css")), "weak");
    assert_eq!(chosen(&routes, &path("/static/a%20b.css")), "weak");
    for disguised in [
        "/static/../api/users",
        "/static/..%2fapi/users",
        "/static/%2e%2e/api",
        "/api/..;/static/x",
        "/api//../static/x",
        "/static/x;/../../api",
        "/static\\..\\api",
        "/static/%5c..%5capi",
        "//static/x",
        "/static/%252e%252e/api",
        "/static/x%00/api",
        "/./static/x",
    ] {
        assert_ne!(chosen(&routes, &path(disguised)), "weak", "{disguised}");
    }
    assert_eq!(chosen(&routes, &path("/static/../api/users")), "api");
}

#[test]
fn the_first_that_matches_is_taken() {
    let routes =
        [("one", json!({"paths": [{"prefix": "/a"}]})), ("two", json!({"paths": [{"prefix": "/a/b"}]}))];
    assert_eq!(chosen(&routes, &path("/a/b")), "one");
    assert_eq!(chosen(&routes, &path("/b")), "default");
}

#[test]
fn a_disguise_is_never_taken_for_plain() {
    arbtest::arbtest(|u| {
        let parts = [
            "/", "a", "static", ".", "..", "%2f", "%2e", "%5C", "\\", ";", "%25", "%61", "//", "%00", "?q",
            "%",
        ];
        let raw: String = (0..u.int_in_range(1..=8)?).map(|_| *u.choose(&parts).unwrap_or(&"/")).collect();
        let decoded = DecodedPath::new(raw.as_bytes());
        if !decoded.is_disguised() && raw.starts_with('/') {
            // What is not disguised has the same number of segments raw and decoded, and none that a server resolves.
            let segments = |path: &[u8]| path.split(|&byte| byte == b'/').count();
            assert_eq!(segments(raw.as_bytes()), segments(decoded.as_bytes()), "{raw}");
            assert!(!raw.to_ascii_lowercase().contains("%2f") && !raw.contains(';'), "{raw}");
        }
        Ok(())
    })
    .budget_ms(500);
}

#[test]
fn covered_routes_are_found_and_others_are_not() {
    let unreachable_count = |a: Value, b: Value| {
        let matchers = [Matcher::compile(a).unwrap(), Matcher::compile(b).unwrap()];
        let lints: Vec<Lint<'_>> = matchers.iter().map(|matcher| Lint { matcher, covers: true }).collect();
        unreachable(&lints).len()
    };
    let paths = |text: &str| json!({"paths": [{"prefix": text}]});
    assert_eq!(unreachable_count(paths("/a"), paths("/a/b")), 1);
    assert_eq!(unreachable_count(paths("/a"), paths("/ab")), 0);
    assert_eq!(unreachable_count(paths("/a/b"), paths("/a")), 0);
    assert_eq!(unreachable_count(json!({"hosts": ["*.x"]}), json!({"hosts": ["a.x", "*.b.x"]})), 1);
    assert_eq!(unreachable_count(json!({"hosts": ["*.x"]}), json!({"hosts": ["x"]})), 0);
    assert_eq!(unreachable_count(json!({"methods": ["GET"]}), json!({"methods": ["GET", "PUT"]})), 0);
    assert_eq!(
        unreachable_count(json!({"methods": ["GET"]}), json!({"methods": ["GET"], "hosts": ["x"]})),
        1
    );
}
