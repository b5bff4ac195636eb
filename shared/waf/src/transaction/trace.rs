//! What the rules looked at, step by step, for whoever wants to know why.

use super::{Match, Transaction};

/// A step of the evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// A rule begins.
    Rule {
        /// Its id, of a chain that of its head.
        id: u64,
        /// Its operator, as ModSecurity spells it.
        operator: &'static str,
        /// Its operator's argument, macros filled in.
        argument: Vec<u8>,
        /// What it looks at, like `ARGS|!ARGS:id`.
        targets: String,
    },
    /// A transformation was applied.
    Transformed {
        /// Its name.
        name: &'static str,
        /// What it made.
        value: Vec<u8>,
    },
    /// An operator saw a value.
    Target {
        /// The variable with its member, like `ARGS:id`.
        variable: Vec<u8>,
        /// The value after the transformations.
        value: Vec<u8>,
    },
    /// The value matched.
    Matched {
        /// The variable with its member, like `ARGS:id`.
        variable: Vec<u8>,
        /// The value before the transformations.
        value: Vec<u8>,
        /// Where in the request it stands and what was done to it, as ModSecurity's `ref` says it: `o0,6v17,6t:trim`.
        reference: String,
    },
    /// A rule has ended, without its chain.
    Returned {
        /// Its id, of a chain that of its head.
        id: u64,
        /// Whether it matched.
        matched: bool,
    },
    /// `ctl` had removed the rule.
    Removed {
        /// Its id.
        id: u64,
    },
    /// The whole chain has matched.
    Full {
        /// What the log is told.
        matched: Box<Match>,
        /// What the client would get, if the engine is on: a status, 0 for a connection that is closed.
        status: Option<u16>,
    },
    /// Something else that ModSecurity's debug log says, in its words.
    Remark {
        /// The level of the debug log.
        level: u8,
        /// The line.
        text: String,
    },
}

impl Transaction {
    /// The same transaction, with a record of each step: for tests and tools, not for traffic.
    pub fn traced(mut self) -> Transaction {
        self.trace = Some(Default::default());
        self
    }

    /// The steps so far; empty unless [`Transaction::traced`].
    pub fn steps(&self) -> Vec<Step> {
        self.trace.as_ref().map(|trace| trace.borrow().clone()).unwrap_or_default()
    }

    pub(super) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    pub(super) fn note(&self, step: impl FnOnce() -> Step) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(step());
        }
    }

    pub(super) fn remark(&self, level: u8, text: impl FnOnce() -> String) {
        self.note(|| Step::Remark { level, text: text() });
    }
}
