//! Decisions of whole exchanges: settings and a request in, a verdict out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop the test where they fail"
)]

use portcullis_core::{
    Access, Body, Boot, Edit, Exchange, FailureKind, Flow, Headers, MapStore, Over, Plugin, RequestVerdict,
    Stream,
};
use portcullis_policy::Authz;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Duration;

const HEAD: &str = "package envoy.authz\n";

fn boot() -> Boot {
    Boot { fuel: 20_000_000, max_body: 1 << 20, ..Boot::default() }
}

fn compile(config: Value) -> Result<Rc<Authz>, String> {
    let config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    let mut all = Authz::compile(vec![config], &boot()).map_err(|error| error.to_string())?;
    Ok(all.pop().unwrap())
}

fn policy(text: &str) -> Rc<Authz> {
    compile(json!({"policies": {"p.rego": format!("{HEAD}{text}")}})).unwrap()
}

fn get(path: &str) -> Exchange {
    let request =
        Headers::from_pairs([(":method", "GET"), (":path", path), (":authority", "h"), (":scheme", "http")]);
    Exchange { request, time: Duration::from_secs(1_700_000_000), ..Exchange::default() }
}

fn post(body_type: &str) -> Exchange {
    let request = Headers::from_pairs([(":method", "POST"), (":path", "/"), ("content-type", body_type)]);
    let mut exchange = Exchange { request, ..Exchange::default() };
    exchange.request_body.present = true;
    exchange
}

fn verdict(authz: &Rc<Authz>, exchange: &Exchange) -> RequestVerdict {
    authz.stream(exchange).request_headers(exchange, &mut MapStore::default())
}

/// `continue`, the status of a reply, or the kind and status of a failure.
fn outcome(verdict: &RequestVerdict) -> String {
    match &verdict.flow {
        Flow::Continue => "continue".to_owned(),
        Flow::Reply(reply) => format!("reply {}", reply.status),
        Flow::Fail(failure) => format!("fail {} {}", failure.kind.as_str(), failure.status.unwrap_or(500)),
        other => format!("{other:?}"),
    }
}

#[test]
fn results_and_what_they_mean() {
    for (rule, expected) in [
        ("allow := true", "continue"),
        ("allow := false", "reply 403"),
        ("allow if input.parsed_path[0] == \"other\"", "fail evaluation 403"),
        ("allow := \"true\"", "fail evaluation 403"),
        ("allow := 1", "fail evaluation 403"),
        ("allow := {}", "fail evaluation 403"),
        ("allow := {\"allowed\": \"true\"}", "fail evaluation 403"),
        ("allow := {\"allowed\": true}", "continue"),
        ("allow := {\"allowed\": false}", "reply 403"),
        ("allow := {\"allowed\": false, \"http_status\": 401}", "reply 401"),
        ("allow := {\"allowed\": false, \"http_status\": \"401\"}", "fail evaluation 403"),
        ("allow := {\"allowed\": false, \"http_status\": 99}", "fail evaluation 403"),
        ("allow := {\"allowed\": true, \"http_status\": 99}", "continue"),
        ("allow := {\"allowed\": true, \"headers\": {\"a\": 1}}", "fail evaluation 403"),
        ("allow := {\"allowed\": true, \"headers\": {\"a\": \"b\\nc\"}}", "fail evaluation 403"),
        ("allow := {\"allowed\": false, \"headers\": [{\"a\": [\"1\", \"2\"]}]}", "reply 403"),
        ("allow if 1 / (count(input.parsed_path) - 1) == 1", "fail evaluation 403"),
        ("allow := true\nallow := false", "fail evaluation 403"),
        ("allow if time.now_ns() == 1700000000000000000", "continue"),
        ("allow if regex.match(`^\\w+\\d$`, input.attributes.request.http.path)", "fail evaluation 403"),
        ("allow if sprintf(\"%d-%s\", [1, \"a\"]) == \"1-a\"", "continue"),
        ("allow if object.subset([1, 2], [])", "continue"),
    ] {
        assert_eq!(outcome(&verdict(&policy(rule), &get("/a"))), expected, "{rule}");
    }
}

#[test]
fn an_object_edits_the_request_and_the_response() {
    let authz = policy(
        "allow := {\"allowed\": true, \"headers\": {\"x-user\": \"a\"}, \"request_headers_to_remove\": [\"x-b\"],\n\
         \"response_headers_to_add\": {\"x-c\": \"d\"}, \"query_parameters_to_set\": {\"q\": \"1 2\"},\n\
         \"query_parameters_to_remove\": [\"r\"]}",
    );
    assert!(authz.needs().response);
    let exchange = get("/p?r=1&%71=0&s&q=2&r=3");
    let mut stream = authz.stream(&exchange);
    let request = stream.request_headers(&exchange, &mut MapStore::default());
    let edits: Vec<&Edit> = request.edits.iter().map(AsRef::as_ref).collect();
    let expected = [
        Edit::set("x-user", "a").unwrap(),
        Edit::remove("x-b").unwrap(),
        Edit::set(":path", "/p?%71=1%202&s").unwrap(),
    ];
    assert_eq!(edits, expected.iter().collect::<Vec<_>>());
    let response = stream.response_headers(&exchange, &mut MapStore::default());
    let edits: Vec<&Edit> = response.edits.iter().map(AsRef::as_ref).collect();
    assert_eq!(edits, [&Edit::append("x-c", "d").unwrap()]);
}

#[test]
fn a_denial_has_the_policys_body_and_headers() {
    let authz =
        policy("allow := {\"allowed\": false, \"body\": \"no\", \"headers\": {\"x-a\": [\"1\", \"2\"]}}");
    let Flow::Reply(reply) = verdict(&authz, &get("/")).flow else { panic!("a reply") };
    let rendered = reply.render(&Headers::new());
    assert_eq!(rendered.body, b"no");
    let expected = [("x-a", "1"), ("x-a", "2"), ("content-type", "text/plain")];
    assert_eq!(rendered.headers, Headers::from_pairs(expected));
}

#[test]
fn the_body_is_held_only_for_policies_that_read_it() {
    let reads = policy("allow if input.parsed_body.a == 1");
    assert_eq!(reads.needs().held_headers.as_deref(), Some("policies"));
    let exchange = post("application/json");
    let mut stream = reads.stream(&exchange);
    let first = stream.request_headers(&exchange, &mut MapStore::default());
    assert_eq!(first.body, Some(Body::Whole { max: 1 << 20, access: Access::Read, over: Over::Refuse }));
    let second = stream.request_body(&exchange, b"{\"a\": 1}", &mut MapStore::default());
    assert_eq!(outcome(&second), "continue");
    assert_eq!(outcome(&stream.request_end(&exchange, &mut MapStore::default())), "continue");

    let mut stream = reads.stream(&exchange);
    let _holds = stream.request_headers(&exchange, &mut MapStore::default());
    let bad = stream.request_body(&exchange, b"{", &mut MapStore::default());
    assert_eq!(outcome(&bad), "reply 400");

    let does_not = policy("allow if input.attributes.request.http.method == \"POST\"");
    assert_eq!(does_not.needs().held_headers, None);
    assert_eq!(verdict(&does_not, &exchange).body, None);
}

#[test]
fn a_body_that_never_ends_is_not_waited_for() {
    let authz = policy("default allow := false\nallow if not input.truncated_body");
    assert_eq!(outcome(&verdict(&authz, &post("application/grpc+proto"))), "reply 403");
    let empty = authz.stream(&get("/")).request_headers(&get("/"), &mut MapStore::default());
    assert_eq!(outcome(&empty), "continue");
}

#[test]
fn exponential_work_ends_in_a_failure() {
    let many = (0..20).map(|i| format!("x{i} := numbers.range(0, 100)[_]")).collect::<Vec<_>>().join("; ");
    for rule in [
        format!("allow if {{ {many}; x0 + x19 == 1000 }}"),
        format!("allow if not {{ {many}; x0 + x19 == 1000 }}")
            .replace("not {", "count([1 | ")
            .replace(" }", "]) == 0"),
        format!("f(x) if {{ {many}; x0 + x19 == 1000; x == 1 }}\nallow if not f(1)"),
    ] {
        let failed = verdict(&policy(&rule), &get("/"));
        assert_eq!(outcome(&failed), "fail fuel 403", "{rule}");
        // The same step everywhere: the budget is not time.
        assert!(matches!(failed.flow, Flow::Fail(failure) if failure.kind == FailureKind::Fuel));
    }
}

#[test]
fn queries_allow_where_they_hold() {
    for (query, expected) in [
        ("data.a.allow", "continue"),
        ("data.a.allow == true", "continue"),
        ("data.a.allow == false", "reply 403"),
        ("data.a.missing == true", "reply 403"),
        ("count(input.parsed_path) == 1", "continue"),
    ] {
        let config = json!({"policies": {"a.rego": "package a\nallow if input.parsed_path[0] == \"x\""}, "query": query});
        assert_eq!(outcome(&verdict(&compile(config).unwrap(), &get("/x"))), expected, "{query}");
    }
}

#[test]
fn data_may_be_text_and_policies_may_be_of_v0() {
    let config = json!({
        "policies": {"a.rego": "package a.b\nallow { input.parsed_path[0] == data.names[_] }"},
        "data": "{\"names\": [\"x\"]}", "path": "/a/b/allow", "regoVersion": "v0",
    });
    assert_eq!(outcome(&verdict(&compile(config).unwrap(), &get("/x"))), "continue");
}

#[test]
fn equal_policies_are_compiled_once_and_are_not_weaker() {
    let config = |text: &str, extension: &str| {
        let config =
            json!({"policies": {"p.rego": format!("{HEAD}{text}")}, "contextExtensions": {"a": extension}});
        serde_json::from_value(config).unwrap()
    };
    let configs =
        vec![config("allow := true", "1"), config("allow := true", "1"), config("allow := false", "1")];
    let compiled = Authz::compile(configs, &boot()).unwrap();
    let [one, two, three] = compiled.as_slice() else { panic!("as many as given") };
    assert!(!one.is_weaker_than(two) && one.is_weaker_than(three));
}

#[test]
fn errors_name_file_line_and_column() {
    let deep = format!("x := {}1{}", "[".repeat(30), "]".repeat(30));
    for (text, expected) in [
        ("allow if { foo(1) }", "policies.p.rego:2:12: no function `foo`"),
        ("allow if { startswith(\"a\") }", "policies.p.rego:2:12: `startswith` takes 2 arguments, not 1"),
        (
            "allow if { units.parse(input.x) }",
            "policies.p.rego:2:12: the builtin `units.parse` is refused: a large exponent in its argument keeps it \
             busy for minutes",
        ),
        ("allow if {{ 1", "policies.p.rego:2:14: expecting `}` while parsing set"),
        ("allow if { y == 1 }", "policies.p.rego:2:12: use of undefined variable `y` is unsafe"),
        ("allow if f(1)\nf(x) := g(x)\ng(x) := f(x)", "policies.p.rego:3:9: `g` comes back to itself"),
        (&deep, "policies.p.rego:2:18: brackets are nested too deeply; a table belongs into `data`"),
        ("other if true", "path: no policy defines `data.envoy.authz.allow`"),
    ] {
        let config = json!({"policies": {"p.rego": format!("{HEAD}{text}")}});
        assert_eq!(compile(config).unwrap_err(), expected);
    }
}

#[test]
fn other_fields_are_checked_too() {
    let policies = json!({"p.rego": format!("{HEAD}allow := true")});
    for (config, expected) in [
        (json!({"policies": {}}), "policies: at least one policy is needed"),
        (json!({"policies": policies, "path": "a", "query": "b"}), "query: cannot stand beside `path`"),
        (json!({"policies": policies, "path": "/"}), "path: names nothing"),
        (
            json!({"policies": policies, "query": "x := 1"}),
            "query: must be one expression without `;`, `:=` and braces",
        ),
        (json!({"policies": policies, "query": "foo("}), "query: "),
        (json!({"policies": policies, "data": "["}), "data: is not JSON: "),
        (json!({"policies": policies, "data": "[]"}), "data: is not an object"),
    ] {
        let error = compile(config).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn large_bodies_are_bounded_by_what_is_done_with_them() {
    let body = format!("[{}]", vec!["\"abcdefghijklmnopqrst\""; 40_000].join(","));
    for (rule, expected) in [
        ("allow if { some x in input.parsed_body; x == \"q\" }", "fail evaluation 403"),
        ("allow if count(json.marshal(input.parsed_body[0])) == 22", "continue"),
        ("allow if { some x in input.parsed_body; json.marshal(input.parsed_body) == x }", "fail fuel 403"),
        ("allow if { some x in input.parsed_body; sprintf(\"%v\", [input]) == x }", "fail fuel 403"),
        (
            "allow if { some x in input.parsed_body; contains(input.attributes.request.http.body, concat(x, [\"z\"])) }",
            "fail fuel 403",
        ),
    ] {
        let (authz, exchange) = (policy(rule), post("application/json"));
        let mut stream = authz.stream(&exchange);
        let _holds = stream.request_headers(&exchange, &mut MapStore::default());
        let verdict = stream.request_body(&exchange, body.as_bytes(), &mut MapStore::default());
        assert_eq!(outcome(&verdict), expected, "{rule}");
    }
}
