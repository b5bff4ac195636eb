//! Actions: what a rule says of itself, and what it does when it matches.

mod compile;
mod ctl;
mod setvar;

pub(crate) use ctl::{Ctl, Removal, RuleMatch};
pub(crate) use setvar::{Change, Collection, Keep, SetVar};

use crate::text::Text;
use crate::transformations::Transformation;

/// The five phases (ModSecurity reference, "Processing Phases").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// 1.
    RequestHeaders,
    /// 2.
    RequestBody,
    /// 3.
    ResponseHeaders,
    /// 4.
    ResponseBody,
    /// 5.
    Logging,
}

/// All that the actions of a rule say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Actions {
    pub(crate) id: Option<u64>,
    pub(crate) phase: Option<Phase>,
    pub(crate) transformations: Vec<Transformation>,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    pub(crate) disruptive: Option<Disruptive>,
    pub(crate) status: Option<u16>,
    pub(crate) log: Option<bool>,
    pub(crate) chain: bool,
    pub(crate) skip: usize,
    pub(crate) skip_after: Option<String>,
    pub(crate) meta: Meta,
    /// What is done at each match of a value.
    pub(crate) setvars: Vec<SetVar>,
    /// What is done when the whole chain has matched.
    pub(crate) ctls: Vec<Ctl>,
}

/// What a rule says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meta {
    pub(crate) msg: Option<Text>,
    pub(crate) logdata: Option<Text>,
    pub(crate) severity: Option<u8>,
    pub(crate) tags: Vec<Text>,
    /// Tags and message as written, for removal by them.
    pub(crate) tag_texts: Vec<String>,
    pub(crate) msg_text: String,
    pub(crate) ver: Option<String>,
    pub(crate) rev: Option<String>,
    pub(crate) maturity: Option<u8>,
    pub(crate) accuracy: Option<u8>,
}

/// What becomes of the transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Disruptive {
    Pass,
    Deny,
    Drop,
    /// As the phase's default action says.
    Block,
    Allow(Scope),
    Redirect(Text),
}

/// How far an `allow` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All phases but logging.
    Transaction,
    /// The rest of the phase.
    Phase,
    /// Phases 1 and 2.
    Request,
}
