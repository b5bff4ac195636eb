//! What the log says of matches: exact lines, and that no bytes of a request can forge or split one.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use arbtest::arbtest;
use portcullis_core::{Boot, Effect, Exchange, Headers, Level, LogValue, MapStore, Plugin, Stream};
use portcullis_waf::{Format, LogConfig, LogLevel, Ruleset, Transaction, Waf, WafConfig};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// A transaction behind phase 1.
fn transaction(rules: &str, uri: &[u8], headers: &[(&[u8], &[u8])]) -> Transaction {
    let ruleset = Rc::new(Ruleset::parse(&[("a.conf", rules)], &BTreeMap::new()).unwrap());
    let mut transaction = Transaction::new(&ruleset, 1 << 32);
    transaction.process_start(Duration::from_secs(1), b"4f1c");
    transaction.process_connection(("192.0.2.7", "4711"), ("192.0.2.1", "80"));
    transaction.process_uri(uri, b"GET", b"HTTP/1.1").unwrap();
    for (name, value) in headers {
        transaction.add_request_header(name, value);
    }
    let _ = transaction.process_request_headers().unwrap();
    transaction
}

#[track_caller]
fn check(rules: &str, uri: &str, headers: &[(&[u8], &[u8])], expected: &[&str]) {
    let transaction = transaction(rules, uri.as_bytes(), headers);
    let lines: Vec<String> = transaction
        .matches()
        .iter()
        .filter(|matched| matched.log)
        .map(|matched| transaction.log_line(matched))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_match_in_full() {
    check(
        r#"SecRuleEngine On
SecRule ARGS "@rx (?i)union\s+select" "id:942100,phase:1,pass,t:lowercase,capture,rev:'2',ver:'OWASP_CRS/4.25.0',\
    maturity:'8',accuracy:'7',msg:'SQL \"attack\"',severity:'CRITICAL',tag:'attack-sqli',tag:'paranoia-level/1',\
    logdata:'Matched Data: %{TX.0} found within %{MATCHED_VAR_NAME}: %{MATCHED_VAR}'""#,
        "/b%C3%A4r?id=1%20UNION%0ASELECT%22%5C",
        &[(b"Host", b"shop.example:8080")],
        &["[client \"192.0.2.7\"] ModSecurity: Warning. Matched \"Operator `Rx' with parameter \
           `(?i)union\\x5cs+select' against variable `ARGS:id' (Value: `1 union\\x0aselect\\x22\\x5c' ) \
           [file \"a.conf\"] [line \"2\"] [id \"942100\"] [rev \"2\"] [msg \"SQL \\x22attack\\x22\"] \
           [data \"Matched Data: union\\x0aselect found within ARGS:id: 1 union\\x0aselect\\x22\\x5c\"] \
           [severity \"2\"] [ver \"OWASP_CRS/4.25.0\"] [maturity \"8\"] [accuracy \"7\"] [tag \"attack-sqli\"] \
           [tag \"paranoia-level/1\"] [hostname \"shop.example:8080\"] [uri \"/b\\xc3\\xa4r\"] [unique_id \"4f1c\"] \
           [ref \"\"]"],
    );
}

const TAIL: &str = "[hostname \"192.0.2.1\"] [uri \"/\"] [unique_id \"4f1c\"] [ref \"\"]";

#[test]
fn what_stops_the_exchange_says_so() {
    let line = |id: u32, head: &str| {
        format!(
            "[client \"192.0.2.7\"] ModSecurity: {head} [file \"a.conf\"] [line \"2\"] [id \"{id}\"] [rev \"\"] [msg \"\"] \
             [data \"\"] [severity \"0\"] [ver \"\"] [maturity \"0\"] [accuracy \"0\"] {TAIL}"
        )
    };
    let rule =
        |engine: &str, actions: &str| format!("SecRuleEngine {engine}\nSecAction \"phase:1,{actions}\"");
    let action = "Unconditional match in SecAction.";
    for (engine, actions, head) in [
        ("On", "id:1,deny,status:406", format!("Access denied with code 406 (phase 1). {action}")),
        ("On", "id:1,redirect:http://a/", format!("Access denied with code 302 (phase 1). {action}")),
        ("On", "id:1,drop", format!("Access denied with connection close (phase 1). {action}")),
        ("On", "id:1,pass", format!("Warning. {action}")),
        ("DetectionOnly", "id:1,deny", format!("Warning. {action}")),
    ] {
        check(&rule(engine, actions), "/", &[], &[&line(1, &head)]);
    }
    let sqli = "SecRuleEngine On\nSecRule ARGS \"@detectSQLi\" \"id:2,phase:1,pass\"";
    check(sqli, "/?a=1'or'1'='1", &[], &[&line(2, "Warning. detected SQLi using libinjection.")]);
    check("SecRuleEngine On\nSecAction \"id:3,phase:1,nolog,pass\"", "/", &[], &[]);
}

#[test]
fn long_texts_are_cut() {
    let value = "a".repeat(2_000);
    let rules = "SecRuleEngine On\nSecRule ARGS \"@rx a\" \"id:1,phase:1,pass,logdata:'%{MATCHED_VAR}'\"";
    let transaction = transaction(rules, format!("/?x={value}").as_bytes(), &[]);
    let line = transaction.log_line(transaction.matches().first().unwrap());
    assert!(line.contains(&format!("[data \"{}\"]", "a".repeat(512))), "{line}");
    assert!(line.contains(&format!("(Value: `{} (412 characters omitted)' )", "a".repeat(100))), "{line}");
}

/// Credentials are in no line, whichever way a rule comes by them.
#[test]
fn hidden_values_stay_hidden() {
    let rules = r#"SecRuleEngine On
SecRule REQUEST_HEADERS|REQUEST_COOKIES|ARGS|QUERY_STRING|REQUEST_URI|FULL_REQUEST "@rx (?i)s3cr.t\W?v.lue" "id:1,phase:1,pass,capture,t:lowercase,\
    setvar:'tx.kept=%{MATCHED_VAR}',msg:'%{TX.0} %{ARGS.password} %{REQUEST_HEADERS.authorization} %{REQUEST_COOKIES.sid}',\
    logdata:'%{MATCHED_VAR_NAME} %{MATCHED_VAR} %{MATCHED_VARS} %{REQUEST_URI} %{tx.kept}',tag:'%{REQUEST_HEADERS.cookie}'""#;
    let headers: [(&[u8], &[u8]); 3] =
        [(b"Authorization", b"Bearer s3cret-v4lue"), (b"Cookie", b"sid=s3cret-v4lue"), (b"Host", b"a")];
    for uri in ["/?password=s3cret-v4lue", "/?q=1&user%5Btoken%5D=S3CRET%2Dv4lue", "/?card=s3cret%20v4lue"] {
        let transaction = transaction(rules, uri.as_bytes(), &headers);
        let matched = transaction.matches().first().unwrap();
        let line = transaction.log_line(matched).to_ascii_lowercase();
        assert!(line.contains("[id \"1\"]") && !line.contains("v4lue"), "{uri}: {line}");
        assert!(!String::from_utf8_lossy(&matched.value).to_ascii_lowercase().contains("v4lue"), "{uri}");
    }
    let shown = transaction(rules, b"/?q=s3cret-v4lue", &[]);
    assert!(shown.log_line(shown.matches().first().unwrap()).contains("/?q=s3cret-v4lue"));
}

/// Whatever the bytes: one line of printable ASCII, whose fields a reader gets back as they were.
#[test]
fn no_bytes_split_or_forge_a_line() {
    let rules = "SecRuleEngine On\nSecRule REQUEST_HEADERS:x \"!@rx ^$\" \
                 \"id:7,phase:1,pass,msg:'m %{REQUEST_HEADERS.x}',logdata:'%{MATCHED_VAR}',tag:'%{REQUEST_HEADERS.x}'\"";
    arbtest(|u| {
        let (value, host): (Vec<u8>, Vec<u8>) = (u.arbitrary()?, u.arbitrary()?);
        let transaction = transaction(rules, b"/", &[(b"x", &value), (b"host", &host)]);
        let Some(matched) = transaction.matches().first() else { return Ok(()) };
        let line = transaction.log_line(matched);
        assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line}");
        let fields = fields(&line);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        let expected =
            "file line id rev msg data severity ver maturity accuracy tag hostname uri unique_id ref";
        assert_eq!(names.join(" "), expected, "{line}");
        let field = |name: &str| &fields.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(field("id"), b"7", "{line}");
        if value.len() < 200 {
            assert_eq!(field("data"), &value, "{line}");
            assert_eq!(*field("msg"), [b"m ", &value[..]].concat(), "{line}");
        }
        if !host.is_empty() && host.len() < 200 {
            assert_eq!(field("hostname"), &host, "{line}");
        }
        Ok(())
    });
}

/// Reads the fields behind the reason as tools do: ` [name "value"]`, where no value has a quote of its own.
fn fields(line: &str) -> Vec<(String, Vec<u8>)> {
    let (_, rest) = line.split_once(" [file ").unwrap();
    let rest = format!("file {}", rest.strip_suffix("\"]").unwrap());
    let parts = rest.split("\"] [");
    parts.map(|part| part.split_once(" \"").unwrap()).map(|(n, v)| (n.to_owned(), unescape(v))).collect()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split('\\');
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.strip_prefix('x').unwrap().split_at(2);
        out.push(u8::from_str_radix(hex, 16).unwrap());
        out.extend(rest.as_bytes());
    }
    out
}

const TWO_RULES: &str =
    "SecRuleEngine On\nSecAction \"id:1,phase:1,pass,tag:a,ver:'v'\"\nSecAction \"id:2,phase:1,pass\"";

/// The log effects of one request under these settings, at this second.
fn logged(waf: &Rc<Waf>, second: u64) -> Vec<Effect> {
    let exchange = Exchange {
        request: Headers::from_pairs([(":method", "GET"), (":path", "/"), ("x-request-id", "r")]),
        log_level: Some(Level::Info),
        time: Duration::from_secs(second),
        ..Exchange::default()
    };
    let verdict = waf.stream(&exchange).request_headers(&exchange, &mut MapStore::default());
    let is_log = |effect: &Effect| matches!(effect, Effect::Line { .. } | Effect::Log(_));
    verdict.effects.into_iter().filter(is_log).collect()
}

fn waf(log: LogConfig) -> Rc<Waf> {
    let config = WafConfig { rules: vec![TWO_RULES.to_owned()], log, ..WafConfig::default() };
    let boot = Boot { fuel: 1 << 30, ..Boot::default() };
    Waf::compile(vec![config], &boot).unwrap().remove(0)
}

#[test]
fn a_second_has_so_many_lines() {
    let waf = waf(LogConfig { per_second: 3, ..LogConfig::default() });
    assert!(waf.needs().tick.is_some());
    let count = |second| logged(&waf, second).len();
    assert_eq!((count(1), count(1), count(1)), (2, 1, 0));
    let lines = logged(&waf, 2);
    let Some(Effect::Line { level: Level::Warn, text }) = lines.first() else { unreachable!("{lines:?}") };
    assert_eq!(text, "ModSecurity: 3 matches of this second are not logged (log.perSecond).");
    assert_eq!(lines.len(), 3);
}

#[test]
fn zero_is_no_limit_and_needs_no_ticks() {
    let waf = waf(LogConfig { per_second: 0, ..LogConfig::default() });
    assert!(waf.needs().tick.is_none());
    assert_eq!((0..300).map(|_| logged(&waf, 1).len()).sum::<usize>(), 600);
}

#[test]
fn the_level_is_as_configured() {
    let level = |matches| match logged(&waf(LogConfig { matches, ..LogConfig::default() }), 1).first() {
        Some(Effect::Line { level, .. }) => Some(*level),
        _ => None,
    };
    assert_eq!(level(LogLevel::Error), Some(Level::Error));
    assert_eq!(level(LogLevel::Info), Some(Level::Info));
    // The host writes from `info` on.
    assert_eq!((level(LogLevel::Debug), level(LogLevel::Off)), (None, None));
}

#[test]
fn json_is_a_record() {
    let lines = logged(&waf(LogConfig { format: Format::Json, ..LogConfig::default() }), 1);
    let Some(Effect::Log(record)) = lines.first() else { unreachable!("{lines:?}") };
    let field = |name| record.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    assert_eq!((record.message, record.level), ("rule matched", Level::Warn));
    assert_eq!((field("rule"), field("uri")), (Some(LogValue::Number(1)), Some("/".into())));
    assert_eq!(field("ver"), Some("v".into()));
}
