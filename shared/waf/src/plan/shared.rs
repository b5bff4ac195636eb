//! Scanners that rule sets share: profiles of one rule set differ by a few rules, and a scanner is by far the largest part
//! of a plan.

use crate::ruleset::Operation;
use portcullis_patterns::Conditions;
use portcullis_patterns::scanner::Scanner;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Operators that run always, so that a plan can do with a scanner that is there: as many as an operator writes by hand.
const MOST_STRANGERS: usize = 16;

/// The scanners of the rule sets of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Scanners(RefCell<Vec<Rc<Numbered>>>);

/// A scanner, and the numbers of operators in it.
#[derive(Debug)]
pub(crate) struct Numbered {
    pub(super) scanner: Scanner,
    /// By address; `None` for those that have no conditions.
    numbers: BTreeMap<*const Operation, Option<usize>>,
    /// What the addresses belong to.
    _operations: Vec<Rc<Operation>>,
}

impl Scanners {
    /// A scanner for these operators: one that knows nearly all of them and not many others, else a new one.
    pub(super) fn of(&self, operations: &[&Rc<Operation>], most: usize) -> Rc<Numbered> {
        let mut known = self.0.borrow_mut();
        if let Some(fitting) = known.iter().find(|numbered| numbered.fits(operations)) {
            return Rc::clone(fitting);
        }
        let made = Rc::new(Numbered::new(operations, most));
        known.push(Rc::clone(&made));
        made
    }
}

impl Numbered {
    fn new(operations: &[&Rc<Operation>], most: usize) -> Numbered {
        let (mut numbers, mut conditions) = (BTreeMap::new(), Vec::<Conditions>::new());
        for operation in operations {
            let found = operation.conditions().filter(|_| conditions.len() < most);
            let number = found.map(|found| {
                conditions.push(found);
                conditions.len() - 1
            });
            numbers.insert(Rc::as_ptr(operation), number);
        }
        let scanner = Scanner::new(&conditions.iter().collect::<Vec<_>>());
        Numbered { scanner, numbers, _operations: operations.iter().map(|known| Rc::clone(known)).collect() }
    }

    fn fits(&self, operations: &[&Rc<Operation>]) -> bool {
        let known = operations.iter().filter(|one| self.numbers.contains_key(&Rc::as_ptr(one))).count();
        let strangers = operations.len() - known;
        strangers <= MOST_STRANGERS
            && self.numbers.len() <= known + known / 4 + MOST_STRANGERS
            && known > strangers
    }

    /// The number of an operator; `None` if it runs always.
    pub(super) fn number(&self, operation: &Rc<Operation>) -> Option<usize> {
        self.numbers.get(&Rc::as_ptr(operation)).copied().flatten()
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        self.numbers.values().flatten().count()
    }
}
