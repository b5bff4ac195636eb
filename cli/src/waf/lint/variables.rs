//! `TX` variables that are set and never read, or read and never set.

use super::{Finding, Level};
use crate::waf::rulebook::{Rule, actions, rule_of};
use portcullis_seclang::{Selector, Sign, Span};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// Where a name was met first.
type Places<'a> = BTreeMap<String, (&'a str, Span)>;

#[derive(Default)]
struct Uses<'a> {
    set: Places<'a>,
    read: Places<'a>,
    /// Counted alone: a question whether it is set.
    asked: Places<'a>,
    patterns: Vec<Regex>,
    /// `TX` whole is read, so that every name is.
    reads_all: bool,
    /// A name is made at run time, so that every name may be set.
    sets_all: bool,
}

pub(super) fn find(rules: &[Rule<'_>], findings: &mut Vec<Finding>) {
    let mut uses = Uses::default();
    for rule in rules {
        for directive in &rule.links {
            let place = (rule.file, directive.span);
            if let Some(syntax) = rule_of(directive) {
                for variable in
                    syntax.variables.iter().filter(|variable| variable.name.eq_ignore_ascii_case("TX"))
                {
                    uses.select(variable.selector.as_ref(), variable.sign, (rule.file, variable.span));
                }
                uses.macros(&syntax.operator.argument, place);
            }
            for action in actions(directive) {
                let place = (rule.file, action.span);
                match action.is("setvar") {
                    true => uses.setvar(action.text(), place),
                    false => uses.macros(action.text(), place),
                }
            }
        }
    }
    uses.report(findings);
}

impl<'a> Uses<'a> {
    fn select(&mut self, selector: Option<&Selector>, sign: Sign, place: (&'a str, Span)) {
        match selector {
            None if sign == Sign::Exclude => {}
            None => self.reads_all = true,
            Some(Selector::Key(name) | Selector::Quoted(name)) => {
                let uses = if sign == Sign::Count { &mut self.asked } else { &mut self.read };
                uses.entry(name.to_ascii_lowercase()).or_insert(place);
            }
            Some(Selector::Regex(pattern)) => {
                match RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build() {
                    Ok(pattern) => self.patterns.push(pattern),
                    Err(_) => self.reads_all = true,
                }
            }
        }
    }

    fn setvar(&mut self, text: &str, place: (&'a str, Span)) {
        let (target, value) = text.split_once('=').unwrap_or((text, ""));
        self.macros(value, place);
        self.macros(target, place);
        let target = target.trim().to_ascii_lowercase();
        let Some(name) = target.strip_prefix("tx.") else { return };
        match name.contains("%{") {
            true => self.sets_all = true,
            false => drop(self.set.entry(name.to_owned()).or_insert(place)),
        }
    }

    fn macros(&mut self, text: &str, place: (&'a str, Span)) {
        for part in text.split("%{").skip(1) {
            let name = part.split('}').next().unwrap_or_default().to_ascii_lowercase();
            if let Some(name) = name.strip_prefix("tx.").or_else(|| name.strip_prefix("tx:")) {
                self.read.entry(name.to_owned()).or_insert(place);
            }
        }
    }

    fn report(&self, findings: &mut Vec<Finding>) {
        let is_read = |name: &String| {
            self.reads_all
                || self.read.contains_key(name)
                || self.asked.contains_key(name)
                || self.patterns.iter().any(|pattern| pattern.is_match(name.as_bytes()))
        };
        for (name, (file, span)) in self.set.iter().filter(|(name, _)| !is_read(name)) {
            let message = format!("`tx.{name}` is set, and no rule reads it");
            findings.push(Finding::new(file, *span, Level::Note, "unused-variable", message));
        }
        let is_capture = |name: &str| name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_digit());
        for (name, (file, span)) in &self.read {
            if !self.sets_all && !self.set.contains_key(name) && !is_capture(name) {
                let message = format!("`tx.{name}` is read, and no rule sets it");
                findings.push(Finding::new(file, *span, Level::Warning, "unset-variable", message));
            }
        }
    }
}
