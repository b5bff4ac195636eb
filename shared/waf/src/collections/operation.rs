//! What a transaction does to a collection, in a form that can be done again on another state of it.

/// A change of one member. Names are lower case, times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    Set {
        name: Vec<u8>,
        value: Vec<u8>,
    },
    Add {
        name: Vec<u8>,
        by: i64,
    },
    Unset {
        name: Vec<u8>,
    },
    /// The member is gone after this time.
    Expire {
        name: Vec<u8>,
        at: u64,
    },
    /// Takes `by` away for each `period` of seconds since the collection was written last, down to 0.
    Deprecate {
        name: Vec<u8>,
        by: i64,
        period: u64,
    },
}

impl Operation {
    pub(crate) fn name(&self) -> &[u8] {
        match self {
            Operation::Set { name, .. }
            | Operation::Add { name, .. }
            | Operation::Unset { name }
            | Operation::Expire { name, .. }
            | Operation::Deprecate { name, .. } => name,
        }
    }

    /// Takes a later operation into this one, if that comes to the same.
    pub(crate) fn absorb(&mut self, later: &Operation) -> bool {
        if self.name() != later.name() {
            return false;
        }
        match (&mut *self, later) {
            (Operation::Add { by, .. }, Operation::Add { by: more, .. }) => match by.checked_add(*more) {
                Some(sum) => *by = sum,
                None => return false,
            },
            (Operation::Add { .. } | Operation::Set { .. }, Operation::Set { .. })
            | (Operation::Expire { .. }, Operation::Expire { .. })
            | (_, Operation::Unset { .. }) => *self = later.clone(),
            _ => return false,
        }
        true
    }
}
