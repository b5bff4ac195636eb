//! The documentation: its rules and configurations load, its command lines run, its numbers are the engine's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail where its data is broken"
)]

use portcullis_waf::{Engine, OverLimit, Ruleset, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/waf")
}

/// Each page with its text.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for folder in [docs(), docs().join("waf")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(docs()).unwrap().display().to_string();
                pages.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    pages.sort();
    assert!(pages.len() >= 6, "{} pages", pages.len());
    pages
}

/// The fenced blocks of a kind, with the page and line at which each begins; indentation of lists is taken off.
fn blocks(kind: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    for (page, text) in pages() {
        let mut open: Option<(usize, usize, String)> = None;
        for (line, number) in text.lines().zip(1..) {
            let indent = line.len() - line.trim_start().len();
            match &mut open {
                None if line.trim() == format!("```{kind}") => open = Some((number, indent, String::new())),
                None => {}
                Some((begun, ..)) if line.trim() == "```" => {
                    let place = format!("{page}:{begun}");
                    blocks.push((place, open.take().unwrap().2));
                }
                Some((_, indent, block)) => {
                    block.push_str(line.get(*indent..).unwrap_or_default());
                    block.push('\n');
                }
            }
        }
        assert!(open.is_none(), "{page}: a block has no end");
    }
    blocks
}

fn portcullis(arguments: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).env("CRS_DIR", data().join("crs")).current_dir(data());
    if let Some(input) = input {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("input");
        std::fs::write(&path, input).unwrap();
        return command.stdin(std::fs::File::open(path).unwrap()).output().unwrap();
    }
    command.output().unwrap()
}

#[test]
fn seclang_loads_without_warning() {
    let blocks = blocks("seclang");
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    for (place, text) in blocks {
        match Ruleset::parse(&[(&place, &text)], &BTreeMap::new()) {
            Ok(ruleset) => assert!(ruleset.warnings().is_empty(), "{place}: {:?}", ruleset.warnings()),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn configurations_load() {
    let blocks = blocks("yaml");
    assert!(blocks.len() >= 4, "{} blocks", blocks.len());
    let dir = tempfile::tempdir().unwrap();
    for (place, text) in blocks {
        let path = dir.path().join("config.yaml");
        std::fs::write(&path, &text).unwrap();
        let path = path.to_str().unwrap();
        // Those with `crs` need CRS in the build; the rules that they come to are checked with the folder of CRS.
        if text.contains("crs:") {
            let output = portcullis(&["waf", "explain-config", path], None);
            assert!(output.status.success(), "{place}: {}", String::from_utf8_lossy(&output.stderr));
            continue;
        }
        let output = portcullis(&["check", "--filter", "waf", path], None);
        assert!(output.status.success(), "{place}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn command_lines_run() {
    let mut lines = 0;
    for (place, text) in blocks("sh") {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words = words(line);
            assert_eq!(words[0], "portcullis", "{place}: {line}");
            let mut arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
            // A file that a person has.
            arguments
                .iter_mut()
                .filter(|word| **word == "request.http")
                .for_each(|word| *word = "attack.http");
            if arguments.contains(&"942100") {
                continue;
            }
            let output = portcullis(&arguments, None);
            let code = output.status.code().unwrap();
            assert!(
                code < 2,
                "{place}: `{line}` exits with {code}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            lines += 1;
        }
    }
    assert!(lines >= 12, "{lines} lines");
}

#[test]
fn the_example_of_json_runs() {
    let [(place, text)] = blocks("json").try_into().unwrap();
    let output = portcullis(&["waf", "run", "--json"], Some(&text));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["status"].as_u64(), report["rule"].as_u64()), (Some(406), Some(1)), "{place}");
    let page = std::fs::read_to_string(docs().join("waf/cli.md")).unwrap();
    for (name, _) in report.as_object().unwrap() {
        assert!(page.contains(&format!("| `{name}` |")), "cli.md does not say what `{name}` is");
    }
    for (name, _) in report["matches"][0].as_object().unwrap() {
        assert!(
            page.contains(&format!(" {name},"))
                || page.contains(&format!("{{{name},"))
                || page.contains(&format!(" {name}}}")),
            "{name}"
        );
    }
}

#[test]
fn every_command_is_in_the_papers() {
    let help = portcullis(&["waf", "--help"], None);
    let help = String::from_utf8(help.stdout).unwrap();
    let page = std::fs::read_to_string(docs().join("waf/cli.md")).unwrap();
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names.iter().filter(|name| **name != "help") {
        assert!(page.contains(&format!("| `{name} ")), "cli.md has no row for `{name}`");
    }
}

/// Each row of a directive names the engine's default.
#[test]
fn limits_are_the_engines() {
    let page = std::fs::read_to_string(docs().join("waf/limits.md")).unwrap();
    let settings = Settings::default();
    let over = |over: OverLimit| if over == OverLimit::Reject { "`Reject`" } else { "`ProcessPartial`" };
    let switch = |on: bool| if on { "`On`" } else { "`Off`" };
    assert_eq!(settings.engine, Engine::DetectionOnly, "differences.md says so");
    assert!(settings.request_body_access, "differences.md says so");
    let rows = [
        ("SecRequestBodyLimit", format!("{} bytes", settings.request_body_limit)),
        ("SecRequestBodyLimitAction", over(settings.request_body_over).to_owned()),
        ("SecRequestBodyNoFilesLimit", format!("{} bytes", settings.request_body_no_files_limit)),
        ("SecRequestBodyJsonDepthLimit", format!("{} levels", settings.json_depth)),
        ("SecArgumentsLimit", format!("{} arguments", settings.arguments_limit)),
        ("SecUploadFileLimit", format!("{} files", settings.upload_file_limit)),
        ("SecResponseBodyAccess", switch(settings.response_body_access).to_owned()),
        ("SecResponseBodyLimit", format!("{} bytes", settings.response_body_limit)),
        ("SecResponseBodyLimitAction", over(settings.response_body_over).to_owned()),
        ("SecResponseBodyMimeType", format!("`{}`", settings.response_mime_types.join(" "))),
        ("SecCollectionTimeout", format!("{} seconds", settings.collection_timeout)),
    ];
    for (name, value) in rows {
        let row = format!("| `{name}` | {value} |");
        assert!(page.contains(&row), "limits.md has no `{row}`");
    }
    assert!(page.contains(&format!("| `msg` and `data` of a line | {} bytes |", portcullis_waf::LOG_BYTES)));
}

/// The pages that a page names are there.
#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for (page, text) in pages() {
        let folder = docs().join(&page).parent().unwrap().to_owned();
        for part in text.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            if target.starts_with("http") {
                continue;
            }
            assert!(folder.join(target.split('#').next().unwrap()).exists(), "{page}: {target}");
            links += 1;
        }
    }
    assert!(links >= 4, "{links} links");
}

/// The words of a command line, single quotes taken off.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
