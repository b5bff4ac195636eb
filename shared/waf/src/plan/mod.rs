//! What of a rule set can match an exchange, found out before any rule runs.
//!
//! For each phase the operators that say what a value must have ([`Test::conditions`](crate::operators::Test)) are
//! numbered. All values that their rules look at are taken once, each distinct text is scanned once for what the
//! operators need, also as the rules' transformations make it, and what comes out is, for each text, the set of
//! operators that may match it. Only these run. A plan never says "no" where the rule would match.

mod candidates;
mod chains;
mod guards;
mod texts;

pub(crate) use candidates::Candidates;

use crate::actions::Phase;
use crate::ruleset::{Entry, Rule};
use crate::variables::Selection;
use chains::Chains;
use guards::Guards;
use portcullis_patterns::Conditions;
use portcullis_patterns::scanner::{Bits, Scanner, set};
use std::collections::BTreeMap;

/// Operators of one phase that a plan takes; rules beyond them always run.
const MOST_OPERATORS: usize = 4_096;

/// The plan of one phase.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The phase's rules in order.
    pub(crate) places: Vec<Place>,
    scanner: Scanner,
    operators: Vec<Operator>,
    chains: Chains,
    selections: Vec<Planned>,
    guards: Guards,
}

/// A rule's place in its phase.
#[derive(Debug)]
pub(crate) struct Place {
    /// The rule among the rule set's entries.
    pub(crate) entry: usize,
    /// The number of its operator; `None` if the rule always runs.
    pub(crate) operator: Option<usize>,
    /// Where its `skipAfter` leads to.
    pub(crate) behind: usize,
}

/// An operator of the first rule of a chain.
#[derive(Debug)]
struct Operator {
    /// The last of its transformations.
    node: usize,
    /// Whether it sees the value after each of them.
    is_multi: bool,
    /// For each target of its rule the selection's number.
    selections: Vec<usize>,
    /// Guards that may lead around it.
    guards: u64,
}

/// A selection and the operators that look at it.
#[derive(Debug)]
struct Planned {
    selection: Selection,
    users: Bits,
}

impl Plan {
    /// Makes the plan of a phase.
    pub(crate) fn new(entries: &[Entry], phase: Phase) -> Plan {
        let (mut places, rules) = places(entries, phase);
        let guards = Guards::new(&rules, &places);
        let mut conditions = Vec::new();
        for (place, rule) in places.iter_mut().zip(&rules) {
            if let Some(found) = conditions_of(rule).filter(|_| conditions.len() < MOST_OPERATORS) {
                place.operator = Some(conditions.len());
                conditions.push(found);
            }
        }
        let scanner = Scanner::new(&conditions.iter().collect::<Vec<_>>());
        let mut plan = Plan {
            chains: Chains::new(scanner.words()),
            scanner,
            places,
            operators: Vec::with_capacity(conditions.len()),
            selections: Vec::new(),
            guards,
        };
        plan.fill(&rules);
        plan
    }

    /// The operators of the rules that have a number.
    fn fill(&mut self, rules: &[&Rule]) {
        let words = self.scanner.words();
        let places = std::mem::take(&mut self.places);
        for ((at, place), rule) in places.iter().enumerate().zip(rules) {
            let Some(number) = place.operator else { continue };
            let is_multi = rule.actions.multi_match;
            let node = self.chains.add(&rule.actions.transformations, is_multi, number);
            let selections =
                rule.targets.iter().map(|target| self.select(&target.selection, number, words)).collect();
            self.operators.push(Operator { node, is_multi, selections, guards: self.guards.around(at) });
        }
        self.places = places;
        self.chains.finish();
    }

    fn select(&mut self, selection: &Selection, number: usize, words: usize) -> usize {
        let known = self.selections.iter().position(|planned| planned.selection == *selection);
        let at = known.unwrap_or_else(|| {
            self.selections.push(Planned { selection: selection.clone(), users: vec![0; words] });
            self.selections.len() - 1
        });
        if let Some(planned) = self.selections.get_mut(at) {
            set(&mut planned.users, number);
        }
        at
    }
}

/// What a value must have for the rule to match; `None` if the rule has to run always.
fn conditions_of(rule: &Rule) -> Option<Conditions> {
    let operation = rule.operation.as_deref()?;
    let is_fixed = |target: &crate::ruleset::Target| !target.is_count && target.selection.is_fixed();
    match !rule.targets.is_empty() && rule.targets.iter().all(is_fixed) {
        true => operation.conditions(),
        false => None,
    }
}

/// The rules of a phase, and their places with where each `skipAfter` leads to: behind the next marker of that name, or
/// to the end, as in ModSecurity.
fn places(entries: &[Entry], phase: Phase) -> (Vec<Place>, Vec<&Rule>) {
    let (mut places, mut rules) = (Vec::new(), Vec::new());
    let mut markers: BTreeMap<&str, usize> = BTreeMap::new();
    for (entry, it) in entries.iter().enumerate().rev() {
        match it {
            // Counted from the end, for the places in front are not known yet.
            Entry::Marker(name) => drop(markers.insert(name, places.len())),
            Entry::Rule(rule) if rule.phase == phase => {
                let marker = rule.actions.skip_after.as_deref().and_then(|marker| markers.get(marker));
                places.push(Place { entry, operator: None, behind: marker.copied().unwrap_or(0) });
                rules.push(&**rule);
            }
            Entry::Rule(_) => {}
        }
    }
    let count = places.len();
    places.iter_mut().for_each(|place| place.behind = count - place.behind);
    places.reverse();
    rules.reverse();
    (places, rules)
}
