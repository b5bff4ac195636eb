//! Hostile bodies and heads: four times the input takes about four times the work, whatever it is made of.
//!
//! CPU times of this thread are compared within one run, the shortest of several each: a reader that is quadratic takes
//! sixteen times as long.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_waf::{Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Limits out of the way: what is measured is what would happen below them.
const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecArgumentsLimit 10000000
SecRequestBodyLimit 100000000
SecRequestBodyNoFilesLimit 100000000
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQUEST_HEADERS:Content-Type "@contains xml" "id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|FILES|MULTIPART_PART_HEADERS|XML:/* "@contains attack" "id:3,phase:2,deny"
"#;

/// A request: header fields and a body.
type Request = (Vec<(String, String)>, String);

fn typed(kind: &str, body: String) -> Request {
    (vec![("content-type".to_owned(), kind.to_owned())], body)
}

fn form(body: String) -> Request {
    typed("application/x-www-form-urlencoded", body)
}

fn json(body: String) -> Request {
    typed("application/json", body)
}

fn xml(body: String) -> Request {
    typed("text/xml", body)
}

fn multipart(body: String) -> Request {
    typed("multipart/form-data; boundary=b", body)
}

/// Header lines in a part that has a name.
fn part(lines: String) -> Request {
    multipart(format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n{lines}\r\n1\r\n--b--\r\n"))
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// A name and, by a size, a request.
type Case = (&'static str, fn(usize) -> Request);

const CASES: [Case; 22] = [
    ("arguments", |n| form("a=1&".repeat(n))),
    ("arguments that differ", |n| form(numbered(n, |i| format!("k{i}=v&")))),
    ("encoded arguments", |n| form("%41=%42+&".repeat(n))),
    ("cookies", |n| (vec![("cookie".into(), "a=b; ".repeat(n))], String::new())),
    ("cookie fields", |n| (vec![("cookie".into(), "a=b".into()); n], String::new())),
    ("header fields", |n| ((0..n).map(|i| (format!("x-{i}"), "v".into())).collect(), String::new())),
    ("media parameters", |n| {
        typed(&format!("multipart/form-data{}; boundary=b", "; a=b".repeat(n)), "x".into())
    }),
    ("json numbers", |n| json(format!("[{}1]", "1,".repeat(n)))),
    ("json members", |n| json(format!("{{{}\"z\":1}}", numbered(n, |i| format!("\"k{i}\":{i},"))))),
    ("json escapes", |n| json(format!("\"{}\"", "\\u0041".repeat(n)))),
    ("json depth", |n| json("[".repeat(n))),
    ("parts", |n| {
        multipart("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n".repeat(n) + "--b--\r\n")
    }),
    ("part header fields", |n| part(numbered(n, |i| format!("X-{i}: v\r\n")))),
    ("the same part header field", |n| part("X-A: b\r\n".repeat(n))),
    ("a folded part header", |n| part(format!("X-A: b\r\n{}", " c\r\n".repeat(n)))),
    ("part lines like boundaries", |n| part(format!("\r\n{}", "\r\n--".repeat(n)))),
    ("xml elements", |n| xml(format!("<r>{}</r>", "<a b='c'>x</a>".repeat(n)))),
    ("xml depth", |n| xml("<a>".repeat(n))),
    ("xml attributes", |n| xml(format!("<a {}/>", numbered(n, |i| format!("a{i}='1' "))))),
    ("xml name spaces", |n| xml(format!("<a {}/>", numbered(n, |i| format!("xmlns:a{i}='u' "))))),
    ("xml references", |n| xml(format!("<a>{}</a>", "&amp;".repeat(n)))),
    ("an unclosed comment", |n| xml(format!("<a>{}", "<!-- ".repeat(n)))),
];

/// The CPU time of this thread, which no other process can add to. The kernel brings it up to date when the thread yields.
fn worked() -> Duration {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Between what a linear reader and a quadratic one take for four times the input.
const STEEP: f64 = 9.0;

fn shortest(ruleset: &Rc<Ruleset>, request: &Request) -> Duration {
    let once = || {
        let start = worked();
        let mut transaction = Transaction::new(ruleset, u64::MAX);
        transaction.process_uri(b"/", b"POST", b"HTTP/1.1").unwrap();
        for (name, value) in &request.0 {
            transaction.add_request_header(name.as_bytes(), value.as_bytes());
        }
        let _ = transaction.process_request_headers().unwrap();
        let _ = transaction.write_request_body(request.1.as_bytes());
        let _ = transaction.process_request_body().unwrap();
        worked() - start
    };
    (0..5).map(|_| once()).min().unwrap()
}

#[test]
fn four_times_the_input_takes_about_four_times_as_long() {
    let ruleset = Rc::new(Ruleset::parse(&[("rules", RULES)], &BTreeMap::new()).unwrap());
    let mut steep = Vec::new();
    for (name, request) in CASES {
        // Small ones are measured by the clock's own grain.
        let mut size = 2_000;
        let mut first = shortest(&ruleset, &request(size));
        while first < Duration::from_micros(500) && size < 64_000 {
            size *= 2;
            first = shortest(&ruleset, &request(size));
        }
        let ratio = || {
            let first = shortest(&ruleset, &request(size));
            shortest(&ruleset, &request(4 * size)).as_secs_f64() / first.as_secs_f64()
        };
        // A busy machine may spoil one measurement, not four in a row.
        let least = (0..4).map(|_| ratio()).find(|ratio| *ratio < STEEP);
        println!("{name}: {size} in {first:?}, four times as many in {least:.1?} times that");
        if least.is_none() {
            steep.push(name);
        }
    }
    assert!(steep.is_empty(), "{steep:?}");
}
