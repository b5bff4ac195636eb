//! The rules of a phase, in order.

use super::data::{Pair, View};
use super::remarks::removed_by;
use super::{Interruption, Response, Step, Transaction, origin};
use crate::actions::{Disruptive, Phase, Removal, RuleMatch, Scope};
use crate::collections::Archive;
use crate::operators::Captures;
use crate::plan::{Candidates, Place};
use crate::ruleset::{Engine, Operation, Rule, Target};
use crate::transformations::Transformation;
use crate::variables::{Item, Selection};
use portcullis_core::{Fuel, OutOfFuel};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Values of one rule that are kept as matched; more count for nothing that a rule could ask.
const MOST_HITS: usize = 500;

/// A value that matched.
pub(super) struct Hit {
    /// The variable with its member, like `ARGS:id`.
    pub(super) name: Vec<u8>,
    /// The value as the operator saw it.
    pub(super) value: Vec<u8>,
    pub(super) captures: Option<Captures>,
}

/// The values of a rule that may match.
struct Chosen<'c> {
    candidates: &'c Candidates<'c>,
    operator: usize,
}

impl Chosen<'_> {
    fn places(&self, target: usize) -> impl Iterator<Item = usize> + '_ {
        self.candidates.places(self.operator, target)
    }
}

impl Transaction {
    pub(super) fn evaluate(&mut self, phase: Phase, archive: &mut Archive<'_>) -> Result<(), OutOfFuel> {
        let ruleset = Rc::clone(&self.ruleset);
        self.remark_phase(phase);
        if self.is_allowed(phase) {
            return Ok(());
        }
        let Some(plan) = ruleset.plan(phase) else { return Ok(()) };
        let is_planned = self.is_planned() && self.engine != Engine::Off;
        let mut candidates = is_planned.then(|| Candidates::new(plan.body(&ruleset.entries)));
        let body = self.body_shown();
        let mut at = 0;
        while let Some(place) = plan.places.get(at) {
            at += 1;
            if self.engine == Engine::Off {
                break;
            }
            let Some(rule) = ruleset.rule(place.entry) else { continue };
            if self.is_removed(rule) {
                continue;
            }
            if let Some(candidates) = &candidates
                && candidates.is_plainly_other(at - 1, &self.data, &self.fuel)?
            {
                continue;
            }
            let number = candidates.as_ref().and_then(|candidates| candidates.number(at - 1));
            let chosen = match (&mut candidates, number) {
                (Some(candidates), Some(operator)) => {
                    if !candidates.may_match(operator, &self.data, &self.fuel)? {
                        continue;
                    }
                    Some(Chosen { candidates, operator })
                }
                _ => None,
            };
            if !self.chain_matches(rule, chosen)? {
                continue;
            }
            self.full_match(rule, phase);
            self.read_kept(archive)?;
            if self.interruption.is_some() || self.is_allowed(phase) {
                self.remark_allowed(phase, at);
                break;
            }
            // What was taken of the body is no longer what rules see.
            if self.body_shown() != body {
                candidates = None;
            }
            at = self.step(phase, rule, place, at);
        }
        if self.allowed == Some(Scope::Phase) {
            self.allowed = None;
        }
        Ok(())
    }

    fn is_allowed(&self, phase: Phase) -> bool {
        match self.allowed {
            None => false,
            Some(Scope::Phase) => true,
            Some(Scope::Transaction) => phase != Phase::Logging,
            Some(Scope::Request) => phase <= Phase::RequestBody,
        }
    }

    /// Where a rule that has matched leads to: behind a marker, around some rules, or to the next at `at`. Without such
    /// a marker the rest of the phase is skipped, as in ModSecurity.
    fn step(&self, phase: Phase, rule: &Rule, place: &Place, at: usize) -> usize {
        let start = if rule.actions.skip_after.is_some() { place.behind } else { at };
        let next = start.saturating_add(rule.actions.skip);
        self.remark_skipped(phase, rule, at..start, start..next);
        next
    }

    /// Whether rules that can be told not to match are left out; where each step is recorded, all of them run.
    fn is_planned(&self) -> bool {
        self.planned && self.trace.is_none()
    }

    /// What decides whether rules see the request's body, as long as there is one.
    fn body_shown(&self) -> (bool, &'static str) {
        match self.data.request_body.is_empty() {
            true => (false, ""),
            false => (self.data.force_request_body, self.data.body_processor),
        }
    }

    fn is_removed(&self, rule: &Rule) -> bool {
        let means = |removal: &&Removal| removal.target.is_none() && removal.rules.means(rule);
        let Some(removal) = self.removals.iter().find(means) else { return false };
        self.note(|| Step::Removed { id: rule.id });
        self.remark(9, || match removal.rules {
            RuleMatch::Ids(_) => {
                format!("Rule id: {} was skipped due to a ruleRemoveById action...", rule.id)
            }
            RuleMatch::Tag(_) => removed_by(rule, "ruleRemoveByTag"),
            RuleMatch::Msg(_) => removed_by(rule, "ruleRemoveByMsg"),
        });
        true
    }

    /// Whether the rule and all links of its chain match; each match has its `setvar`s done at once. Of the rule itself
    /// only the values that are chosen are looked at.
    fn chain_matches(&mut self, head: &Rule, chosen: Option<Chosen<'_>>) -> Result<bool, OutOfFuel> {
        self.data.matched_vars.clear();
        let rules = std::iter::once((head, chosen)).chain(head.links.iter().map(|link| (link, None)));
        for (rule, chosen) in rules {
            let hits = self.hits(rule, head, chosen)?;
            self.note(|| Step::Returned { id: head.id, matched: !hits.is_empty() });
            if hits.is_empty() {
                return Ok(false);
            }
            for hit in hits {
                self.note_hit(rule, hit);
            }
        }
        Ok(true)
    }

    /// What of the rule's targets matches. A rule without operator matches once.
    fn hits(&self, rule: &Rule, head: &Rule, chosen: Option<Chosen<'_>>) -> Result<Vec<Hit>, OutOfFuel> {
        let Some(operation) = &rule.operation else {
            self.fuel.charge(Fuel::VALUE)?;
            let (argument, targets) = (Vec::new(), String::new());
            self.note(|| Step::Rule { id: head.id, operator: "", argument, targets });
            return Ok(vec![Hit { name: Vec::new(), value: Vec::new(), captures: None }]);
        };
        self.remark_namespaces(rule);
        let mut search = Search::new(self, rule, head, operation);
        self.note(|| Step::Rule {
            id: head.id,
            operator: operation.name,
            argument: search.argument.to_vec(),
            targets: rule.targets_text(),
        });
        for (index, target) in rule.targets.iter().enumerate() {
            let flow = match &chosen {
                Some(chosen) => search.chosen(target, chosen.places(index)),
                None => search.target(target),
            };
            if flow.is_break() {
                break;
            }
        }
        match search.fault {
            Some(fault) => Err(fault),
            None => Ok(search.hits),
        }
    }

    fn note_hit(&mut self, rule: &Rule, hit: Hit) {
        if let Some(captures) = &hit.captures {
            self.set_captures(captures);
            self.remark_captures(rule, captures);
            self.set_path_arguments(rule, captures);
        }
        if rule.operation.is_some() {
            self.data.matched_vars.push(Pair { name: hit.name, value: hit.value });
        }
        for change in &rule.actions.setvars {
            self.set_variable(rule, change);
        }
    }

    fn full_match(&mut self, head: &Rule, phase: Phase) {
        for rule in head.links.iter().rev().chain(std::iter::once(head)) {
            for ctl in &rule.actions.ctls {
                self.control(rule, ctl);
            }
            for sanitise in &rule.actions.sanitises {
                self.sanitise(sanitise);
            }
        }
        if let Some(severity) = head.meta.severity {
            self.data.highest_severity = self.data.highest_severity.min(severity);
        }
        self.remark_actions(head);
        let stop = self.disrupt(head, phase);
        let noted = self.describe(head, phase, stop.is_some());
        self.note(|| Step::Full {
            matched: Box::new(self.bare(head, &noted)),
            status: stop.as_ref().filter(|_| self.engine == Engine::On).map(Interruption::status),
        });
        self.matches.push(noted);
        if self.engine == Engine::On && phase != Phase::Logging {
            self.interruption = stop;
        }
    }

    /// What the rule's disruptive action comes to; `allow` is noted at once.
    fn disrupt(&mut self, rule: &Rule, phase: Phase) -> Option<Interruption> {
        // The last link that names a status decides, as in ModSecurity.
        let status = rule.links.iter().rev().find_map(|link| link.actions.status).or(rule.actions.status);
        let response = match &rule.disruptive {
            Disruptive::Pass | Disruptive::Block => return None,
            Disruptive::Allow(scope) => {
                if self.engine == Engine::On && phase != Phase::Logging {
                    self.allowed = Some(*scope);
                    self.remark(4, || {
                        "Dropping the evaluation of upcoming rules in favor of an `allow' action".to_owned()
                    });
                }
                return None;
            }
            Disruptive::Deny => Response::Deny(status.unwrap_or(403)),
            Disruptive::Drop => Response::Drop,
            Disruptive::Redirect(location) => Response::Redirect {
                status: status.filter(|status| matches!(status, 301 | 302 | 303 | 307 | 308)).unwrap_or(302),
                location: location.expand(View { data: &self.data, rule: Some(rule) }).into_owned(),
            },
        };
        Some(Interruption { response, rule: rule.id })
    }
}

/// The search of one rule through its targets.
struct Search<'a> {
    transaction: &'a Transaction,
    rule: &'a Rule,
    operation: &'a Operation,
    argument: Cow<'a, [u8]>,
    /// Targets that `ctl` has taken away from this rule.
    removed: Vec<&'a Selection>,
    hits: Vec<Hit>,
    fault: Option<OutOfFuel>,
}

impl<'a> Search<'a> {
    fn new(
        transaction: &'a Transaction,
        rule: &'a Rule,
        head: &'a Rule,
        operation: &'a Operation,
    ) -> Search<'a> {
        let view = View { data: &transaction.data, rule: Some(rule) };
        // Comparing tags takes longer than comparing variables.
        let concerns = |selection: &&Selection| {
            rule.targets.iter().any(|target| selection.concerns(target.selection.variable))
        };
        Search {
            transaction,
            rule,
            operation,
            argument: operation.argument.expand(view),
            removed: transaction
                .removals
                .iter()
                .filter_map(|removal| Some((&removal.rules, removal.target.as_ref().filter(concerns)?)))
                .filter_map(|(rules, target)| rules.means(head).then_some(target))
                .collect(),
            hits: Vec::new(),
            fault: None,
        }
    }

    fn target(&mut self, target: &'a Target) -> ControlFlow<()> {
        let view = View { data: &self.transaction.data, rule: Some(self.rule) };
        if let Err(fault) = self.transaction.charge_path(&target.selection) {
            self.fault = Some(fault);
            return ControlFlow::Break(());
        }
        if target.is_count {
            let mut count = 0u64;
            let counted = target.selection.each(view, &mut |item| {
                count += u64::from(!self.is_excluded(target, &item.key));
                ControlFlow::Continue(())
            });
            return match counted {
                ControlFlow::Break(()) => ControlFlow::Break(()),
                ControlFlow::Continue(()) => {
                    let value = Cow::Owned(count.to_string().into_bytes());
                    self.item(target, Item { key: key_of(&target.selection), value })
                }
            };
        }
        target.selection.each(view, &mut |item| match self.is_excluded(target, &item.key) {
            true => ControlFlow::Continue(()),
            false => self.item(target, item),
        })
    }

    /// Of a target only some members, by their places in it.
    fn chosen(&mut self, target: &'a Target, places: impl Iterator<Item = usize>) -> ControlFlow<()> {
        let view = View { data: &self.transaction.data, rule: Some(self.rule) };
        for place in places {
            let Some(item) = target.selection.nth(view, place) else { continue };
            if !self.is_excluded(target, &item.key) {
                self.item(target, item)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn is_excluded(&self, target: &Target, key: &[u8]) -> bool {
        let variable = target.selection.variable;
        let mut exclusions = self.rule.exclusions.iter().chain(self.removed.iter().copied());
        exclusions.any(|exclusion| exclusion.covers(variable, key))
    }

    fn item(&mut self, target: &Target, item: Item<'_>) -> ControlFlow<()> {
        match self.value(target, item) {
            Ok(()) if self.hits.len() < MOST_HITS => ControlFlow::Continue(()),
            Ok(()) => ControlFlow::Break(()),
            Err(fault) => {
                self.fault = Some(fault);
                ControlFlow::Break(())
            }
        }
    }

    /// Transforms one value and asks the operator; with `multiMatch` after each transformation that changed it.
    fn value(&mut self, target: &Target, item: Item<'_>) -> Result<(), OutOfFuel> {
        self.transaction.fuel.charge(Fuel::VALUE)?;
        let Item { key, mut value } = item;
        let seen = self.seen(target, &key, &value);
        // A count is a number already.
        let transformations: &[Transformation] = match target.is_count {
            true => &[],
            false => &self.rule.actions.transformations,
        };
        if self.rule.actions.multi_match {
            self.test(target, &key, &value, &seen)?;
        }
        for transformation in transformations {
            self.transaction.fuel.charge_call(value.len())?;
            let changed = match transformation.apply(&value) {
                Cow::Borrowed(same) if same.len() == value.len() => None,
                other => Some(other.into_owned()),
            };
            let is_changed = changed.is_some();
            if let Some(changed) = changed {
                value = Cow::Owned(changed);
            }
            let name = transformation.name;
            self.transaction.note(|| Step::Transformed { name, value: value.to_vec() });
            if is_changed && self.rule.actions.multi_match {
                self.test(target, &key, &value, &seen)?;
            }
        }
        match self.rule.actions.multi_match {
            true => Ok(()),
            false => self.test(target, &key, &value, &seen),
        }
    }

    /// For a trace: the value as it is now, and where it stands.
    fn seen(&self, target: &Target, key: &[u8], value: &[u8]) -> Option<(Vec<u8>, String)> {
        self.transaction.is_traced().then(|| {
            let origin = match target.is_count {
                true => String::new(),
                false => origin::reference(&self.transaction.data, target.selection.variable, key, value),
            };
            (value.to_vec(), origin)
        })
    }

    fn test(
        &mut self,
        target: &Target,
        key: &[u8],
        value: &[u8],
        seen: &Option<(Vec<u8>, String)>,
    ) -> Result<(), OutOfFuel> {
        self.transaction.fuel.charge_call(value.len().saturating_mul(self.operation.test.weight()))?;
        let wants_groups = self.rule.actions.capture || !self.operation.test.group_names().is_empty();
        let mut captures = wants_groups.then(Captures::default);
        let found = self.operation.test.matches(value, &self.argument, captures.as_mut());
        self.transaction.fuel.charge(self.operation.test.debt())?;
        let name = || match key {
            [] => target.selection.variable.name().as_bytes().to_vec(),
            key => [target.selection.variable.name().as_bytes(), key].join(&b':'),
        };
        self.transaction.note(|| Step::Target { variable: name(), value: value.to_vec() });
        if found != self.operation.negated {
            let name = name();
            if let Some((before, origin)) = seen {
                let reference = self.reference(target, value, origin);
                self.transaction.note(|| Step::Matched {
                    variable: name.clone(),
                    value: before.clone(),
                    reference,
                });
            }
            let captures = captures.filter(|captures| !captures.groups.is_empty());
            self.hits.push(Hit { name, value: value.to_vec(), captures });
        }
        Ok(())
    }

    /// `o` and `v` with offset and length, then the transformations.
    fn reference(&self, target: &Target, value: &[u8], origin: &str) -> String {
        let mut text = String::new();
        for (at, length) in self.operation.test.locate(value, &self.argument) {
            text.push_str(&format!("o{at},{length}"));
        }
        text.push_str(origin);
        let names = self.rule.actions.transformations.iter().filter(|_| !target.is_count);
        for (index, transformation) in names.enumerate() {
            text.push_str(if index == 0 { "t:" } else { ",t:" });
            text.push_str(transformation.name);
        }
        text
    }
}

fn key_of(selection: &Selection) -> Cow<'_, [u8]> {
    match &selection.key {
        crate::variables::Key::Name(name) => Cow::Borrowed(name.as_bytes()),
        _ => Cow::Borrowed(&[]),
    }
}
