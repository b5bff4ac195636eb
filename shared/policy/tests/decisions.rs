//! Decisions of whole exchanges: settings and a request in, a verdict out.

use portcullis_core::{
    Boot, Edit, Exchange, Failure, FailureKind, Flow, Headers, MapStore, Plugin, RequestVerdict, Stream,
};
use portcullis_policy::Authz;
use std::rc::Rc;

fn boot() -> Boot {
    Boot { fuel: 10_000_000, max_body: 1 << 20, ..Boot::default() }
}

fn compile(config: &str) -> Result<Rc<Authz>, String> {
    let config = serde_json::from_str(config).map_err(|error| error.to_string())?;
    let mut all = Authz::compile(vec![config], &boot()).map_err(|error| error.to_string())?;
    Ok(all.pop().unwrap())
}

fn policy(text: &str) -> Rc<Authz> {
    compile(&serde_json::json!({"policies": {"p.rego": text}}).to_string()).unwrap()
}

fn get(path: &str) -> Exchange {
    let request =
        Headers::from_pairs([(":method", "GET"), (":path", path), (":authority", "h"), (":scheme", "http")]);
    Exchange { request, ..Exchange::default() }
}

fn verdict(authz: &Rc<Authz>, exchange: &Exchange) -> RequestVerdict {
    authz.stream(exchange).request_headers(exchange, &mut MapStore::default())
}

#[track_caller]
fn failure(authz: &Rc<Authz>, exchange: &Exchange) -> Failure {
    match verdict(authz, exchange).flow {
        Flow::Fail(failure) => failure,
        other => panic!("{other:?}"),
    }
}

const HEAD: &str = "package envoy.authz\n";

#[test]
fn a_boolean_decides() {
    let authz = policy(&format!("{HEAD}default allow := false\nallow if input.parsed_path[0] == \"public\""));
    assert_eq!(verdict(&authz, &get("/public/a")).flow, Flow::Continue);
    match verdict(&authz, &get("/private")).flow {
        Flow::Reply(reply) => assert_eq!(reply.status, 403),
        other => panic!("{other:?}"),
    }
}

#[test]
fn exponential_work_ends_in_a_failure() {
    let many = (0..20).map(|i| format!("x{i} := numbers.range(0, 100)[_]")).collect::<Vec<_>>().join("; ");
    let authz = policy(&format!("{HEAD}allow if {{ {many}; x0 + x19 == 1000 }}"));
    let start = std::time::Instant::now();
    let failure = failure(&authz, &get("/"));
    assert_eq!((failure.kind, failure.status), (FailureKind::Fuel, Some(403)));
    eprintln!("{:?}", start.elapsed());
}

#[test]
fn edits_of_an_object() {
    let authz = policy(&format!(
        "{HEAD}allow := {{\"allowed\": true, \"headers\": {{\"x-user\": \"a\"}}, \"request_headers_to_remove\": [\"x-b\"]}}"
    ));
    let edits = verdict(&authz, &get("/")).edits;
    let edits: Vec<&Edit> = edits.iter().map(AsRef::as_ref).collect();
    assert_eq!(edits, [&Edit::set("x-user", "a").unwrap(), &Edit::remove("x-b").unwrap()]);
}

#[test]
fn errors_name_file_line_and_column() {
    for (text, expected) in [
        ("allow if { foo(1) }", "policies.p.rego:2:12: no function `foo`"),
        (
            "allow if { units.parse(input.x) }",
            "policies.p.rego:2:12: the builtin `units.parse` is refused: a large exponent in its argument keeps it busy for minutes",
        ),
        ("allow if {{ 1", "policies.p.rego:2:14: expecting `}` while parsing set"),
        ("allow if { y == 1 }", "policies.p.rego:2:12: use of undefined variable `y` is unsafe"),
        ("other if true", "path: no policy defines `data.envoy.authz.allow`"),
    ] {
        let config = serde_json::json!({"policies": {"p.rego": format!("{HEAD}{text}")}}).to_string();
        assert_eq!(compile(&config).unwrap_err(), expected);
    }
}
