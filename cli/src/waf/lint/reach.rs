//! Skips to nowhere, rules behind an unconditional skip, exclusions of rules that are not there or have run already.

use super::{Finding, Level};
use crate::waf::rulebook::{Rule, Rulebook, actions, arguments, rule_of};
use portcullis_seclang::Span;

/// Actions that end a phase for all rules behind.
const FINAL: [&str; 4] = ["deny", "drop", "redirect", "allow"];

pub(super) fn find(rules: &[Rule<'_>], book: &Rulebook, findings: &mut Vec<Finding>) {
    let markers = markers(book);
    for rule in rules {
        skip(rule, rules, &markers, findings);
        late(rule, rules, findings);
    }
    for other in book.others() {
        let name = other.directive.name.to_ascii_lowercase();
        if matches!(
            name.as_str(),
            "secruleremovebyid" | "secruleupdatetargetbyid" | "secruleupdateactionbyid"
        ) {
            let given = arguments(other.directive);
            let ids: &[&str] =
                if name == "secruleremovebyid" { &given } else { given.get(..1).unwrap_or_default() };
            for which in ids {
                let which = which.split(':').next().unwrap_or_default();
                absent(which, &other.directive.name, rules, (other.file, other.directive.span), findings);
            }
        }
    }
}

/// Names of markers with their places.
fn markers(book: &Rulebook) -> Vec<(String, usize)> {
    let found = book.others().filter(|other| other.directive.is("SecMarker"));
    found
        .filter_map(|other| Some(((*arguments(other.directive).first()?).to_owned(), other.position)))
        .collect()
}

fn skip(rule: &Rule<'_>, rules: &[Rule<'_>], markers: &[(String, usize)], findings: &mut Vec<Finding>) {
    let Some(head) = rule.head() else { return };
    let mut end = None;
    if let Some(target) = rule.value("skipAfter") {
        let found = markers.iter().find(|(name, position)| name == target && *position > rule.position);
        if found.is_none() {
            let exists = markers.iter().any(|(name, _)| name == target);
            let what = if exists { "stands before it" } else { "is not there" };
            let message = format!(
                "{} skips to `{target}`, which {what}: the rest of the phase is skipped",
                rule.name()
            );
            findings.push(Finding::new(rule.file, head.span, Level::Warning, "unknown-marker", message));
        }
        end = Some(found.map_or(usize::MAX, |(_, position)| *position));
    } else if FINAL.iter().any(|name| rule.has(name)) && !rule.has("ctl") {
        end = Some(usize::MAX);
    }
    let behind: Vec<&Rule<'_>> = rules
        .iter()
        .filter(|other| other.position > rule.position && other.phase() == rule.phase())
        .collect();
    let passed: Vec<&&Rule<'_>> = match (end, rule.value("skip").and_then(|count| count.parse().ok())) {
        (Some(end), _) => behind.iter().filter(|other| other.position < end).collect(),
        (None, Some(count)) => behind.iter().take(count).collect(),
        (None, None) => Vec::new(),
    };
    if is_unconditional(rule) {
        unreached(rule, &passed, findings);
    }
}

fn is_unconditional(rule: &Rule<'_>) -> bool {
    rule.links.iter().all(|directive| match rule_of(directive) {
        None => true,
        Some(syntax) => {
            syntax.operator.name.eq_ignore_ascii_case("unconditionalMatch") && !syntax.operator.negated
        }
    })
}

fn unreached(rule: &Rule<'_>, passed: &[&&Rule<'_>], findings: &mut Vec<Finding>) {
    let (Some(first), Some(last)) = (passed.first(), passed.last()) else { return };
    let Some(span) = first.head().map(|head| head.span) else { return };
    let which = match passed.len() {
        1 => format!("{} never runs", first.name()),
        count => format!(
            "{count} rules of phase {}, from {} to {}, never run",
            rule.phase(),
            first.name(),
            last.name()
        ),
    };
    let message = format!("{which}: {} at {} always passes over them", rule.name(), rule.place());
    findings.push(Finding::new(first.file, span, Level::Warning, "unreachable", message));
}

/// Verdicts in phase 5, and exclusions at run time that come when the rule has run.
fn late(rule: &Rule<'_>, rules: &[Rule<'_>], findings: &mut Vec<Finding>) {
    let Some(head) = rule.head() else { return };
    let stops = ["deny", "drop", "redirect"].into_iter().find(|name| rule.has(name));
    if let Some(name) = stops.filter(|_| rule.phase() == 5) {
        let message =
            format!("`{name}` of {} has no effect: in phase 5 the response has gone out", rule.name());
        findings.push(Finding::new(rule.file, head.span, Level::Warning, "too-late", message));
    }
    for directive in &rule.links {
        for action in actions(directive).iter().filter(|action| action.is("ctl")) {
            let (kind, value) = action.text().split_once('=').unwrap_or_default();
            let kind = kind.trim().to_ascii_lowercase();
            if kind != "ruleremovebyid" && kind != "ruleremovetargetbyid" {
                continue;
            }
            let which = value.split(';').next().unwrap_or_default().trim();
            absent(which, &format!("ctl:{}", kind_name(&kind)), rules, (rule.file, action.span), findings);
            let Ok(id) = which.parse::<u64>() else { continue };
            let Some(meant) = rules.iter().find(|other| other.id() == Some(id)) else { continue };
            if (meant.phase(), meant.position) < (rule.phase(), rule.position) {
                let message = format!("{} has run when {} takes it away", meant.name(), rule.name());
                findings.push(Finding::new(rule.file, action.span, Level::Warning, "too-late", message));
            }
        }
    }
}

fn kind_name(kind: &str) -> &'static str {
    if kind == "ruleremovebyid" { "ruleRemoveById" } else { "ruleRemoveTargetById" }
}

/// An id or range that no rule has.
fn absent(which: &str, by: &str, rules: &[Rule<'_>], place: (&str, Span), findings: &mut Vec<Finding>) {
    let known =
        |item: &str| rules.iter().filter_map(Rule::id).any(|id| crate::waf::rulebook::holds_id(item, id));
    for item in which.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty() && !known(item)) {
        let message = format!("`{by}` names `{item}`, and no rule has that id");
        findings.push(Finding::new(place.0, place.1, Level::Warning, "no-such-rule", message));
    }
}
