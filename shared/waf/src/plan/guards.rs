//! Rules that lead around others by a number in `TX`, as CRS's rules for paranoia levels do.
//!
//! What they lead around need not be looked for. A guard only foretells: if it is wrong, more is looked for later.

use super::Place;
use crate::ruleset::{Operation, Rule};
use crate::transaction::{Data, View};
use crate::variables::{Key, Selection, Variable};
use std::ops::Range;
use std::rc::Rc;

/// Questions that fit into a word of bits.
const MOST_QUESTIONS: usize = 64;

/// The guards of a phase, each question once.
#[derive(Debug)]
pub(super) struct Guards {
    questions: Vec<Question>,
    /// A question by its number, and the places that it leads around.
    ranges: Vec<(u32, Range<usize>)>,
}

/// What a guard asks.
#[derive(Debug)]
struct Question {
    selection: Selection,
    operation: Rc<Operation>,
}

impl Guards {
    pub(super) fn new(rules: &[&Rule], places: &[Place]) -> Guards {
        let mut guards = Guards { questions: Vec::new(), ranges: Vec::new() };
        for ((at, place), rule) in places.iter().enumerate().zip(rules) {
            if let Some(question) = question(rule) {
                guards.add(question, at + 1..place.behind);
            }
        }
        guards
    }

    fn add(&mut self, question: Question, range: Range<usize>) {
        let known = self.questions.iter().position(|known| known.is(&question));
        let number = known.unwrap_or(self.questions.len());
        if number < MOST_QUESTIONS {
            if known.is_none() {
                self.questions.push(question);
            }
            self.ranges.push((number as u32, range));
        }
    }

    /// The guards that lead around a place.
    pub(super) fn around(&self, at: usize) -> u64 {
        let around = self.ranges.iter().filter(|(_, range)| range.contains(&at));
        around.fold(0, |all, (number, _)| all | 1 << number)
    }

    /// The guards that now lead around their rules, or whose number is not set yet.
    pub(super) fn closed(&self, data: &Data) -> u64 {
        let closed = self.questions.iter().enumerate().filter(|(_, question)| !question.is_open(data));
        closed.fold(0, |all, (number, _)| all | 1 << number)
    }
}

impl Question {
    fn is(&self, other: &Question) -> bool {
        let asked = |question: &Question| (question.operation.name, question.operation.negated);
        let argument = |question: &Question| question.operation.argument.fixed().map(<[u8]>::to_vec);
        self.selection == other.selection && asked(self) == asked(other) && argument(self) == argument(other)
    }

    fn is_open(&self, data: &Data) -> bool {
        let Operation { negated, argument, test, .. } = &*self.operation;
        let value = self.selection.first(View { data, rule: None });
        value
            .is_some_and(|value| test.matches(&value, argument.fixed().unwrap_or_default(), None) == *negated)
    }
}

/// The question of a rule that does nothing but compare a variable and lead around.
fn question(rule: &Rule) -> Option<Question> {
    rule.actions.skip_after.as_ref()?;
    let operation = rule.operation.as_ref()?;
    let [target] = rule.targets.as_slice() else { return None };
    let is_plain = !target.is_count
        && target.selection.variable == Variable::Tx
        && matches!(target.selection.key, Key::Name(_))
        && rule.links.is_empty()
        && rule.exclusions.is_empty()
        && rule.actions.transformations.is_empty()
        && operation.argument.fixed().is_some();
    is_plain.then(|| Question { selection: target.selection.clone(), operation: Rc::clone(operation) })
}
