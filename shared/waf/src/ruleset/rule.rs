//! One compiled rule.

use crate::actions::{Actions, Disruptive, Meta, Phase};
use crate::operators::Test;
use crate::text::Text;
use crate::variables::Selection;
use portcullis_seclang::Span;
use std::rc::Rc;

/// A rule or action with the links of its chain.
#[derive(Debug)]
pub(crate) struct Rule {
    /// 0 for links of a chain.
    pub(crate) id: u64,
    pub(crate) phase: Phase,
    pub(crate) file: Rc<str>,
    pub(crate) span: Span,
    pub(crate) targets: Vec<Target>,
    /// Members that are left out.
    pub(crate) exclusions: Vec<Selection>,
    /// `None` for `SecAction`, which always matches.
    pub(crate) operation: Option<Operation>,
    pub(crate) actions: Actions,
    pub(crate) meta: Meta,
    /// `block` resolved by the phase's default.
    pub(crate) disruptive: Disruptive,
    /// The other links, in order.
    pub(crate) links: Vec<Rule>,
}

/// What a rule looks at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) selection: Selection,
    /// The number of members, instead of their values.
    pub(crate) is_count: bool,
}

/// What a rule looks for.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As ModSecurity spells it, for logs.
    pub(crate) name: &'static str,
    pub(crate) negated: bool,
    pub(crate) argument: Text,
    pub(crate) test: Box<dyn Test>,
}
