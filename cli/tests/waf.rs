//! `portcullis waf`, as a person runs it: arguments in, text and exit code out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail where its data is broken"
)]

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/waf")
}

/// Standard output, standard error, exit code of a run in the folder of data. CRS of the workspace is not looked for.
fn waf_in(arguments: &[&str], input: &str) -> (String, String, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("waf")
        .args(arguments)
        .env("CRS_DIR", data().join("crs"))
        .current_dir(data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that takes no input closes it.
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn waf(arguments: &[&str]) -> (String, String, i32) {
    waf_in(arguments, "")
}

#[track_caller]
fn prints(arguments: &[&str], expected: &str, code: i32) {
    let (out, err, found) = waf(arguments);
    assert_eq!((out.as_str(), err.as_str(), found), (expected, "", code));
}

/// An error is one line, and nothing else is printed.
#[track_caller]
fn fails(arguments: &[&str], expected: &str) {
    let (out, err, code) = waf(arguments);
    assert_eq!((out.as_str(), code), ("", 2), "{err}");
    assert!(err.starts_with(&format!("error: {expected}")) && err.lines().count() == 1, "{err}");
}

#[test]
fn op_asks_one_operator() {
    prints(
        &["op", "rx", r"(?i)union\s+(select)", "x UNION  SELECT"],
        "matches\n  TX:0 = UNION  SELECT\n  TX:1 = SELECT\n",
        0,
    );
    prints(&["op", "@streq", "a", r"\x61"], "matches\n", 0);
    prints(&["op", "!streq", "a", "a"], "does not match\n", 1);
    prints(&["op", "pmFromFile", "leaks.data", "a SECRET KEY"], "matches\n  TX:0 = SECRET KEY\n", 0);
    prints(&["op", "--json", "contains", "b", "abc"], "{\"captures\":{},\"matches\":true}\n", 0);
    assert_eq!(waf_in(&["op", "streq", "a\\b"], "a\\b").2, 0);
    fails(&["op", "nothing", "a", "b"], "unknown operator `@nothing`");
    fails(&["op", "rx", "(", "b"], "pattern `(` cannot be used: ");
    fails(&["op", "rbl", "x", "b"], "operator `@rbl` is not supported: a sandbox has no DNS");
    fails(&["op", "streq", "a", r"\q"], r"`\q` in `\q` is none of `\xNN`, ");
}

#[test]
fn tfn_shows_each_step() {
    prints(
        &["tfn", "urlDecodeUni,lowercase", r"%41%u0042\x00"],
        "                %41%u0042\\x00\nt:urlDecodeUni  AB\\x00\nt:lowercase     ab\\x00\n",
        0,
    );
    prints(&["tfn", "--raw", "t:hexDecode", "trim", "414220"], "AB", 0);
    prints(&["tfn", "lowercase", "a"], "             a\nt:lowercase  a\n", 1);
    let (out, _, code) = waf(&["tfn", "--json", "uppercase", "a"]);
    let expected =
        json!({"input": "a", "output": "A", "changed": true, "steps": [{"name": "uppercase", "value": "A"}]});
    assert_eq!((serde_json::from_str::<Value>(&out).unwrap(), code), (expected, 0));
    fails(&["tfn", "nothing", "a"], "unknown transformation `nothing`; there are base64Decode, ");
}

#[test]
fn check_finds_what_is_wrong_though_it_loads() {
    let expected = "\
lint.conf:2:1: warning: `SecAction` has no `id`: nothing can name it, and ModSecurity refuses it [missing-id]
lint.conf:2:31: note: `tx.unused` is set, and no rule reads it [unused-variable]
lint.conf:3:1: warning: rule 10 can never match: what it looks at has no value before phase 2, and it runs in phase 1 [never-matches]
lint.conf:4:1: warning: rule 11 can never match: `t:lowercase` leaves no upper case letter, and `Admin` has one [never-matches]
lint.conf:5:1: note: the pattern of rule 12 has no literal that every match needs: it runs on every value [no-literal]
lint.conf:5:47: warning: `tx.nowhere` is read, and no rule sets it [unset-variable]
lint.conf:6:1: warning: rule 13 can never match: `t:lowercase` leaves no upper case letter, and its pattern wants one [never-matches]
lint.conf:8:1: warning: 2 rules of phase 3, from rule 16 to rule 17, never run: rule 15 at lint.conf:7 always passes over them [unreachable]
lint.conf:11:1: warning: rule 18 skips to `NOWHERE`, which is not there: the rest of the phase is skipped [unknown-marker]
lint.conf:12:1: warning: `deny` of rule 19 has no effect: in phase 5 the response has gone out [too-late]
lint.conf:13:48: warning: rule 12 has run when rule 20 takes it away [too-late]
lint.conf:14:1: warning: `SecRuleRemoveById 99` means no rule [loader]
lint.conf: 11 rules load
";
    prints(&["check", "lint.conf"], expected, 1);
    let quiet: String =
        expected.lines().filter(|line| !line.contains(": note: ")).map(|line| format!("{line}\n")).collect();
    prints(&["check", "--quiet", "lint.conf"], &quiet, 1);
    prints(&["check", "rules.conf"], "rules.conf: 4 rules load\n", 0);
    prints(&["check", "crs"], "crs: 8 rules load\n", 0);
}

#[test]
fn check_names_every_error() {
    let expected = "\
errors.conf:2:14: error: pattern `a(` cannot be used: unclosed group [load]
errors.conf:4:18: error: unknown operator `@nothing` [load]
errors.conf:5:1: error: the rule has no `id` [load]
errors.conf:7:42: error: action `exec` is not supported: a sandbox runs no programs [load]
errors.conf:9:1: error: rule id `3` is used twice, first at errors.conf:8 [load]
";
    prints(&["check", "errors.conf"], expected, 1);
    let (out, _, code) = waf(&["check", "--json", "errors.conf"]);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((found.as_array().unwrap().len(), code), (5, 1));
    let first = json!({
        "file": "errors.conf", "line": 2, "column": 14, "level": "error", "code": "load",
        "message": "pattern `a(` cannot be used: unclosed group",
    });
    assert_eq!(found[0], first);
}

#[test]
fn check_reads_configurations() {
    let expected = "\
config.yaml: default.rules[0]:2:1: warning: rule 1 skips to `NOWHERE`, which is not there: the rest of the phase is skipped [unknown-marker]
bad-config.yaml: default.rules[1]:1:14: error: pattern `a(` cannot be used: unclosed group [load]
config.yaml: routes[0]: 0 rules load
config.yaml: default: 1 rule loads
";
    prints(&["check", "config.yaml", "bad-config.yaml"], expected, 1);
    let expected = "\
coraza.json: default: warning: SecDebugLogLevel: logs go to the proxy's log [loader]
coraza.json: routes[0]: 0 rules load
coraza.json: default: 1 rule loads
";
    prints(&["check", "coraza.json"], expected, 1);
    let (out, _, code) = waf(&["check", "shape.json"]);
    let expected = "shape.json: error: default.nothing: unknown field `nothing`, expected one of `rules`, ";
    assert!(
        out.starts_with(expected) && out.ends_with(" [configuration]\n") && out.lines().count() == 1,
        "{out}"
    );
    assert_eq!(code, 1);
}

#[test]
fn files_that_are_no_rules_are_named() {
    fails(&["check", "binary.conf"], "binary.conf is not UTF-8 text");
    fails(&["check", "broken.yaml"], "broken.yaml: is neither JSON nor YAML: ");
    fails(&["check", "missing.conf"], "missing.conf cannot be read: No such file or directory");
    fails(&["check", "ftw"], "ftw: no Core Rule Set: expected ");
    fails(
        &["run", "binary.conf", "--rules", "rules.conf"],
        "binary.conf: the first line is not `METHOD /path HTTP/1.1`",
    );
    fails(
        &["run", "plain.http", "--rules", "errors.conf"],
        "errors.conf:2:14: pattern `a(` cannot be used: unclosed group",
    );
    fails(&["ftw", "missing", "--crs", "crs"], "missing: cannot be read: No such file or directory");
    fails(&["ftw", "broken.yaml", "--crs", "crs"], "broken.yaml: ");
    fails(&["ftw", "binary.conf", "--crs", "crs"], "binary.conf: is not UTF-8 text");
    fails(&["ftw", "ftw", "--crs", "ftw"], "ftw: no Core Rule Set: expected ");
    fails(&["tune", "plain.http"], "no match among 4 lines: expected ");
    fails(&["explain", "99", "--rules", "rules.conf"], "there is no rule 99 among 4 rules");
    fails(&["explain-config", "config.yaml", "--route", "routes[3]"], "config.yaml: there is no `routes[3]`");
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge.conf");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    fails(
        &["check", path.to_str().unwrap()],
        &format!("{} has 1099511627776 bytes, more than ", path.display()),
    );
}

#[test]
fn run_shows_the_verdict_and_what_became_of_values() {
    let expected = "\
verdict: denied with 403 by rule 3

rule  phase  severity  variable          message
   2      2  CRITICAL  TX:anomaly_score  SQL injection
   3      2            TX:anomaly_score  score 5

2 (rules.conf:5)
  data: 5
  ARGS:id
    value                 1%20UNION  SELECT
    t:urlDecodeUni        1 UNION  SELECT
    t:lowercase           1 union  select
    t:compressWhitespace  1 union select
  TX:anomaly_score
    value                 5

3 (rules.conf:18)
  TX:anomaly_score
    value  5

variable          value
TX:anomaly_score      5
";
    prints(&["run", "attack.http", "--rules", "rules.conf"], expected, 1);
    prints(&["run", "plain.http", "--rules", "rules.conf"], "verdict: passes\n", 0);
    let (out, _, code) = waf(&["run", "plain.http", "--rules", "rules.conf", "--response", "leak.http"]);
    assert!(out.starts_with("verdict: denied with 502 by rule 4\n"), "{out}");
    assert_eq!(code, 1);
}

#[test]
fn run_takes_a_case_as_json() {
    let case = std::fs::read_to_string(data().join("case.json")).unwrap();
    let (out, err, code) = waf_in(&["run", "--json"], &case);
    assert_eq!((err.as_str(), code), ("", 1));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["status"], &report["action"], &report["rule"]),
        (&json!(406), &json!("deny"), &json!(1))
    );
    let matched = &report["matches"][0];
    let shown = (&matched["id"], &matched["variable"], &matched["value"], &matched["data"]);
    assert_eq!(shown, (&json!(1), &json!("ARGS:id"), &json!("7"), &json!("7")));
    let steps = json!([{"transformation": null, "value": " 7 "}, {"transformation": "trim", "value": "7"}]);
    assert_eq!(matched["values"], json!([{"variable": "ARGS:id", "steps": steps}]));
    let variables = report["variables"].as_array().unwrap();
    for expected in [("ARGS:b", "c"), ("TX:1", "7"), ("REMOTE_ADDR", "192.0.2.7")] {
        let expected = json!({"name": expected.0, "value": expected.1});
        assert!(variables.contains(&expected), "{expected}");
    }
    assert!(report["log"][0].as_str().unwrap().contains("Access denied with code 406 (phase 2)."));
    assert_eq!((&report["warnings"], &report["error"]), (&json!([]), &Value::Null));
}

#[test]
fn run_reads_bytes_and_says_what_it_cannot_read() {
    let case = r#"{"rules": "SecRuleEngine On\nSecRule REQUEST_BODY \"@rx \\xff\" \"id:1,phase:2,deny\"",
        "encoding": "latin1", "request": {"method": "POST", "uri": "/", "body": "aÿb"}}"#;
    let (out, _, code) = waf_in(&["run", "--json"], case);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["action"], &report["matches"][0]["value"], code), (&json!("deny"), &json!("aÿb"), 1));
    let (out, _, code) = waf_in(&["run", "--json"], r#"{"rules": "SecRule"}"#);
    let report: Value = serde_json::from_str(&out).unwrap();
    let error = json!("rules:1:1: `SecRule` needs variables and an operator");
    assert_eq!((&report["status"], &report["error"], code), (&Value::Null, &error, 2));
    for (input, expected) in [
        ("x", "error: standard input: expected value at line 1 column 1\n"),
        (r#"{"nope": 1}"#, "error: standard input: unknown field `nope` at line 1 column 11\n"),
        (r#"{"rules": "", "client": "here"}"#, "error: `here` is not `ip:port`\n"),
        (
            r#"{"rules": "", "request": {"headers": 1}}"#,
            "error: request.headers: neither an object nor a list of [name, value]\n",
        ),
    ] {
        let (out, err, code) = waf_in(&["run", "--json"], input);
        assert_eq!((out.as_str(), err.as_str(), code), ("", expected, 2));
    }
}

#[test]
fn ftw_reports_by_rule() {
    let expected = "\
rule  passed  failed  vacuous
   2       1       1        1
   3       1

failures:
  2-2: 2 did not match; [3] did
    ftw/2.yaml: this one fails

4 tests of 2 rules: 2 passed, 1 failed, 1 vacuous (nothing expected); 1 answered by the server in front of the rules
";
    prints(&["ftw", "ftw", "--crs", "crs"], expected, 1);
    let (out, _, code) = waf(&["ftw", "ftw", "--crs", "crs", "--only", r"^3-\d", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["passed"], &report["rules"]["3"]["passed"], code), (&json!(1), &json!(1), 0));
    fails(&["ftw", "ftw", "--crs", "crs", "--only", "^9"], "no test has a name that matches `^9`");
}

#[test]
fn explain_says_what_a_rule_does() {
    let (out, err, code) = waf(&["explain", "2", "--rules", "rules.conf"]);
    assert_eq!((err.as_str(), code), ("", 0));
    let (words, source) = out.split_once("\n\n").unwrap();
    let expected = "\
rule            2, rules.conf:5
message         SQL injection
phase           2, request body
severity        CRITICAL
paranoia level  1
link 1 of 2
looks at        ARGS
but not at      ARGS:free
transformed by  urlDecodeUni, lowercase, compressWhitespace
looks for       a value with `union select` in it
link 2 of 2
looks at        TX:anomaly_score
looks for       a number of at least 0
does            block (here: pass), setvar:'tx.anomaly_score=+5'
tags            attack-sqli, paranoia-level/1
changed by      SecRuleUpdateTargetById 2 \"!ARGS:note\" (rules.conf:21)";
    assert_eq!(words, expected);
    let file = std::fs::read_to_string(data().join("rules.conf")).unwrap();
    let lines: Vec<&str> = file.lines().skip(4).take(13).collect();
    assert_eq!(source.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn explain_config_prints_seclang() {
    prints(
        &["explain-config", "config.yaml", "--route", "default"],
        "# --- default\n# rules[0]\nSecRuleEngine On\nSecRule ARGS \"@pmFromFile leaks.data\" \"id:1,phase:2,deny,skipAfter:NOWHERE\"\n",
        0,
    );
    let (out, _, code) = waf(&["explain-config", "friendly.yaml"]);
    assert_eq!(code, 0);
    for part in
        ["# --- default\n# crs\n", "Include @owasp_crs/*.conf\n", "ruleRemoveTargetById=942100;ARGS:comment"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn tune_proposes_the_most_frequent_first() {
    let expected = r#"# 6 matches
# matches  rules          target                     path
#       3  920272         ARGS:/^items\.\d+\.name$/  /order
#       2  932100 942100  ARGS:q                     /search
crs:
  exclude:
    # 3 matches: Invalid character
    - ids: [920272]
      targets: ["ARGS:/^items\\.\\d+\\.name$/"]
      paths: ["/order"]
    # 2 matches: Remote Command Execution; SQL Injection
    - ids: [932100, 942100]
      targets: ["ARGS:q"]
      paths: ["/search"]
"#;
    prints(&["tune", "match.log"], expected, 1);
    let (out, _, _) = waf(&["tune", "--min", "3", "--json", "match.log"]);
    let proposals: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((proposals.as_array().unwrap().len(), &proposals[0]["count"]), (1, &json!(3)));
    // What is proposed loads, in both forms.
    let (rules, _, _) = waf(&["tune", "--seclang", "500", "match.log"]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.conf"), format!("SecRuleEngine On\n{rules}")).unwrap();
    let (out, err, _) = waf(&["check", dir.path().join("x.conf").to_str().unwrap()]);
    assert!(out.ends_with("x.conf: 2 rules load\n"), "{out}{err}");
    let (settings, _, _) = waf(&["tune", "match.log"]);
    let settings: String = settings.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(dir.path().join("x.yaml"), format!("version: 1\ndefault:\n{settings}")).unwrap();
    let (out, err, code) = waf(&["explain-config", dir.path().join("x.yaml").to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains(r"ruleRemoveTargetById=920272;ARGS:/^items\.\d+\.name$/"), "{out}");
}

#[test]
fn usage_is_explained() {
    for arguments in
        [&["--help"][..], &["run", "--help"], &["check", "--help"], &["ftw", "--help"], &["tune", "--help"]]
    {
        let (out, _, code) = waf(arguments);
        assert!(code == 0 && out.contains("Usage: portcullis waf") && out.contains("xit code"), "{out}");
    }
    for arguments in
        [&["run"][..], &["op"], &["ftw"], &["explain", "x"], &["ftw", "ftw", "--paranoia", "5"], &["nothing"]]
    {
        assert_eq!(waf(arguments).2, 2, "{arguments:?}");
    }
}
