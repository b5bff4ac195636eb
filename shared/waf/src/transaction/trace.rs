//! What the rules looked at, step by step, for whoever wants to know why.

/// A step of the evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A rule begins.
    Rule {
        /// Its id, of a chain that of its head.
        id: u64,
        /// Its operator's argument, macros filled in.
        argument: Vec<u8>,
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
}
