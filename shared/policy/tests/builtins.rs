//! Every builtin that a policy may call, with arguments that a request may choose: no panic, no hang, no error.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop the test where they fail"
)]

use portcullis_core::{Boot, Exchange, Flow, Headers, MapStore, Plugin, Stream};
use portcullis_policy::Authz;
use std::rc::Rc;

/// Texts that have broken builtins, or look as if they could; each is sent as part of a JSON body.
const HOSTILE: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "16",
    "1.5",
    "1e308",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "\"\"",
    "\"a\"",
    "\"\u{e9}/b\"",
    "\"%\u{bd}\"",
    "\"%4294967295d\"",
    "\"%.4294967296f\"",
    "\"1e99999999\"",
    "\"2006-01-02T15:04:05Z07:00\"",
    "\"9999999999999999h\"",
    "\"(a{50}){50}\"",
    "\"[\"",
    "\"/a/b\"",
    "[]",
    "[\"a\",\"\"]",
    "[1,\"a\"]",
    "[9223372036854775807,\"Europe/Berlin\"]",
    "[-9223372036854775808,\"America/New_York\",\"RFC3339\"]",
    "{}",
    "{\"a\":[\"a\"]}",
    "{\"\":\"\"}",
    "[{\"op\":\"add\",\"path\":\"/a/9999999999\",\"value\":1}]",
    "[\"a/b\",\"/~9\"]",
    "{\"indent\":\"\u{e9}\",\"prefix\":\"x\",\"pretty\":true}",
];

fn names() -> Vec<(&'static str, usize)> {
    portcullis_policy::builtins().collect()
}

fn policy(name: &str, arity: usize) -> Rc<Authz> {
    let arguments =
        (0..arity).map(|index| format!("input.parsed_body[{index}]")).collect::<Vec<_>>().join(", ");
    let text = format!("package envoy.authz\nallow if {{ x := {name}({arguments}); x == x }}");
    let config = serde_json::from_value(serde_json::json!({"policies": {"p.rego": text}})).unwrap();
    let boot = Boot { fuel: 1_000_000, max_body: 1 << 20, ..Boot::default() };
    Authz::compile(vec![config], &boot).unwrap().remove(0)
}

fn ask(authz: &Rc<Authz>, body: &str) -> Flow {
    let request =
        Headers::from_pairs([(":method", "POST"), (":path", "/"), ("content-type", "application/json")]);
    let mut exchange = Exchange { request, ..Exchange::default() };
    exchange.request_body.present = true;
    let mut stream = authz.stream(&exchange);
    let _holds = stream.request_headers(&exchange, &mut MapStore::default());
    stream.request_body(&exchange, body.as_bytes(), &mut MapStore::default()).flow
}

#[test]
fn the_interpreter_has_each_builtin_that_we_let_pass() {
    assert!(names().len() > 90);
    for (name, arity) in names() {
        let flow = ask(&policy(name, arity), &format!("[{}]", vec!["1"; arity].join(",")));
        if let Flow::Fail(failure) = &flow {
            assert!(!failure.message.contains("failed at"), "{name}: {failure:?}");
        }
    }
}

#[test]
fn hostile_arguments_neither_panic_nor_hang() {
    for (name, arity) in names().into_iter().filter(|(_, arity)| *arity > 0) {
        let authz = policy(name, arity);
        let combinations = HOSTILE.len().pow(u32::try_from(arity).unwrap());
        // All of one and two arguments, and a spread of more.
        let stride = (combinations / 1_200).max(1) | 1;
        for number in (0..combinations).step_by(stride) {
            let mut rest = number;
            let arguments: Vec<&str> = (0..arity)
                .map(|_| {
                    let argument = HOSTILE[rest % HOSTILE.len()];
                    rest /= HOSTILE.len();
                    argument
                })
                .collect();
            let start = std::time::Instant::now();
            let _flow = ask(&authz, &format!("[{}]", arguments.join(",")));
            assert!(start.elapsed().as_secs() < 5, "{name} {arguments:?}");
        }
    }
}
