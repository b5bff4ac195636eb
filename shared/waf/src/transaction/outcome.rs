//! What a transaction comes to.

use crate::actions::Phase;

/// Why an exchange is stopped, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// How.
    pub response: Response,
    /// The rule; 0 for a limit.
    pub rule: u64,
}

/// What the client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// An answer with this status.
    Deny(u16),
    /// The connection is closed without one.
    Drop,
    /// An answer that sends it elsewhere.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The target.
        location: Vec<u8>,
    },
}

impl Interruption {
    pub(super) fn over_limit() -> Interruption {
        Interruption { response: Response::Deny(403), rule: 0 }
    }

    pub(super) fn response_over_limit() -> Interruption {
        Interruption { response: Response::Deny(403), rule: 0 }
    }

    /// The status that the client sees; 0 for none.
    pub fn status(&self) -> u16 {
        match self.response {
            Response::Deny(status) | Response::Redirect { status, .. } => status,
            Response::Drop => 0,
        }
    }
}

/// A rule whose whole chain has matched. Of one that is not logged the texts are empty, unless the transaction is
/// traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The rule's id.
    pub id: u64,
    /// The phase in which it matched.
    pub phase: Phase,
    /// The text in which it stands.
    pub file: String,
    /// The line.
    pub line: u32,
    /// Its `msg`.
    pub msg: Vec<u8>,
    /// Its `logdata`, cut, hidden values starred.
    pub data: Vec<u8>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its severity: 0, emergency, to 7, debug.
    pub severity: Option<u8>,
    /// Its `rev`.
    pub rev: String,
    /// Its `ver`.
    pub ver: String,
    /// Its `maturity`; 0 for none.
    pub maturity: u8,
    /// Its `accuracy`; 0 for none.
    pub accuracy: u8,
    /// The operator of the last link, as ModSecurity spells it; empty for `SecAction`.
    pub operator: &'static str,
    /// That operator's argument, macros filled in, cut; empty for a rule that is not logged.
    pub parameter: Vec<u8>,
    /// The variable that matched last, like `ARGS:id`; empty for `SecAction`.
    pub variable: Vec<u8>,
    /// Its value, cut, and starred where it is hidden.
    pub value: Vec<u8>,
    /// Whether the rule wants to be logged.
    pub log: bool,
    /// Whether it wants to be in the audit log.
    pub audit: bool,
    /// Whether the rule stops the exchange, or would if the engine were on.
    pub disruptive: bool,
}
