//! What ModSecurity's debug log says of the steps of evaluation, in its words: for traces.

use super::{Match, Transaction, View};
use crate::actions::{Disruptive, Phase};
use crate::audit::AuditEngine;
use crate::operators::Captures;
use crate::ruleset::{Engine, Rule};
use crate::text::Text;
use crate::variables::{Key, Selection, Variable};
use portcullis_core::OutOfFuel;
use std::ops::Range;

impl Transaction {
    pub(super) fn remark_phase(&self, phase: Phase) {
        const NAMES: [&str; 5] =
            ["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY", "LOGGING"];
        let name = NAMES.get(phase as usize).copied().unwrap_or_default();
        self.remark(4, || format!("Starting phase {name}. (SecRules {})", phase.number()));
        if self.engine == Engine::Off {
            self.remark(4, || "Rule engine disabled, returning...".to_owned());
            return;
        }
        for removed in
            self.ruleset.removed.iter().filter(|removed| removed.phase == phase && self.is_traced())
        {
            let (id, by) = (removed.id, removed.by);
            self.remark(9, || format!("Skipped rule id '{id}'. Removed by {by} directive."));
        }
    }

    /// The rules that an `allow` or a verdict leaves out.
    pub(super) fn remark_allowed(&self, phase: Phase, behind: usize) {
        if !self.is_traced() || self.allowed.is_none() {
            return;
        }
        for rule in self.ruleset.rules(phase, behind..usize::MAX) {
            let reference = reference(rule);
            self.remark(9, || {
                format!(
                    "Skipped rule id '{reference}' as request trough the utilization of an `allow' action."
                )
            });
        }
    }

    /// Of rules that are led around, those up to a marker and those that `skip` counts.
    pub(super) fn remark_skipped(
        &self,
        phase: Phase,
        by: &Rule,
        to_marker: Range<usize>,
        counted: Range<usize>,
    ) {
        if !self.is_traced() {
            return;
        }
        let marker = by.actions.skip_after.as_deref().unwrap_or_default();
        for rule in self.ruleset.rules(phase, to_marker) {
            self.remark(9, || format!("Skipped rule id '{}' due to a SecMarker: {marker}", rule.id));
        }
        for (skipped_before, rule) in self.ruleset.rules(phase, counted).enumerate() {
            let left = by.actions.skip.saturating_sub(skipped_before + 1);
            self.remark(9, || skipped(rule, left));
        }
    }

    /// Whether the exchange would be in the audit log; without `SecAuditEngine` ModSecurity says so of all.
    pub(super) fn remark_audit(&self) {
        if !self.is_traced() || self.engine == Engine::Off {
            return;
        }
        let is_relevant = match self.audit_engine {
            AuditEngine::Off | AuditEngine::On => true,
            AuditEngine::RelevantOnly => self.matches.iter().any(|matched| matched.audit),
        };
        if is_relevant {
            self.remark(8, || "Request was relevant to be saved.".to_owned());
        }
    }

    pub(super) fn remark_body_access(&self) {
        match (self.ruleset.settings.request_body_access, self.request_body_access) {
            (true, true) => {}
            (true, false) => self.remark(4, || {
                "Request body processing is enabled, but disabled to this transaction due to ctl:requestBodyAccess action".to_owned()
            }),
            (false, true) => self.remark(4, || {
                "Request body processing is disabled, but enabled to this transaction due to ctl:requestBodyAccess action".to_owned()
            }),
            (false, false) => self.remark(4, || "Request body processing is disabled".to_owned()),
        }
    }

    /// What an XPath expression costs besides what it gives.
    pub(super) fn charge_path(&self, selection: &Selection) -> Result<(), OutOfFuel> {
        match &selection.key {
            Key::Path(_) => self.fuel.charge_call(self.data.request_body.len().saturating_mul(8)),
            _ => Ok(()),
        }
    }

    /// The prefixes of a rule that looks at XML.
    pub(super) fn remark_namespaces(&self, rule: &Rule) {
        let looks = rule.targets.iter().any(|target| target.selection.variable == Variable::Xml);
        if !self.is_traced() || !looks || self.data.xml.is_none() {
            return;
        }
        for namespace in &rule.actions.namespaces {
            let (uri, prefix) = (&namespace.uri, &namespace.prefix);
            self.remark(4, || format!("Registered XML namespace href \"{uri}\" prefix \"{prefix}\""));
        }
    }

    pub(super) fn remark_captures(&self, rule: &Rule, captures: &Captures) {
        if !self.is_traced() {
            return;
        }
        let operator = rule.operation.as_ref().map_or("", |operation| operation.name);
        for (index, group) in captures.groups.iter().enumerate().take(10) {
            let text = String::from_utf8_lossy(group);
            self.remark(7, || match operator {
                "Rx" | "RxGlobal" => format!("Added regex subexpression TX.{index}: {text}"),
                "Pm" | "PmFromFile" => format!("Added pm match TX.{index}: {text}"),
                _ => format!("Added {operator} match TX.{index}: {text}"),
            });
        }
    }

    /// The actions of a rule whose chain has matched.
    pub(super) fn remark_actions(&self, rule: &Rule) {
        if !self.is_traced() {
            return;
        }
        match rule.actions.log {
            Some(true) => self.remark(9, || "Running action: log".to_owned()),
            Some(false) => self.remark(9, || "Running action: nolog".to_owned()),
            None => {}
        }
        let name = match &rule.disruptive {
            Disruptive::Pass | Disruptive::Block => "pass",
            Disruptive::Deny => "deny",
            Disruptive::Drop => "drop",
            Disruptive::Allow(_) => "allow",
            Disruptive::Redirect(_) => "redirect",
        };
        match self.engine {
            Engine::On => {
                self.remark(4, || format!("Running (disruptive)     action: {name}."));
                self.remark(8, || format!("Running action {name}"));
            }
            _ => {
                self.remark(4, || format!("Not running disruptive action: {name}. SecRuleEngine is not On."))
            }
        }
    }
}

impl Transaction {
    /// The match with its texts as rules see them, nothing hidden: a trace is for tests and tools.
    pub(super) fn bare(&self, rule: &Rule, matched: &Match) -> Match {
        let view = View { data: &self.data, rule: Some(rule) };
        let text = |of: fn(&Rule) -> Option<&Text>| {
            let mut rules = rule.links.iter().rev().chain(std::iter::once(rule));
            let text = of(rule).or_else(|| rules.find_map(of));
            text.map(|text| text.expand(view).into_owned()).unwrap_or_default()
        };
        let (msg, data) = (text(|rule| rule.meta.msg.as_ref()), text(|rule| rule.meta.logdata.as_ref()));
        Match { msg, data, ..matched.clone() }
    }
}

fn skipped(rule: &Rule, left: usize) -> String {
    format!("Skipped rule id '{}' due to a `skip' action. Still {left} to be skipped.", rule.id)
}

pub(super) fn removed_by(rule: &Rule, action: &str) -> String {
    format!("Skipped rule id '{}'. Skipped due to a {action} action.", rule.id)
}

/// Rules have their id, actions the place where they stand.
fn reference(rule: &Rule) -> String {
    match rule.operation {
        Some(_) => rule.id.to_string(),
        None => format!("{}:{}", rule.file, rule.span.line),
    }
}
