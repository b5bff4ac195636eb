//! Exclusions for what is in the log.

use super::lines::Logged;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Rules that compare a score: ids of CRS's files 949, 959 and 980.
const SCORES: [std::ops::RangeInclusive<u64>; 3] = [949_000..=949_999, 959_000..=959_999, 980_000..=980_999];

/// One entry of `exclude`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proposal {
    /// Matches that it would have kept away.
    pub(crate) count: u64,
    pub(crate) ids: Vec<u64>,
    /// None where the log does not say what matched: the rules whole.
    pub(crate) targets: Vec<String>,
    /// None for all paths.
    pub(crate) paths: Vec<String>,
    /// The messages of the rules.
    pub(crate) messages: Vec<String>,
}

/// What one rule found in one target.
#[derive(Default)]
struct Cell {
    paths: BTreeMap<String, u64>,
    variables: BTreeSet<String>,
    msg: String,
}

/// The proposals, the most frequent first. Rules that hit the same target on the same paths share one.
pub(crate) fn all(matches: &[Logged], min: u64, max_paths: usize) -> Vec<Proposal> {
    let mut cells: BTreeMap<(String, u64), Cell> = BTreeMap::new();
    for logged in matches.iter().filter(|logged| !SCORES.iter().any(|range| range.contains(&logged.id))) {
        let cell = cells.entry((general(&logged.variable), logged.id)).or_default();
        *cell.paths.entry(logged.path.clone()).or_default() += 1;
        cell.variables.insert(logged.variable.clone());
        cell.msg.clone_from(&logged.msg);
    }
    let mut merged: BTreeMap<(Vec<String>, Vec<String>), Proposal> = BTreeMap::new();
    for ((_, id), cell) in cells {
        let count: u64 = cell.paths.values().sum();
        if count < min {
            continue;
        }
        let targets = targets(&cell.variables);
        let known: Vec<String> = cell.paths.into_keys().filter(|path| !path.is_empty()).collect();
        let paths = if known.len() > max_paths { Vec::new() } else { known };
        let proposal = merged.entry((targets.clone(), paths.clone())).or_insert_with(|| Proposal {
            count: 0,
            ids: Vec::new(),
            targets,
            paths,
            messages: Vec::new(),
        });
        proposal.count += count;
        proposal.ids.push(id);
        proposal.messages.push(cell.msg);
    }
    let mut proposals: Vec<Proposal> = merged.into_values().collect();
    proposals.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.ids.cmp(&b.ids)));
    proposals
}

/// A member's name with its numbers (the indexes of JSON's lists) made equal.
fn general(variable: &str) -> String {
    let Some((collection, member)) = variable.split_once(':') else { return variable.to_owned() };
    let parts: Vec<&str> = member.split('.').map(|part| if is_index(part) { "#" } else { part }).collect();
    format!("{collection}:{}", parts.join("."))
}

/// `0`, or `array_0` as ModSecurity v3 names elements of lists.
fn is_index(part: &str) -> bool {
    let part = part.strip_prefix("array_").unwrap_or(part);
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The variable, or a pattern where several differ in their numbers alone.
fn targets(variables: &BTreeSet<String>) -> Vec<String> {
    let mut variables = variables.iter().filter(|variable| !variable.is_empty());
    match (variables.next(), variables.next()) {
        (None, _) => Vec::new(),
        (Some(one), None) => vec![one.clone()],
        (Some(one), Some(_)) => {
            let (collection, member) = one.split_once(':').unwrap_or((one, ""));
            let part = |part: &str| match (is_index(part), part.starts_with("array_")) {
                (true, true) => r"array_\d+".to_owned(),
                (true, false) => r"\d+".to_owned(),
                (false, _) => regex::escape(part),
            };
            let parts: Vec<String> = member.split('.').map(part).collect();
            vec![format!("{collection}:/^{}$/", parts.join(r"\."))]
        }
    }
}

/// As `crs.exclude` of the configuration.
pub(crate) fn yaml(proposals: &[Proposal]) -> String {
    let quoted = |texts: &[String]| {
        let texts: Vec<String> =
            texts.iter().map(|text| serde_json::Value::from(text.as_str()).to_string()).collect();
        texts.join(", ")
    };
    if proposals.is_empty() {
        return "# nothing to exclude\n".to_owned();
    }
    let mut out = "crs:\n  exclude:\n".to_owned();
    for proposal in proposals {
        let ids: Vec<String> = proposal.ids.iter().map(u64::to_string).collect();
        // Writing to a string cannot fail.
        let _infallible = writeln!(out, "    # {}", comment(proposal));
        let _infallible = writeln!(out, "    - ids: [{}]", ids.join(", "));
        if !proposal.targets.is_empty() {
            let _infallible = writeln!(out, "      targets: [{}]", quoted(&proposal.targets));
        }
        if !proposal.paths.is_empty() {
            let _infallible = writeln!(out, "      paths: [{}]", quoted(&proposal.paths));
        }
    }
    out
}

fn comment(proposal: &Proposal) -> String {
    let matches =
        if proposal.count == 1 { "1 match".to_owned() } else { format!("{} matches", proposal.count) };
    let messages: Vec<&str> =
        proposal.messages.iter().map(String::as_str).filter(|msg| !msg.is_empty()).collect();
    let shown: String = messages.join("; ").chars().filter(|c| !c.is_control()).take(120).collect();
    if shown.is_empty() { matches } else { format!("{matches}: {shown}") }
}

fn is_plain(text: &str) -> bool {
    !text.contains("%{") && !text.contains(|c: char| c.is_control() || " '\",|;".contains(c))
}

/// As rules and directives; those on paths have to stand in front of the rules that they change.
pub(crate) fn seclang(proposals: &[Proposal], first: u64) -> String {
    let mut out = String::new();
    let mut next = first;
    for proposal in proposals {
        let _infallible = writeln!(out, "# {}", comment(proposal));
        // Names of arguments come from clients: what could end an argument of SecLang is not put into one.
        if !proposal.targets.iter().chain(&proposal.paths).all(|text| is_plain(text)) {
            out.push_str(
                "# not written as SecLang: the target or a path has quotes, commas, macros or blanks\n",
            );
            continue;
        }
        let ids: Vec<String> = proposal.ids.iter().map(u64::to_string).collect();
        let changes = |id: &String| match proposal.targets.first() {
            Some(target) => format!("ctl:ruleRemoveTargetById={id};{target}"),
            None => format!("ctl:ruleRemoveById={id}"),
        };
        for path in &proposal.paths {
            let actions: Vec<String> = ids.iter().map(changes).collect();
            let _infallible = writeln!(
                out,
                "SecRule REQUEST_FILENAME \"@streq {path}\" \"id:{next},phase:1,pass,nolog,t:none,{}\"",
                actions.join(",")
            );
            next += 1;
        }
        if proposal.paths.is_empty() {
            for id in &ids {
                let _infallible = match proposal.targets.first() {
                    Some(target) => writeln!(out, "SecRuleUpdateTargetById {id} \"!{target}\""),
                    None => writeln!(out, "SecRuleRemoveById {id}"),
                };
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(id: u64, variable: &str, path: &str) -> Logged {
        Logged { id, msg: format!("m{id}"), variable: variable.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn the_most_frequent_is_first_and_equal_places_are_shared() {
        let matches = [
            logged(1, "ARGS:a", "/x"),
            logged(2, "ARGS:q", "/s"),
            logged(3, "ARGS:q", "/s"),
            logged(2, "ARGS:q", "/s"),
            logged(949_110, "TX:x", "/s"),
            logged(4, "", "/y"),
        ];
        let expected = "crs:\n  exclude:\n    # 3 matches: m2; m3\n    - ids: [2, 3]\n      targets: [\"ARGS:q\"]\n      \
            paths: [\"/s\"]\n    # 1 match: m1\n    - ids: [1]\n      targets: [\"ARGS:a\"]\n      paths: [\"/x\"]\n    \
            # 1 match: m4\n    - ids: [4]\n      paths: [\"/y\"]\n";
        assert_eq!(yaml(&all(&matches, 1, 5)), expected);
        assert_eq!(all(&matches, 2, 5).len(), 1);
    }

    #[test]
    fn many_paths_are_all_and_indexes_a_pattern() {
        let matches = [logged(1, "ARGS:items.0.name", "/a"), logged(1, "ARGS:items.12.name", "/b")];
        let proposals = all(&matches, 1, 1);
        assert_eq!(proposals[0].targets, [r"ARGS:/^items\.\d+\.name$/"]);
        assert!(proposals[0].paths.is_empty());
        assert_eq!(
            seclang(&proposals, 7),
            "# 2 matches: m1\nSecRuleUpdateTargetById 1 \"!ARGS:/^items\\.\\d+\\.name$/\"\n"
        );
    }

    #[test]
    fn what_could_end_an_argument_is_not_written() {
        for hostile in ["ARGS:a,deny", "ARGS:a\"", "ARGS:%{tx.a}", "ARGS:a b"] {
            let text = seclang(&all(&[logged(1, hostile, "/x")], 1, 5), 7);
            assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
        }
    }

    #[test]
    fn seclang_of_a_path_is_a_rule() {
        let proposals = all(&[logged(1, "ARGS:a", "/x")], 1, 5);
        assert_eq!(
            seclang(&proposals, 7),
            "# 1 match: m1\nSecRule REQUEST_FILENAME \"@streq /x\" \"id:7,phase:1,pass,nolog,t:none,ctl:ruleRemoveTargetById=1;ARGS:a\"\n"
        );
    }
}
