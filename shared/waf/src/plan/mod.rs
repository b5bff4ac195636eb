//! What of a rule set can match an exchange, found out before any rule runs.
//!
//! For each phase the operators that say what a value must have ([`Test::conditions`](crate::operators::Test)) are
//! numbered. All values that their rules look at are taken once, each distinct text is scanned once for what the
//! operators need, also as the rules' transformations make it, and what comes out is, for each text, the set of
//! operators that may match it. Only these run. A plan never says "no" where the rule would match.

mod candidates;
mod chains;
mod guards;
mod plain;
mod shared;
mod texts;

pub(crate) use candidates::Candidates;
pub(crate) use shared::Scanners;

use crate::actions::Phase;
use crate::ruleset::{Entry, Operation, Rule};
use crate::variables::Selection;
use chains::Chains;
use guards::Guards;
use plain::Plain;
use portcullis_patterns::scanner::{Bits, set};
use shared::Numbered;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Operators of one phase that a plan takes; rules beyond them always run.
const MOST_OPERATORS: usize = 4_096;

/// The rules of one phase, and what can be told of them in advance.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The phase's rules in order.
    pub(crate) places: Vec<Place>,
    /// Made for the first request, so that a configuration loads at once.
    body: OnceCell<Body>,
    /// Those of all rule sets of the configuration.
    scanners: Rc<Scanners>,
}

/// A rule's place in its phase.
#[derive(Debug)]
pub(crate) struct Place {
    /// The rule among the rule set's entries.
    pub(crate) entry: usize,
    /// Where its `skipAfter` leads to.
    pub(crate) behind: usize,
}

/// What can be told of a phase's rules.
#[derive(Debug)]
pub(crate) struct Body {
    /// For each place the number of its operator; `None` if the rule always runs.
    numbers: Vec<Option<usize>>,
    /// For each place its rule, where that only compares a variable of `TX`.
    plain: Vec<Option<Plain>>,
    /// Shared with rule sets that are nearly the same.
    scanner: Rc<Numbered>,
    operators: Vec<Operator>,
    chains: Chains,
    selections: Vec<Planned>,
    guards: Guards,
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
    /// Puts the rules of a phase in order.
    pub(crate) fn new(entries: &[Entry], phase: Phase, scanners: &Rc<Scanners>) -> Plan {
        let places = places(entries, phase);
        Plan { places, body: OnceCell::new(), scanners: Rc::clone(scanners) }
    }

    /// What can be told of the rules; `entries` are those that the plan was made of.
    pub(crate) fn body(&self, entries: &[Entry]) -> &Body {
        self.body.get_or_init(|| Body::new(entries, &self.places, &self.scanners))
    }
}

impl Body {
    fn new(entries: &[Entry], places: &[Place], scanners: &Scanners) -> Body {
        let rules: Vec<&Rule> = places.iter().filter_map(|place| rule_at(entries, place.entry)).collect();
        let guards = Guards::new(&rules, places);
        let planned: Vec<&Rc<Operation>> = rules.iter().filter_map(|rule| planned(rule)).collect();
        let scanner = scanners.of(&planned, MOST_OPERATORS);
        let number = |rule: &&Rule| planned_number(rule, &scanner);
        let mut body = Body {
            chains: Chains::new(scanner.scanner.words()),
            numbers: rules.iter().map(number).collect(),
            operators: std::iter::repeat_with(Operator::absent).take(scanner.count()).collect(),
            plain: rules.iter().map(|rule| Plain::of(rule)).collect(),
            selections: Vec::new(),
            guards,
            scanner,
        };
        body.fill(&rules);
        body
    }

    /// The number of the operator of the rule at a place.
    pub(crate) fn number(&self, place: usize) -> Option<usize> {
        self.numbers.get(place).copied().flatten()
    }

    /// The operators of the rules that have a number.
    fn fill(&mut self, rules: &[&Rule]) {
        let words = self.scanner.scanner.words();
        for (place, rule) in rules.iter().enumerate() {
            let Some(number) = self.number(place) else { continue };
            let is_multi = rule.actions.multi_match;
            let node = self.chains.add(&rule.actions.transformations, is_multi, number);
            let selections =
                rule.targets.iter().map(|target| self.select(&target.selection, number, words)).collect();
            let guards = self.guards.around(place);
            if let Some(slot) = self.operators.get_mut(number) {
                *slot = Operator { node, is_multi, selections, guards };
            }
        }
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

/// The operator that a plan may tell of; `None` if the rule has to run always.
fn planned(rule: &Rule) -> Option<&Rc<Operation>> {
    let is_fixed = |target: &crate::ruleset::Target| !target.is_count && target.selection.is_fixed();
    match !rule.targets.is_empty() && rule.targets.iter().all(is_fixed) {
        true => rule.operation.as_ref(),
        false => None,
    }
}

fn planned_number(rule: &Rule, scanner: &Numbered) -> Option<usize> {
    planned(rule).and_then(|operation| scanner.number(operation))
}

impl Operator {
    /// One that the scanner knows of another rule set: no selection has it.
    fn absent() -> Operator {
        Operator { node: 0, is_multi: false, selections: Vec::new(), guards: u64::MAX }
    }
}

fn rule_at(entries: &[Entry], entry: usize) -> Option<&Rule> {
    match entries.get(entry) {
        Some(Entry::Rule(rule)) => Some(rule),
        _ => None,
    }
}

/// The places of a phase's rules with where each `skipAfter` leads to: behind the next marker of that name, or to the
/// end, as in ModSecurity.
fn places(entries: &[Entry], phase: Phase) -> Vec<Place> {
    let mut places = Vec::new();
    let mut markers: BTreeMap<&str, usize> = BTreeMap::new();
    for (entry, it) in entries.iter().enumerate().rev() {
        match it {
            // Counted from the end, for the places in front are not known yet.
            Entry::Marker(name) => drop(markers.insert(name, places.len())),
            Entry::Rule(rule) if rule.phase == phase => {
                let marker = rule.actions.skip_after.as_deref().and_then(|marker| markers.get(marker));
                places.push(Place { entry, behind: marker.copied().unwrap_or(0) });
            }
            Entry::Rule(_) => {}
        }
    }
    let count = places.len();
    places.iter_mut().for_each(|place| place.behind = count - place.behind);
    places.reverse();
    places
}
