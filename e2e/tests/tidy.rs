//! The tree keeps its own rules: crate boundaries, file sizes, papers that name what exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The pure libraries: what engines are made of.
const PURE: [&str; 10] =
    ["core", "http", "patterns", "seclang", "waf", "template", "transform", "policy", "dlp", "host"];
const LONGEST_FILE: usize = 500;
const MOST_SHARED_CRATES: usize = 15;

/// Crates that do not take over the workspace's lint table, with the reason.
const OWN_LINTS: [(&str, &str); 5] = [
    ("shared/host", "one file calls the proxy, which is unsafe; all other lints are the same"),
    ("shared/testkit", "code for tests: it may panic, print and index"),
    ("e2e", "code for tests: it may panic, print and index"),
    ("e2e/bench", "a tool for people and tests: it may panic, print and index"),
    ("e2e/fuel", "code that the bench runs: it may panic, print and index"),
];

/// Sources with a static or thread-local that can change, with the reason. It holds no plugin's state.
const STATICS: [(&str, &str); 1] = [(
    "shared/policy/src/meter.rs",
    "regorus asks a plain function for the time; it counts the steps of one evaluation",
)];

#[test]
fn only_host_names_proxy_wasm() {
    // The name of another WAF, whose configuration ours takes.
    let text = |file: &Path| read(file).replace("coraza-proxy-wasm", "");
    let named = |file: &Path| text(file).contains("proxy-wasm") || text(file).contains("proxy_wasm");
    let manifests =
        files("toml").into_iter().filter(|file| ends(file, "Cargo.toml") && *file != at("Cargo.toml"));
    let sources = files("rs").into_iter().filter(|file| *file != at("e2e/tests/tidy.rs"));
    let others = manifests.chain(sources).filter(|file| !file.starts_with(at("shared/host")));
    none(others.filter(|file| named(file)), "proxy-wasm is named outside shared/host");
}

#[test]
fn files_are_short() {
    let long =
        files("rs").into_iter().chain(files("py")).filter(|file| read(file).lines().count() > LONGEST_FILE);
    none(long, "longer than 500 lines: split by noun");
}

#[test]
fn modules_say_what_they_are_for() {
    let silent = files("rs").into_iter().filter(|file| !read(file).starts_with("//!"));
    none(silent, "the first line is no `//!` line");
}

#[test]
fn shared_has_few_crates() {
    let crates = folders("shared").len();
    assert!(crates <= MOST_SHARED_CRATES, "{crates} crates in shared/");
}

#[test]
fn every_filter_is_complete() {
    let readme = read(&at("README.md"));
    for filter in folders("filters") {
        let name = filter.file_name().unwrap().to_str().unwrap();
        for file in ["Cargo.toml", "src/lib.rs", "README.md", "example.yaml"] {
            assert!(filter.join(file).is_file(), "filters/{name} has no {file}");
        }
        assert!(at("e2e/tests").join(format!("{name}.rs")).is_file(), "no e2e/tests/{name}.rs");
        assert!(readme.contains(&format!("](filters/{name}/README.md)")), "README.md has no row for {name}");
        let thin = read(&filter.join("src/lib.rs")).lines().count();
        assert!(thin <= 20, "filters/{name}/src/lib.rs has {thin} lines: the engine belongs into shared/");
    }
}

#[test]
fn no_static_holds_state() {
    let words = [["static ", "mut"].concat(), ["thread_", "local!"].concat()];
    let holds = |file: &Path| words.iter().any(|word| without_tests(file).contains(word.as_str()));
    let excepted: Vec<PathBuf> = STATICS.iter().map(|(file, _)| at(file)).collect();
    none(excepted.iter().filter(|file| !holds(file)).cloned(), "an exception that is not needed");
    let found = files("rs").into_iter().filter(|file| is_product(file) && !excepted.contains(file));
    none(found.filter(|file| holds(file)), "a static or thread-local that can change");
}

#[test]
fn engines_do_no_input_or_output() {
    let forbidden = [
        "SystemTime",
        "Instant",
        "std::fs",
        "TcpStream",
        "UdpSocket",
        "ToSocketAddrs",
        "std::env",
        "std::process",
        "std::thread",
        " rand::",
    ];
    for library in PURE.iter().filter(|name| **name != "host") {
        let sources = under(&at("shared").join(library).join("src"), "rs");
        for file in sources.into_iter().filter(|file| is_product(file)) {
            let text = without_tests(&file);
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for word in forbidden {
                let found = code.iter().find(|line| line.contains(word));
                assert!(found.is_none(), "{}: `{word}`: {}", show(&file), found.unwrap_or(&"").trim());
            }
        }
    }
}

#[test]
fn no_text_of_the_core_rule_set() {
    let mark = ["OWASP", "CRS", "ver"].join(" ");
    let all = under(&at(""), "");
    none(all.into_iter().filter(|file| read(file).contains(&mark)), "holds text of OWASP CRS");
}

#[test]
fn every_crate_takes_the_lint_table() {
    let own: BTreeSet<PathBuf> = OWN_LINTS.iter().map(|(folder, _)| at(folder).join("Cargo.toml")).collect();
    for manifest in
        files("toml").into_iter().filter(|file| ends(file, "Cargo.toml") && *file != at("Cargo.toml"))
    {
        let takes = read(&manifest).contains("[lints]\nworkspace = true");
        match own.contains(&manifest) {
            false => assert!(takes, "{} has no `[lints] workspace = true`", show(&manifest)),
            true => assert!(!takes, "{} needs no exception", show(&manifest)),
        }
    }
    assert!(
        OWN_LINTS.iter().all(|(folder, reason)| at(folder).is_dir() && !reason.is_empty()),
        "outlived exception"
    );
}

#[test]
fn architecture_names_what_exists() {
    let text = read(&at("ARCHITECTURE.md"));
    let paths: Vec<&str> = quoted(&text).filter(|word| is_path(word)).collect();
    assert!(paths.len() > 20, "only {} paths: has the form of the page changed?", paths.len());
    for path in paths {
        assert!(at(path).exists(), "ARCHITECTURE.md names `{path}`, which does not exist");
    }
}

#[test]
fn papers_name_existing_targets() {
    let makefile = read(&at("Makefile"));
    let exists = |target: &str| makefile.lines().any(|line| line.starts_with(&format!("{target}: ")));
    let mut seen = 0;
    for file in files("md").into_iter().chain([at(".ci/run")]) {
        for target in made(&read(&file)) {
            assert!(exists(&target), "{}: no `make {target}`", show(&file));
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} commands found");
    let listed = ["setup", "build", "run", "demo", "test", "lint", "conformance", "bench", "bench-accept"];
    let readme: BTreeSet<String> = made(&read(&at("README.md"))).collect();
    none(
        listed.iter().filter(|target| !readme.contains(**target)).map(PathBuf::from),
        "README.md does not show this target",
    );
}

#[test]
fn links_lead_somewhere() {
    for file in files("md") {
        let text = read(&file);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            assert!(outside || file.with_file_name(link).exists(), "{}: no `{link}`", show(&file));
        }
    }
}

#[test]
fn the_licence_is_here() {
    assert!(read(&at("LICENSE")).trim_start().starts_with("Apache License"));
    assert!(read(&at("Cargo.toml")).contains("license = \"Apache-2.0\""));
}

fn at(path: &str) -> PathBuf {
    let root = portcullis_testkit::repo::root();
    if path.is_empty() { root } else { root.join(path.trim_end_matches('/')) }
}

fn files(extension: &str) -> Vec<PathBuf> {
    under(&at(""), extension)
}

/// All files of the tree with that extension (of any, if it is empty), but those that are made or fetched.
fn under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let made =
                ["target", "dist", ".git", ".tools"].contains(&name.as_str()) || name.starts_with("target-");
            if path.is_dir() && !made {
                open.push(path);
            } else if path.is_file()
                && (extension.is_empty() || path.extension().is_some_and(|own| own == extension))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn folders(parent: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(at(parent)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.join("Cargo.toml").is_file()).collect()
}

fn read(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
}

/// The code of a file up to its test module, which stands last.
fn without_tests(file: &Path) -> String {
    let text = read(file);
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// Whether a source is part of what ships: of a library or a filter, and not of its tests.
fn is_product(file: &Path) -> bool {
    let test = file.components().any(|part| part.as_os_str() == "tests") || ends(file, "tests.rs");
    let pure = PURE.iter().any(|name| file.starts_with(at("shared").join(name).join("src")));
    (pure || file.starts_with(at("filters"))) && !test
}

fn ends(file: &Path, name: &str) -> bool {
    file.file_name().is_some_and(|own| own == name)
}

fn show(file: &Path) -> String {
    file.strip_prefix(at("")).unwrap_or(file).display().to_string()
}

#[track_caller]
fn none(found: impl Iterator<Item = PathBuf>, complaint: &str) {
    let found: Vec<String> = found.map(|file| show(&file)).collect();
    assert!(found.is_empty(), "{complaint}: {}", found.join(", "));
}

/// What stands between backticks on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Whether a quoted word means a file or folder of this repository.
fn is_path(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let file = [".rs", ".md", ".toml", ".yaml", ".py", ".sh"].iter().any(|end| word.ends_with(end));
    let made = ["dist/", "target/", ".tools/", "/"].iter().any(|start| word.starts_with(start));
    plain && (word.contains('/') || file) && !made
}

/// The targets of `make` commands: in backticks, or at the start of a line.
fn made(text: &str) -> impl Iterator<Item = String> + '_ {
    let lines = text.lines().filter(|line| line.trim_start().starts_with("make "));
    let words = quoted(text).filter(|word| word.starts_with("make ")).chain(lines);
    words.filter_map(|command| {
        let target = command.split_whitespace().nth(1)?;
        Some(target.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned())
    })
}
