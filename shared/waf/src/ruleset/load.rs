//! Reads texts directive by directive and builds the rule set.

use super::compile::{Compiler, Origin};
use super::rule::{Operation, Rule};
use super::{Entry, Removed, Ruleset, Settings, directives, embedded};
use crate::actions::{Actions, Phase};
use crate::operators::{Compile, Str};
use crate::stored::{Base, Item, Plain};
use portcullis_seclang::{ParseError, parse};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How deep texts may include texts.
const INCLUDE_DEPTH: usize = 8;

/// The state of loading.
pub(super) struct Loader<'f> {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    pub(super) removed: Vec<Removed>,
    pub(super) warnings: BTreeSet<String>,
    files: &'f BTreeMap<String, String>,
    base: &'f Base,
    /// `SecDefaultAction`, by phase.
    defaults: BTreeMap<u8, Actions>,
    ids: BTreeSet<u64>,
    depth: usize,
    /// Removals and updates: they mean rules in front and behind, and are done when all are there.
    pub(super) deferred: Vec<Deferred>,
}

/// A directive that is done when all rules are there.
pub(super) struct Deferred {
    pub(super) name: String,
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
    pub(super) run: fn(&mut Loader<'_>, &[&str]) -> Result<(), String>,
}

impl<'f> Loader<'f> {
    pub(super) fn new(files: &'f BTreeMap<String, String>, base: &'f Base) -> Loader<'f> {
        Loader {
            settings: Settings::default(),
            entries: Vec::new(),
            removed: Vec::new(),
            warnings: BTreeSet::new(),
            files,
            base,
            defaults: BTreeMap::new(),
            ids: BTreeSet::new(),
            depth: 0,
            deferred: Vec::new(),
        }
    }

    /// A text that was given.
    pub(super) fn text(&mut self, file: &str, text: &str) -> Result<(), ParseError> {
        self.compile(file, text, Compile::Now)
    }

    fn compile(&mut self, file: &str, text: &str, compile: Compile) -> Result<(), ParseError> {
        let document = parse(file, text)?;
        let name: Rc<str> = Rc::from(file);
        let (files, base) = (self.files, self.base);
        let find = |name: &str| data_file(files, base, name);
        let mut compiler = Compiler::new(&find, compile);
        for directive in &document.directives {
            let origin = Origin { file: Rc::clone(&name), span: directive.span };
            match compiler.directive(directive, &origin)? {
                Some(Item::Rule(rule)) => self.rule(self.resolved(rule), &origin)?,
                Some(other) => self.item(&other, &origin)?,
                None => {}
            }
        }
        self.warnings.extend(compiler.finish());
        Ok(())
    }

    /// A text that is part of the build and was compiled with it.
    fn stored(&mut self, name: &str, origin: &Origin) -> Result<(), ParseError> {
        let items = self.base.items(name).map_err(|error| origin.fault(error.to_string()))?;
        let file: Rc<str> = Rc::from(name);
        for item in &*items {
            match item {
                Item::Rule(rule) => {
                    let place = Origin { file: Rc::clone(&file), span: rule.span };
                    let rule = match self.defaults.get(&rule.phase.number()) {
                        Some(defaults) => self.base.resolve(rule, defaults),
                        None => Rc::clone(rule),
                    };
                    let rule = self.with_own_files(rule);
                    self.rule(rule.map_err(|message| place.fault(message))?, &place)?;
                }
                Item::Defaults(defaults) => {
                    self.item(item, &Origin { file: Rc::clone(&file), span: defaults.span })?
                }
                Item::Plain(plain) => {
                    self.item(item, &Origin { file: Rc::clone(&file), span: plain.span })?
                }
            }
        }
        Ok(())
    }

    /// What is no rule.
    fn item(&mut self, item: &Item, origin: &Origin) -> Result<(), ParseError> {
        match item {
            Item::Rule(rule) => self.rule(Rc::clone(rule), origin),
            Item::Defaults(defaults) => {
                let phase = defaults.actions.phase.unwrap_or(Phase::RequestBody);
                self.defaults.insert(phase.number(), defaults.actions.clone());
                Ok(())
            }
            Item::Plain(plain) if plain.name.eq_ignore_ascii_case("Include") => self.include(plain, origin),
            Item::Plain(plain) => directives::apply(self, &plain.name, &plain.arguments, origin),
        }
    }

    fn include(&mut self, plain: &Plain, origin: &Origin) -> Result<(), ParseError> {
        let [argument] = plain.arguments.as_slice() else {
            return Err(origin.fault("`Include` takes one name"));
        };
        let name = argument.text.as_str();
        if self.depth >= INCLUDE_DEPTH {
            return Err(origin.fault(format!("`Include {name}` goes too deep")));
        }
        self.depth += 1;
        let texts = embedded::texts(name, self.base);
        match (texts.is_empty(), self.files.get(name)) {
            (false, _) => {
                for (file, text) in texts {
                    match text {
                        Some(text) => self.compile(file, text, Compile::Lazily)?,
                        None => self.stored(file, origin)?,
                    }
                }
            }
            (true, Some(text)) => self.text(name, text)?,
            (true, None) => {
                let known = embedded::names(self.base);
                let message = format!("there is no text `{name}`; this build has {known}, and `files`");
                return Err(origin.fault(message));
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn resolved(&self, rule: Rc<Rule>) -> Rc<Rule> {
        match self.defaults.get(&rule.phase.number()) {
            Some(defaults) if !defaults.is_neutral() => Rc::new(rule.on_top_of(defaults)),
            _ => rule,
        }
    }

    /// Puts a rule behind the others.
    fn rule(&mut self, rule: Rc<Rule>, origin: &Origin) -> Result<(), ParseError> {
        match rule.actions.id {
            Some(id) if !self.ids.insert(id) => {
                return Err(origin.fault(format!("rule id `{id}` is used twice")));
            }
            // ModSecurity wants ids of rules alone.
            None if rule.operation.is_some() => return Err(origin.fault("the rule has no `id`")),
            _ => {}
        }
        self.entries.push(Entry::Rule(rule));
        Ok(())
    }

    /// A rule of the base reads the file of the configuration where that has its data file's name.
    fn with_own_files(&self, rule: Rc<Rule>) -> Result<Rc<Rule>, String> {
        let reads = |rule: &Rule| {
            let operation = rule.operation.as_ref();
            operation.is_some_and(|operation| self.files.keys().any(|name| operation.reads(name)))
        };
        if self.files.is_empty() || !std::iter::once(&*rule).chain(&rule.links).any(reads) {
            return Ok(rule);
        }
        let mut own = Rule::clone(&rule);
        let find = |name: &str| data_file(self.files, self.base, name);
        for operation in own.operations_mut() {
            let Operation { negated, name, argument, .. } = &**operation;
            let again = Operation::compile(*negated, name, argument.clone(), &find, Compile::Now)?;
            *operation = Rc::new(again);
        }
        Ok(Rc::new(own))
    }

    pub(super) fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rc<Rule>> {
        self.entries.iter_mut().filter_map(|entry| match entry {
            Entry::Rule(rule) => Some(rule),
            Entry::Marker(_) => None,
        })
    }

    pub(super) fn finish(mut self) -> Result<Ruleset, ParseError> {
        for Deferred { name, values, origin, run } in std::mem::take(&mut self.deferred) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            run(&mut self, &values).map_err(|message| origin.fault(format!("{name}: {message}")))?;
        }
        let mut plans: [Vec<usize>; 5] = Default::default();
        for (index, entry) in self.entries.iter().enumerate() {
            for (plan, phase) in plans.iter_mut().zip(PHASES) {
                let belongs = match entry {
                    Entry::Rule(rule) => rule.phase == phase,
                    Entry::Marker(_) => true,
                };
                if belongs {
                    plan.push(index);
                }
            }
        }
        let warnings = self.warnings.into_iter().collect();
        let (settings, entries, removed) = (self.settings, self.entries, self.removed);
        Ok(Ruleset { settings, entries, plans, warnings, removed })
    }
}

/// A data file: of the configuration, or of the rules that are part of the build.
fn data_file(files: &BTreeMap<String, String>, base: &Base, name: &str) -> Option<Str> {
    match files.get(name) {
        Some(text) => Some(Cow::Owned(text.clone())),
        None => base.data(name).map(Cow::Borrowed),
    }
}

const PHASES: [Phase; 5] =
    [Phase::RequestHeaders, Phase::RequestBody, Phase::ResponseHeaders, Phase::ResponseBody, Phase::Logging];
