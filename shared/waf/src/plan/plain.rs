//! Rules that compare one variable of `TX` with a fixed text: half of CRS, and asked in one step.

use crate::ruleset::{Operation, Rule};
use crate::transaction::Data;
use crate::variables::{Key, Variable};
use portcullis_core::{Fuel, OutOfFuel};
use std::rc::Rc;

/// What such a rule compares.
#[derive(Debug)]
pub(super) struct Plain {
    name: Vec<u8>,
    operation: Rc<Operation>,
}

impl Plain {
    /// `None` if the rule is not of that kind. Exclusions can only make it match less.
    pub(super) fn of(rule: &Rule) -> Option<Plain> {
        let operation = rule.operation.as_ref()?;
        let [target] = rule.targets.as_slice() else { return None };
        let Key::Name(name) = &target.selection.key else { return None };
        let is_plain = !target.is_count
            && target.selection.variable == Variable::Tx
            && rule.actions.transformations.is_empty()
            && operation.argument.fixed().is_some()
            // What takes long is charged for where rules run.
            && operation.test.weight() == 1;
        is_plain.then(|| Plain { name: name.as_bytes().to_vec(), operation: Rc::clone(operation) })
    }

    /// Whether the rule may match.
    pub(super) fn may_match(&self, data: &Data, fuel: &Fuel) -> Result<bool, OutOfFuel> {
        let Operation { negated, argument, test, .. } = &*self.operation;
        let Some(value) = data.tx.get(&self.name) else { return Ok(false) };
        fuel.charge_call(value.len())?;
        Ok(test.matches(value, argument.fixed().unwrap_or_default(), None) != *negated)
    }
}
