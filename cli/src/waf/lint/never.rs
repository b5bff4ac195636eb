//! Rules that can never match, patterns that no filter can sort out beforehand, ids that are missing.

use super::{Finding, Level};
use crate::waf::rulebook::{Rule, Rulebook, actions, is_exclusion, rule_of};
use portcullis_patterns::RegexOptions;
use portcullis_patterns::conditions::{Alphabet, Conditions};
use portcullis_seclang::{Directive, SecRule, Sign};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The first phase in which a variable has a value, for those that have none in phase 1.
const FROM_PHASE: [(u8, &[&str]); 3] = [
    (
        2,
        &[
            "ARGS_POST",
            "ARGS_POST_NAMES",
            "REQUEST_BODY",
            "FILES",
            "FILES_NAMES",
            "FILES_SIZES",
            "MULTIPART_FILENAME",
            "MULTIPART_NAME",
            "MULTIPART_PART_HEADERS",
            "REQBODY_ERROR_MSG",
            "REQBODY_PROCESSOR_ERROR_MSG",
            "XML",
        ],
    ),
    (
        3,
        &[
            "RESPONSE_HEADERS",
            "RESPONSE_HEADERS_NAMES",
            "RESPONSE_STATUS",
            "RESPONSE_PROTOCOL",
            "RESPONSE_CONTENT_TYPE",
            "STATUS_LINE",
        ],
    ),
    (4, &["RESPONSE_BODY"]),
];

/// Operators that an empty or absent value cannot match.
const OF_TEXT: [&str; 10] = [
    "pm",
    "pmf",
    "pmfromfile",
    "contains",
    "containsword",
    "strmatch",
    "beginswith",
    "endswith",
    "detectsqli",
    "detectxss",
];

/// Operators that compare bytes, case and all.
const CASE_MATTERS: [&str; 6] = ["contains", "containsword", "strmatch", "streq", "beginswith", "endswith"];

/// Transformations that leave lower case as it is.
const KEEP_CASE: [&str; 14] = [
    "lowercase",
    "trim",
    "trimleft",
    "trimright",
    "removewhitespace",
    "compresswhitespace",
    "removenulls",
    "replacenulls",
    "removecomments",
    "replacecomments",
    "normalisepath",
    "normalizepath",
    "normalisepathwin",
    "normalizepathwin",
];

pub(super) fn find(rules: &[Rule<'_>], book: &Rulebook, findings: &mut Vec<Finding>) {
    for rule in rules {
        // A `SecRule` without one does not load.
        if rule.id().is_none()
            && let Some(head) = rule.head().filter(|head| head.is("SecAction"))
        {
            let message =
                "`SecAction` has no `id`: nothing can name it, and ModSecurity refuses it".to_owned();
            findings.push(Finding::new(rule.file, head.span, Level::Warning, "missing-id", message));
        }
        for directive in &rule.links {
            if let Some(syntax) = rule_of(directive) {
                link(rule, directive, syntax, findings);
            }
        }
    }
    no_rules(rules, book, findings);
}

/// Of a file: a route's settings may well be `SecRuleEngine Off` alone.
fn no_rules(rules: &[Rule<'_>], book: &Rulebook, findings: &mut Vec<Finding>) {
    if rules.is_empty()
        && let Some(first) = book.directives().next().filter(|first| !first.file.contains('['))
    {
        let message = "there is no rule in it".to_owned();
        findings.push(Finding::new(first.file, first.directive.span, Level::Warning, "no-rules", message));
    }
}

fn link(rule: &Rule<'_>, directive: &Directive, syntax: &SecRule, findings: &mut Vec<Finding>) {
    let mut never = |why: String| {
        let message = format!("{} can never match: {why}", rule.name());
        findings.push(Finding::new(rule.file, directive.span, Level::Warning, "never-matches", message));
    };
    let operator = &syntax.operator;
    let name = operator.name.to_ascii_lowercase();
    if syntax.variables.iter().all(is_exclusion) {
        never("it has no variable that is not left out".to_owned());
    }
    if name == "nomatch" && !operator.negated {
        never("so says `@noMatch`".to_owned());
    }
    if let Some(why) = too_early(rule, syntax, &name) {
        never(why);
    }
    let lowered = is_lowered(directive) && !operator.negated && !operator.argument.contains("%{");
    let has_upper = operator.argument.bytes().any(|byte| byte.is_ascii_uppercase());
    if lowered && CASE_MATTERS.contains(&name.as_str()) && has_upper {
        never(format!("`t:lowercase` leaves no upper case letter, and `{}` has one", operator.argument));
    }
    if name == "rx" && !operator.argument.contains("%{") {
        pattern(rule, directive, syntax, lowered, findings);
    }
}

/// All that the rule looks at has no value yet.
fn too_early(rule: &Rule<'_>, syntax: &SecRule, operator: &str) -> Option<String> {
    let needs_text = OF_TEXT.contains(&operator) || operator == "rx";
    if syntax.operator.negated || !needs_text || syntax.operator.argument.is_empty() && operator == "rx" {
        return None;
    }
    let mut latest = 0;
    for variable in syntax.variables.iter().filter(|variable| !is_exclusion(variable)) {
        let name = variable.name.to_ascii_uppercase();
        let (from, _) = FROM_PHASE.iter().find(|(_, names)| names.contains(&name.as_str()))?;
        if variable.sign == Sign::Count || *from <= rule.phase() {
            return None;
        }
        latest = latest.max(*from);
    }
    // A pattern that matches the empty text matches a variable without value.
    let built = || regex::bytes::RegexBuilder::new(&syntax.operator.argument).unicode(false).build();
    let matches_nothing = operator == "rx" && built().is_ok_and(|regex| regex.is_match(b""));
    (latest > 0 && !matches_nothing).then(|| {
        format!("what it looks at has no value before phase {latest}, and it runs in phase {}", rule.phase())
    })
}

/// Whether every letter that the operator sees is a small one.
fn is_lowered(directive: &Directive) -> bool {
    let mut lowered = false;
    for action in actions(directive).iter().filter(|action| action.is("t")) {
        let name = action.text().to_ascii_lowercase();
        lowered = name == "lowercase" || lowered && KEEP_CASE.contains(&name.as_str());
    }
    lowered
}

fn pattern(
    rule: &Rule<'_>,
    directive: &Directive,
    syntax: &SecRule,
    lowered: bool,
    findings: &mut Vec<Finding>,
) {
    let argument = &syntax.operator.argument;
    let Ok(hir) = parse(argument) else { return };
    let mut push = |level, code, message| {
        findings.push(Finding::new(rule.file, directive.span, level, code, message));
    };
    if lowered && wants_upper(&hir) {
        let message = format!(
            "{} can never match: `t:lowercase` leaves no upper case letter, and its pattern wants one",
            rule.name()
        );
        push(Level::Warning, "never-matches", message);
        return;
    }
    let Ok(conditions) = Conditions::of(argument, &RegexOptions::MODSECURITY) else { return };
    match conditions.need(Alphabet::Any) {
        None => {
            let message = format!("{} can never match: no text matches its pattern", rule.name());
            push(Level::Warning, "never-matches", message);
        }
        Some(need) if need.atoms.is_empty() && !syntax.operator.negated => {
            let message = format!(
                "the pattern of {} has no literal that every match needs: it runs on every value",
                rule.name()
            );
            push(Level::Note, "no-literal", message);
        }
        Some(_) => {}
    }
}

fn parse(pattern: &str) -> Result<Hir, ()> {
    let mut builder = regex_syntax::ParserBuilder::new();
    builder.utf8(false).unicode(false).dot_matches_new_line(true).build().parse(pattern).map_err(drop)
}

/// Whether every match has an upper case letter.
fn wants_upper(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.iter().any(u8::is_ascii_uppercase),
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.iter().peekable();
            ranges.peek().is_some()
                && ranges.all(|range| range.start().is_ascii_uppercase() && range.end().is_ascii_uppercase())
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && wants_upper(&repetition.sub),
        HirKind::Capture(capture) => wants_upper(&capture.sub),
        HirKind::Concat(parts) => parts.iter().any(wants_upper),
        HirKind::Alternation(parts) => parts.iter().all(wants_upper),
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Unicode(_)) => false,
    }
}
