//! Queries: the cases of our own. The compliance suite runs in `tests/jsonpath_cts.rs`.

use super::Query;
use crate::value::Value;
use portcullis_core::Fuel;

const DATA: &[u8] = br#"{"a": [{"n": 1, "t": "x"}, {"n": 2, "t": "yy"}, {"n": 3.0}], "b": {"c": null}}"#;

#[track_caller]
fn check(query: &str, expected: &str) {
    let data = Value::from_json(DATA).unwrap();
    let fuel = Fuel::new(1_000_000);
    let found = Query::parse(query).unwrap().select(&data, &fuel).unwrap();
    let found = Value::list(found.into_iter().cloned().collect()).to_json(&fuel, 10_000).unwrap();
    assert_eq!(String::from_utf8(found).unwrap(), expected, "{query}");
}

#[test]
fn selects() {
    check("$.a[1].t", r#"["yy"]"#);
    check("$.a[-1:].n", "[3.0]");
    check("$..t", r#"["x","yy"]"#);
    check("$.a[?@.n >= 2 && @.t].t", r#"["yy"]"#);
    check("$.a[?length(@.t) == 1 || !@.t].n", "[1,3.0]");
    check("$.a[?match(@.t, 'y.')]['n', 't']", r#"[2,"yy"]"#);
    check("$.b[?@ == null]", "[null]");
    check("$.a[?count($..n) == @.n].n", "[3.0]");
}

#[test]
fn refuses_with_a_place() {
    let error = |query: &str| Query::parse(query).unwrap_err().to_string();
    assert_eq!(error("$.a["), "1:5: expected a selector");
    assert_eq!(error("$[?count(@.a)]"), "1:14: expected a comparison");
    assert_eq!(error("$[?@.* == 1]"), "1:11: expected a query for one value");
    assert_eq!(error(&format!("$[?{}@.a]", "(".repeat(100_000))), "1:54: the query is nested too deeply");
    let deep = error(&format!("${}", "[?@".repeat(100_000)));
    assert_eq!(deep, "1:154: the query is nested too deeply");
}

#[test]
fn work_is_bounded() {
    let data = Value::from_json(format!("[{}1]", "[1,2,3],".repeat(1000)).as_bytes()).unwrap();
    let query = Query::parse("$[?count($..*) > 1]").unwrap();
    assert!(query.select(&data, &Fuel::new(1_000_000)).is_err());
}

#[test]
fn parsing_any_text_is_safe() {
    const PIECES: [&str; 20] = [
        "$", "@", ".", "..", "[", "]", "?", "*", "'a'", "-1", ":", ",", "(", ")", "==", "&&", "!", "length(",
        "a", " ",
    ];
    arbtest::arbtest(|u| {
        let mut query = "$".to_owned();
        for _ in 0..u.int_in_range(0..=20)? {
            query.push_str(u.choose(&PIECES)?);
        }
        if let Ok(query) = Query::parse(&query) {
            let _ = query.select(&Value::from_json(DATA).unwrap(), &Fuel::new(10_000));
        }
        Ok(())
    });
}
