//! The command as a person runs it: arguments in, text and exit code out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stop the test where they fail"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Standard output, standard error, exit code.
fn portcullis(arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn check_prints_one_line_for_each_configuration() {
    assert_eq!(
        portcullis(&["check", "--filter", "authz", "authz.json"]),
        ("authz.json: ok\n".into(), String::new(), 0)
    );
    assert_eq!(
        portcullis(&["check", "--filter", "authz", "bad.json"]),
        (String::new(), "bad.json: default.policies.p.rego:2:12: no function `nothing`\n".into(), 1)
    );
}

#[test]
fn check_finds_the_configurations_of_resources() {
    let (out, err, code) = portcullis(&["check", "istio.yaml"]);
    assert_eq!(out, "istio.yaml: authz `edge-authz`: ok\n");
    assert_eq!(err, "istio.yaml: authz `broken`: default.policies: at least one policy is needed\n");
    assert_eq!(code, 1);
    let (_, err, code) = portcullis(&["check", "--filter", "dlp", "istio.yaml"]);
    assert_eq!((err.as_str(), code), ("istio.yaml: no configuration of our filters in it\n", 1));
}

#[test]
fn check_names_files_that_it_cannot_use() {
    for (arguments, expected) in [
        (
            &["check", "authz.json"][..],
            "authz.json: say by `--filter` which filter this configuration is for\n",
        ),
        (&["check", "missing.json"], "missing.json: cannot be read: "),
        (&["check", "allow.http"], "allow.http: is neither JSON nor YAML: "),
    ] {
        let (out, err, code) = portcullis(arguments);
        assert!(out.is_empty() && err.starts_with(expected), "{err}");
        assert_eq!(code, 1);
    }
}

#[test]
fn what_is_shipped_passes_check() {
    let mut checked = 0;
    for folder in ["envoy-configs", "envoy-configs/istio"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // OWASP CRS is not in every build of the command; the folder has files without configurations too.
            let ours = text.contains("filters.http.wasm.v3.Wasm") || text.contains("kind: WasmPlugin");
            if !ours || text.contains("@owasp_crs") {
                continue;
            }
            let (out, err, code) = portcullis(&["check", path.to_str().unwrap()]);
            assert_eq!(code, 0, "{}: {out}{err}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked} files");
}

#[test]
fn examples_pass_the_schema_and_the_loader() {
    for filter in ["waf", "transform", "authz", "dlp"] {
        let (schema, _, code) = portcullis(&["schema", "--filter", filter]);
        assert_eq!(code, 0);
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let example = root().join("filters").join(filter).join("example.yaml");
        if !example.exists() {
            continue;
        }
        let value: serde_json::Value =
            serde_yaml_ng::from_str(&std::fs::read_to_string(&example).unwrap()).unwrap();
        // An example may show the whole filter as Envoy has it.
        let value = match value.pointer("/typed_config/config/configuration/value") {
            Some(serde_json::Value::String(text)) => serde_json::from_str(text).unwrap(),
            Some(value) => value.clone(),
            None => value,
        };
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{filter}: {errors:?}");
        let (_, err, code) = portcullis(&["check", "--filter", filter, example.to_str().unwrap()]);
        assert_eq!(code, 0, "{err}");
        assert!(
            !validator.is_valid(&serde_json::json!({"version": 1, "default": {}, "unknown": 1})),
            "{filter}"
        );
    }
}

#[test]
fn run_shows_a_decision_and_its_edits() {
    let example = root().join("filters/authz/example.yaml");
    let example = example.to_str().unwrap();
    let (out, _, code) = portcullis(&["run", "--filter", "authz", "--config", example, "allow.http"]);
    assert_eq!(code, 0, "{out}");
    for line in ["route: default (enforce)", "  set x-user: alice", "  remove x-api-key", "outcome: passes"] {
        assert!(out.lines().any(|found| found == line), "{line}: {out}");
    }
    let (out, _, code) =
        portcullis(&["run", "--filter", "authz", "--config", example, "deny.http", "--json"]);
    assert_eq!(code, 2);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["outcome"]["replies"]["reply"]["status"], 403);
    assert_eq!(report["outcome"]["replies"]["reply"]["body"], "not for you\n");
}

#[test]
fn run_takes_a_response_through_too() {
    let (out, err, code) = portcullis(&[
        "run",
        "--filter",
        "dlp",
        "--config",
        "dlp.json",
        "allow.http",
        "--response",
        "card.http",
        "--json",
    ]);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let body = report["response"]["body"].as_str().unwrap();
    assert!(body.ends_with("1111\n") && !body.contains("4111"), "{body}");
}

#[test]
fn run_names_what_is_wrong() {
    let (_, err, code) = portcullis(&["run", "--filter", "authz", "--config", "authz.json", "card.http"]);
    assert_eq!(
        (err.as_str(), code),
        ("error: card.http: the first line is not `METHOD /path HTTP/1.1`\n", 1)
    );
    let (_, err, code) = portcullis(&["run", "--filter", "authz", "--config", "bad.json", "allow.http"]);
    assert_eq!(
        (err.as_str(), code),
        ("error: bad.json: default.policies.p.rego:2:12: no function `nothing`\n", 1)
    );
    let (_, err, code) = portcullis(&["run", "--filter", "authz", "--config", "istio.yaml", "allow.http"]);
    assert_eq!((err.as_str(), code), ("error: istio.yaml: more than one configuration of authz in it\n", 1));
}
