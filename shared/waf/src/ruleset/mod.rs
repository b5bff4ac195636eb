//! Rules compiled: what transactions share.

mod builder;
mod changes;
mod compile;
mod directives;
mod embedded;
mod ids;
mod load;
mod rule;
mod settings;

pub(crate) use changes::Change;
pub(crate) use compile::Compiler;
pub(crate) use ids::{IdRange, parse_ids};
pub(crate) use rule::{Operation, Rule, Target};
pub use settings::{CookieFormat, Engine, OverLimit, Settings, XmlArguments};

use crate::actions::Phase;
use crate::plan::Plan;
use crate::stored::Base;
use portcullis_seclang::ParseError;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Compiled rules and settings.
#[derive(Debug)]
pub struct Ruleset {
    pub(crate) settings: Settings,
    /// In the order of the text.
    pub(crate) entries: Vec<Entry>,
    /// For each phase its rules, and what can be told of them in advance.
    plans: [Plan; 5],
    /// Directives without effect that were met, each once.
    warnings: Vec<String>,
    /// Rules that directives have taken out, for traces.
    pub(crate) removed: Vec<Removed>,
}

/// A rule that a directive has taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) id: u64,
    pub(crate) phase: Phase,
    /// Which directive.
    pub(crate) by: &'static str,
}

/// A rule or a place to skip to.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Shared with the base and other rule sets, unless a directive has changed it.
    Rule(Rc<Rule>),
    Marker(String),
}

impl Ruleset {
    /// Compiles texts, each with its name, in order. `files` holds what `@pmFromFile` and `@ipMatchFromFile` name.
    ///
    /// Nothing is skipped: what is unknown, cannot be done in a sandbox or is not yet built is an error with file,
    /// line and column.
    pub fn parse(texts: &[(&str, &str)], files: &BTreeMap<String, String>) -> Result<Ruleset, ParseError> {
        Ruleset::on(&Base::default(), texts, files)
    }

    /// As [`Ruleset::parse`], with rules of the build that texts may include, and that rule sets share.
    pub fn on(
        base: &Base,
        texts: &[(&str, &str)],
        files: &BTreeMap<String, String>,
    ) -> Result<Ruleset, ParseError> {
        let mut loader = load::Loader::new(files, base);
        for (file, text) in texts {
            loader.text(file, text)?;
        }
        loader.finish()
    }

    /// What directives have set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The number of rules, chains counted once.
    pub fn len(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, Entry::Rule(_))).count()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Directives that were accepted without effect.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether a rule of this phase exists.
    pub fn has_phase(&self, phase: Phase) -> bool {
        self.plan(phase).is_some_and(|plan| !plan.places.is_empty())
    }

    pub(crate) fn plan(&self, phase: Phase) -> Option<&Plan> {
        self.plans.get(phase as usize)
    }

    /// The rules of a phase at these places in it.
    pub(crate) fn rules(&self, phase: Phase, places: Range<usize>) -> impl Iterator<Item = &Rule> {
        let plan = self.plan(phase).into_iter().flat_map(|plan| &plan.places);
        plan.skip(places.start).take(places.len()).filter_map(|place| self.rule(place.entry))
    }

    pub(crate) fn rule(&self, entry: usize) -> Option<&Rule> {
        match self.entries.get(entry) {
            Some(Entry::Rule(rule)) => Some(rule),
            _ => None,
        }
    }
}
