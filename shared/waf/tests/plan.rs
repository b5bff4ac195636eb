//! The plan never changes what comes out: every string of CRS's tests, through all rules, with it and without.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use arbtest::arbtest;
use portcullis_ftw::{layout, read_dir};
use portcullis_http::{form, percent};
use portcullis_waf::{Match, Ruleset, Transaction};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// Units enough for every rule on every value.
const FUEL: u64 = 1 << 40;
/// Strings of one request.
const STRINGS: usize = 20;

/// What an exchange is made of.
#[derive(Debug, Default)]
struct Sent {
    uri: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
    response: Vec<u8>,
}

#[test]
fn every_string_as_an_argument() {
    let Some((ruleset, strings)) = crs() else { return };
    let mut hits = 0;
    for strings in strings.chunks(STRINGS) {
        let pairs = strings
            .iter()
            .enumerate()
            .map(|(n, text)| [b"a", n.to_string().as_bytes(), b"=", &encoded(text)].concat());
        let body = pairs.collect::<Vec<_>>().join(&b'&');
        hits += compare(&ruleset, &Sent { body, headers: vec![form_type()], ..Sent::default() });
    }
    eprintln!("{} strings, {hits} hits", strings.len());
    assert!(strings.len() > 5_000 && hits > 5_000, "{} strings, {hits} hits", strings.len());
}

#[test]
fn every_string_as_a_response() {
    let Some((ruleset, strings)) = crs() else { return };
    let hits: usize = strings
        .iter()
        .map(|text| {
            compare(&ruleset, &Sent { uri: b"/".to_vec(), response: text.clone(), ..Sent::default() })
        })
        .sum();
    eprintln!("{} strings, {hits} hits", strings.len());
    assert!(hits > strings.len());
}

#[test]
fn strings_as_names_headers_and_paths() {
    let Some((ruleset, strings)) = crs() else { return };
    let hits: usize = strings.iter().step_by(9).map(|text| compare(&ruleset, &everywhere(text))).sum();
    eprintln!("{hits} hits");
    assert!(hits > 5_000);
}

#[test]
fn strings_that_were_changed() {
    let Some((ruleset, strings)) = crs() else { return };
    arbtest(|u| {
        let mut text = u.choose(&strings)?.clone();
        for _ in 0..u.int_in_range(1..=4)? {
            let at = u.int_in_range(0..=text.len())?;
            match u.int_in_range(0..=3)? {
                0 => text.insert(at, u.arbitrary()?),
                1 => text.truncate(at),
                2 => drop(text.splice(at..at, u.choose(&strings)?.iter().copied())),
                _ => text.iter_mut().skip(at).take(3).for_each(|byte| *byte ^= 0x20),
            }
        }
        compare(&ruleset, &everywhere(&text));
        Ok(())
    })
    .budget_ms(4_000);
}

#[test]
fn the_rules_of_the_build() {
    let ruleset = Rc::new(Ruleset::parse(&[("test", "Include @builtin")], &BTreeMap::new()).unwrap());
    let texts =
        [include_str!("../testdata/builtin/attacks.txt"), include_str!("../testdata/builtin/ordinary.txt")];
    let hits: usize = texts
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| compare(&ruleset, &everywhere(line.as_bytes())))
        .sum();
    assert!(hits > 50, "{hits} hits");
}

/// Selections, exclusions, removals, several matches and jumps keep their meaning.
#[test]
fn rules_that_a_plan_must_mind() {
    const RULES: &str = r#"
SecRuleEngine On
SecRule TX:level "@lt 2" "id:1,phase:1,pass,nolog,skipAfter:END"
SecRule ARGS "@rx attack" "id:2,phase:1,pass"
SecMarker END
SecAction "id:3,phase:1,pass,nolog,setvar:tx.level=1,ctl:ruleRemoveTargetById=9;ARGS:b"
SecRule TX:level "@lt 2" "id:4,phase:1,pass,nolog,skipAfter:END2"
SecRule ARGS "@rx attack" "id:5,phase:1,pass"
SecMarker END2
SecRule ARGS|!ARGS:a "@rx attack" "id:6,phase:1,pass,t:none,t:lowercase"
SecRule ARGS:/^b/ "@pm ATTACK" "id:7,phase:1,pass,capture,logdata:'%{TX.0}'"
SecRule &ARGS "@eq 3" "id:8,phase:1,pass"
SecRule ARGS "@contains attack" "id:9,phase:1,pass,t:none,t:urlDecodeUni,multiMatch,setvar:tx.n=+1"
SecRule ARGS "!@rx attack" "id:10,phase:1,pass"
SecRule ARGS "@rx ^$" "id:11,phase:1,pass"
SecRule ARGS|TX:level "@streq 1" "id:12,phase:1,pass,chain"
SecRule MATCHED_VAR "@rx 1" "setvar:tx.level=5"
SecRule ARGS "@rx 1" "id:13,phase:1,pass,skip:1"
SecRule ARGS "@rx 1" "id:14,phase:1,pass"
SecRule TX:level "@lt 2" "id:15,phase:1,pass,nolog,skipAfter:END3"
SecRule ARGS "@rx attack" "id:16,phase:1,pass"
SecMarker END3
SecRule ARGS "@rx attack" "id:17,phase:1,pass,ctl:ruleRemoveById=18"
SecRule ARGS "@rx attack" "id:18,phase:1,pass"
SecRule ARGS "@rx attack" "id:19,phase:1,deny,status:403,t:none,t:base64Decode"
SecRule REQUEST_BODY "@rx hidden" "id:20,phase:2,pass"
SecAction "id:21,phase:2,pass,nolog,ctl:forceRequestBodyVariable=On"
SecRule REQUEST_BODY "@rx hidden" "id:22,phase:2,pass"
"#;
    let ruleset = Rc::new(Ruleset::parse(&[("test", RULES)], &BTreeMap::new()).unwrap());
    const VALUES: [&[u8]; 9] =
        [b"attack", b"ATTACK", b"%61ttack", b"1", b"", b"YXR0YWNr", b"at tack", b"x", b"attack1"];
    let mut hits = 0;
    for a in VALUES {
        for b in VALUES {
            let uri = [b"/?a=", &*encoded(a), b"&b=", &encoded(b), b"&b2=", &encoded(a)].concat();
            let headers = vec![("content-type", b"text/xml".to_vec())];
            hits +=
                compare(&ruleset, &Sent { uri, headers, body: b"<a>hidden</a>".to_vec(), ..Sent::default() });
        }
    }
    assert!(hits > 300, "{hits} hits");
}

/// A transaction with the plan and one without give the same; the number of matches.
#[track_caller]
fn compare(ruleset: &Rc<Ruleset>, sent: &Sent) -> usize {
    let planned = run(Transaction::new(ruleset, FUEL), sent);
    let all = run(Transaction::new(ruleset, FUEL).unplanned(), sent);
    let told = |transaction: &Transaction| transaction.matches().iter().map(tell).collect::<Vec<_>>();
    assert_eq!(told(&planned), told(&all), "{}", format!("{sent:?}").escape_debug());
    assert_eq!(planned.interruption(), all.interruption());
    for name in
        ["level", "n", "inbound_anomaly_score_pl1", "outbound_anomaly_score_pl1", "sql_injection_score", "0"]
    {
        assert_eq!(planned.tx(name), all.tx(name), "{name}");
    }
    all.matches().len()
}

fn tell(matched: &Match) -> String {
    let texts =
        [&matched.variable, &matched.value, &matched.data].map(|text| text.escape_ascii().to_string());
    format!("{} {texts:?}", matched.id)
}

fn run(mut transaction: Transaction, sent: &Sent) -> Transaction {
    transaction.process_start(Duration::from_secs(1_780_000_000), b"test");
    transaction.process_connection(("127.0.0.1", "40000"), ("127.0.0.1", "80"));
    let uri: &[u8] = if sent.uri.is_empty() { b"/form" } else { &sent.uri };
    let method: &[u8] = if sent.body.is_empty() { b"GET" } else { b"POST" };
    transaction.process_uri(uri, method, b"HTTP/1.1").unwrap();
    transaction.add_request_header(b"host", b"shop.example");
    sent.headers.iter().for_each(|(name, value)| transaction.add_request_header(name.as_bytes(), value));
    transaction.process_request_headers().unwrap();
    let _ = transaction.write_request_body(&sent.body);
    transaction.process_request_body().unwrap();
    transaction.add_response_header(b"content-type", b"text/html");
    transaction.process_response_headers(200, b"HTTP/1.1").unwrap();
    let _ = transaction.write_response_body(&sent.response);
    transaction.process_response_body().unwrap();
    transaction.process_logging().unwrap();
    transaction
}

/// The string in every place that rules look at.
fn everywhere(text: &[u8]) -> Sent {
    let line: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let code = encoded(text);
    let part = |name: &[u8], value: &[u8]| {
        [
            b"--x\r\nContent-Disposition: form-data; name=\"",
            name,
            b"\"; filename=\"",
            &line,
            b"\"\r\n\r\n",
            value,
            b"\r\n",
        ]
        .concat()
    };
    Sent {
        uri: [b"/a/", &*code, b"/b?", &code, b"=1&a=", &code].concat(),
        headers: vec![
            ("user-agent", line.clone()),
            ("referer", line.clone()),
            ("cookie", [b"c=", &*line].concat()),
            ("x-file-name", line.clone()),
            ("accept", line.clone()),
            ("content-type", b"multipart/form-data; boundary=x".to_vec()),
        ],
        body: [part(b"b", text), part(&line, b"1"), b"--x--\r\n".to_vec()].concat(),
        response: text.to_vec(),
    }
}

fn form_type() -> (&'static str, Vec<u8>) {
    ("content-type", b"application/x-www-form-urlencoded".to_vec())
}

fn encoded(text: &[u8]) -> Vec<u8> {
    percent::encode(text).into_owned()
}

/// The rules at paranoia level 4, and all strings of their tests; `None` where there is no CRS.
fn crs() -> Option<(Rc<Ruleset>, Vec<Vec<u8>>)> {
    let Some(dir) = dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return None;
    };
    let mut sources = layout::find(&dir).unwrap().sources(layout::TESTS).unwrap();
    sources.texts.push(("bodies".to_owned(), "SecResponseBodyAccess On\nSecArgumentsLimit 1000".to_owned()));
    let texts: Vec<(&str, &str)> =
        sources.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let ruleset = Rc::new(Ruleset::parse(&texts, &sources.data).unwrap());
    let mut strings = BTreeSet::new();
    for stage in read_dir(&dir).unwrap().iter().flat_map(|case| &case.stages) {
        let input = &stage.input;
        let uri = input.uri.iter().map(String::as_bytes);
        let headers = input.headers.iter().map(|(_, value)| value.as_bytes());
        let headers = headers.chain(input.ordered_headers.iter().map(|header| header.value.as_bytes()));
        for text in uri.chain(headers).chain(input.data.iter().map(String::as_bytes)) {
            let query = text.splitn(2, |byte| *byte == b'?').last().unwrap_or_default();
            for (name, value) in form::pairs(query, b'&') {
                strings.extend([name.into_owned(), value.into_owned()]);
            }
            strings.insert(text.to_vec());
        }
    }
    Some((ruleset, strings.into_iter().collect()))
}

/// `CRS_DIR`, else `.tools/crs` in the repository.
fn dir() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let given = std::env::var_os("CRS_DIR").map(PathBuf::from);
    given.into_iter().chain([root.join(".tools/crs")]).find(|dir| dir.is_dir())
}
