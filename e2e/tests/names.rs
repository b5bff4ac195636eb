//! Names that others build on: dashboards and access logs break where a metric or a filter state changes its name.
//!
//! `testdata/names.txt` lists what the sources may name, `<crate> metric|state <name>`; `{}` stands for what is put in when
//! it runs. A change of the list is a change for users: it belongs into CHANGELOG.md.

use portcullis_testkit::repo;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The crates that name metrics or states, and the word for each in the list.
const CRATES: [(&str, &str); 5] =
    [("host", "host"), ("waf", "waf"), ("transform", "transform"), ("policy", "authz"), ("dlp", "dlp")];
const UNITS: [&str; 5] = ["total", "bytes", "requests", "rules", "bodies"];

#[test]
fn names_are_those_of_the_list() {
    let list = std::fs::read_to_string(repo::root().join("e2e/testdata/names.txt")).unwrap();
    let listed: BTreeSet<String> =
        list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    for (folder, word) in CRATES {
        for file in sources(&repo::root().join("shared").join(folder).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.extend(metrics(code).map(|name| format!("{word} metric {name}")));
            found.extend(states(code).map(|name| format!("{word} state {name}")));
        }
    }
    let new: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not in the list: {new:?}; in the list alone: {gone:?}");
}

#[test]
fn labels_have_their_tags() {
    let list = std::fs::read_to_string(repo::root().join("e2e/testdata/names.txt")).unwrap();
    let names = list.lines().filter(|line| !line.starts_with('#'));
    let labels: BTreeSet<&str> = names.flat_map(|line| line.split('.').skip(1).step_by(2)).collect();
    assert!(labels.contains("reason") && labels.contains("authority"), "{labels:?}");
    for name in ["waf", "waf-crs", "transform", "authz", "dlp", "chain"] {
        let text = std::fs::read_to_string(repo::root().join(format!("envoy-configs/{name}.yaml"))).unwrap();
        for label in &labels {
            assert!(text.contains(&format!("tag_name: {label}\n")), "{name}.yaml has no tag for `{label}`");
        }
    }
}

/// Literals of the form `<noun>_<unit>`, perhaps with `.label.value`.
fn metrics(code: &str) -> impl Iterator<Item = String> + '_ {
    literals(code)
        .filter(|literal| {
            let mut parts = literal.split('.');
            let name = parts.next().unwrap_or_default();
            let plain =
                |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let unit = name.rsplit_once('_').is_some_and(|(noun, unit)| plain(noun) && UNITS.contains(&unit));
            let labels: Vec<&str> = parts.collect();
            let pair = |pair: &[&str]| match pair {
                [label, value] => plain(label) && (plain(value) || value.starts_with('{')),
                _ => false,
            };
            let labelled = labels.chunks(2).all(pair);
            unit && labelled
        })
        .map(|literal| {
            let parts = literal.split('.').map(|part| if part.starts_with('{') { "{}" } else { part });
            parts.collect::<Vec<_>>().join(".")
        })
}

/// The fields of `Effect::State`, and what the host itself writes.
fn states(code: &str) -> impl Iterator<Item = String> + '_ {
    let effects = code.split("State {").skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
    let fields = effects.filter_map(|effect| effect.split("field: \"").nth(1)?.split('"').next());
    let own = literals(code).filter_map(|literal| literal.strip_prefix("portcullis.{}."));
    fields.chain(own).filter(|name| !name.contains('{')).map(str::to_owned)
}

/// What stands between quotes on one line; good enough for names, which hold no quotes.
fn literals(code: &str) -> impl Iterator<Item = &str> {
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let test = path.file_stem().is_some_and(|name| name == "tests" || name == "fake");
            match path.is_dir() {
                _ if test => {}
                true => open.push(path),
                false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
                false => {}
            }
        }
    }
    found
}
