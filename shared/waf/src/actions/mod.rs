//! Actions: what a rule says of itself, and what it does when it matches.

mod compile;
mod ctl;
mod defaults;
mod setvar;

pub(crate) use ctl::{Ctl, Removal, RuleMatch};
pub(crate) use setvar::{Change, Collection, Keep, SetVar};

use crate::stored::{Str, stored_enum, stored_struct};
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
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Actions {
    pub(crate) id: Option<u64>,
    pub(crate) phase: Option<Phase>,
    pub(crate) transformations: Vec<Transformation>,
    /// `t:none`: those of the default action do not count.
    pub(crate) clears_transformations: bool,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    pub(crate) disruptive: Option<Disruptive>,
    pub(crate) status: Option<u16>,
    pub(crate) log: Option<bool>,
    /// `auditlog` and `noauditlog`.
    pub(crate) audit: Option<bool>,
    pub(crate) chain: bool,
    pub(crate) skip: usize,
    pub(crate) skip_after: Option<Str>,
    pub(crate) meta: Meta,
    /// `sanitise...`: what logs do not show once the rule has matched.
    pub(crate) sanitises: Vec<Sanitise>,
    /// `xmlns`: prefixes of XPath expressions with their URIs.
    pub(crate) namespaces: Vec<Namespace>,
    /// What is done at each match of a value.
    pub(crate) setvars: Vec<SetVar>,
    /// What is done when the whole chain has matched.
    pub(crate) ctls: Vec<Ctl>,
}

/// What logs do not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sanitise {
    Argument(Str),
    RequestHeader(Str),
    ResponseHeader(Str),
    /// What has matched.
    Matched,
    /// The bytes that have matched, but so many at the begin and the end.
    MatchedBytes {
        head: usize,
        tail: usize,
    },
}

/// A prefix of an XPath expression, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) prefix: Str,
    pub(crate) uri: Str,
}

/// What a rule says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Meta {
    pub(crate) msg: Option<Text>,
    pub(crate) logdata: Option<Text>,
    pub(crate) severity: Option<u8>,
    pub(crate) tags: Vec<Text>,
    pub(crate) ver: Option<Str>,
    pub(crate) rev: Option<Str>,
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

stored_struct!(Actions {
    id,
    phase,
    transformations,
    clears_transformations,
    multi_match,
    capture,
    disruptive,
    status,
    log,
    audit,
    chain,
    skip,
    skip_after,
    meta,
    sanitises,
    namespaces,
    setvars,
    ctls,
});
stored_enum!(Sanitise {
    0 => Argument(name),
    1 => RequestHeader(name),
    2 => ResponseHeader(name),
    3 => Matched,
    4 => MatchedBytes { head, tail },
});
stored_struct!(Namespace { prefix, uri });
stored_struct!(Meta { msg, logdata, severity, tags, ver, rev, maturity, accuracy });
stored_enum!(Phase {
    0 => RequestHeaders,
    1 => RequestBody,
    2 => ResponseHeaders,
    3 => ResponseBody,
    4 => Logging,
});
stored_enum!(Disruptive {
    0 => Pass,
    1 => Deny,
    2 => Drop,
    3 => Block,
    4 => Allow(scope),
    5 => Redirect(location),
});
stored_enum!(Scope { 0 => Transaction, 1 => Phase, 2 => Request });
