//! Reads texts directive by directive and builds the rule set.

use super::changes::Change;
use super::compile::{Compiler, Origin, has_chain, is_rule};
use super::rule::{Operation, Rule};
use super::{Entry, Removed, Ruleset, Settings, directives, embedded};
use crate::actions::{Actions, Phase, RuleMatch};
use crate::operators::{Compile, Str};
use crate::plan::Plan;
use crate::stored::{Base, Item, Plain};
use portcullis_seclang::{Directive, ParseError, Unread, directives as directives_of};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::rc::Rc;

/// How deep texts may include texts.
const INCLUDE_DEPTH: usize = 8;

/// The state of loading.
pub(super) struct Loader<'f> {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    removed: Vec<Removed>,
    pub(super) warnings: BTreeSet<String>,
    files: &'f BTreeMap<String, String>,
    base: &'f Base,
    /// `SecDefaultAction` where it says something, by phase.
    defaults: BTreeMap<u8, Actions>,
    /// Where each id stands.
    ids: BTreeMap<u64, Place>,
    depth: usize,
    /// `SecIgnoreRuleCompilationErrors`.
    pub(super) ignores_errors: bool,
    /// Removals and updates: they mean rules in front and behind, and are done when all are there.
    deferred: Vec<Deferred>,
    /// Entries that are removed.
    gone: BTreeSet<usize>,
}

/// Where a rule stands: file, line, and index of its entry.
type Place = (Rc<str>, u32, usize);

/// A change that is made when all rules are there.
pub(super) struct Deferred {
    change: Rc<Change>,
    origin: Origin,
    /// Whether it is part of the base.
    is_stored: bool,
    /// Whether an error of it is a warning.
    is_tolerated: bool,
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
            ids: BTreeMap::new(),
            depth: 0,
            ignores_errors: false,
            deferred: Vec::new(),
            gone: BTreeSet::new(),
        }
    }

    /// A text that was given.
    pub(super) fn text(&mut self, file: &str, text: &str) -> Result<(), ParseError> {
        self.compile(file, text, Compile::Now)
    }

    fn compile(&mut self, file: &str, text: &str, compile: Compile) -> Result<(), ParseError> {
        let name: Rc<str> = Rc::from(file);
        let (files, base) = (self.files, self.base);
        let find = |name: &str| data_file(files, base, name);
        let mut compiler = Compiler::new(&find, compile);
        for read in directives_of(file, text) {
            match read {
                Ok(directive) => {
                    let origin = Origin { file: Rc::clone(&name), span: directive.span };
                    self.directive(&mut compiler, &directive, &origin)?;
                }
                Err(Unread { error, text }) => {
                    self.tolerate(error)?;
                    compiler.drop_chain(text.to_ascii_lowercase().contains("chain"));
                }
            }
        }
        self.warnings.extend(compiler.finish());
        Ok(())
    }

    fn directive(
        &mut self,
        compiler: &mut Compiler<'_>,
        directive: &Directive,
        origin: &Origin,
    ) -> Result<(), ParseError> {
        let in_chain = compiler.has_chain();
        let item = match compiler.directive(directive, origin) {
            Ok(item) => item,
            Err(error) => {
                self.tolerate(error)?;
                compiler.drop_chain(has_chain(directive));
                // What stands within a chain that is out now stands behind it.
                match in_chain && !is_rule(directive) {
                    true => return self.directive(compiler, directive, origin),
                    false => None,
                }
            }
        };
        let done = match item {
            Some(Item::Rule(rule)) => self.rule(self.resolved(rule), origin),
            Some(Item::Plain(plain)) if plain.name.eq_ignore_ascii_case("Include") => {
                return self.include(&plain, origin);
            }
            Some(other) => self.item(&other, origin),
            None => Ok(()),
        };
        done.or_else(|error| self.tolerate(error))
    }

    /// Under `SecIgnoreRuleCompilationErrors On` an error is a warning, and what is wrong is left out.
    fn tolerate(&mut self, error: ParseError) -> Result<(), ParseError> {
        match self.ignores_errors {
            true => drop(self.warnings.insert(format!("left out: {error}"))),
            false => return Err(error),
        }
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
                    let rule = rule.map_err(|message| place.fault(message));
                    rule.and_then(|rule| self.rule(rule, &place)).or_else(|error| self.tolerate(error))?;
                }
                Item::Defaults(defaults) => {
                    self.item(item, &Origin { file: Rc::clone(&file), span: defaults.span })?
                }
                Item::Change(change) => {
                    self.defer(change, Origin { file: Rc::clone(&file), span: change.span }, true);
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
                match defaults.actions.is_neutral() {
                    true => self.defaults.remove(&phase.number()),
                    false => self.defaults.insert(phase.number(), defaults.actions.clone()),
                };
                Ok(())
            }
            Item::Change(change) => {
                self.defer(change, origin.clone(), false);
                Ok(())
            }
            Item::Plain(plain) if plain.name.eq_ignore_ascii_case("Include") => self.include(plain, origin),
            Item::Plain(plain) => directives::apply(self, &plain.name, &plain.arguments, origin),
        }
    }

    fn defer(&mut self, change: &Rc<Change>, origin: Origin, is_stored: bool) {
        let (change, is_tolerated) = (Rc::clone(change), self.ignores_errors);
        self.deferred.push(Deferred { change, origin, is_stored, is_tolerated });
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
            Some(defaults) => Rc::new(rule.on_top_of(defaults)),
            None => rule,
        }
    }

    /// Puts a rule behind the others.
    fn rule(&mut self, rule: Rc<Rule>, origin: &Origin) -> Result<(), ParseError> {
        match rule.actions.id {
            Some(id) => match self.ids.entry(id) {
                btree_map::Entry::Vacant(place) => {
                    place.insert((Rc::clone(&origin.file), origin.span.line, self.entries.len()));
                }
                btree_map::Entry::Occupied(first) => {
                    let (file, line, _) = first.get();
                    let message = format!("rule id `{id}` is used twice, first at {file}:{line}");
                    return Err(origin.fault(message));
                }
            },
            // ModSecurity wants ids of rules alone.
            None if rule.operation.is_some() => return Err(origin.fault("the rule has no `id`")),
            _ => {}
        }
        self.warn(&rule);
        self.entries.push(Entry::Rule(rule));
        Ok(())
    }

    fn warn(&mut self, rule: &Rule) {
        let operations = std::iter::once(rule).chain(&rule.links).filter_map(|rule| rule.operation.as_ref());
        let warnings = operations.filter_map(|operation| operation.test.warning());
        let (file, line, id) = (&rule.file, rule.span.line, rule.id);
        self.warnings.extend(warnings.map(|warning| format!("{file}:{line}: rule `{id}`: {warning}")));
    }

    pub(super) fn has_file(&self, name: &str) -> bool {
        data_file(self.files, self.base, name).is_some()
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

    /// Changes the rules that are meant; those of the base that the base changes itself stay shared.
    fn change(&mut self, deferred: &Deferred) -> Result<(), ParseError> {
        let Deferred { change, origin, is_stored, is_tolerated } = deferred;
        let meant = self.meant(&change.rules);
        let mut count = 0;
        for index in meant {
            match self.change_one(index, change, *is_stored) {
                Ok(changed) => count += usize::from(changed),
                Err(message) => {
                    self.ignores_errors = *is_tolerated;
                    return self.tolerate(origin.fault(message));
                }
            }
        }
        if count == 0 {
            self.warnings.insert(origin.fault(format!("`{}` means no rule", change.text)).to_string());
        }
        Ok(())
    }

    /// The entries of the rules that are meant, but those that are removed.
    fn meant(&self, rules: &RuleMatch) -> Vec<usize> {
        let mut found: Vec<usize> = match rules {
            RuleMatch::Ids(ranges) => {
                let ids = ranges.iter().flat_map(|range| self.ids.range(range.clone()));
                ids.map(|(_, (_, _, index))| *index).collect()
            }
            RuleMatch::Tag(_) | RuleMatch::Msg(_) => {
                let is_meant = |entry: &Entry| matches!(entry, Entry::Rule(rule) if rules.means(rule));
                self.entries.iter().enumerate().filter(|(_, e)| is_meant(e)).map(|(index, _)| index).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        found.retain(|index| !self.gone.contains(index));
        found
    }

    fn change_one(&mut self, index: usize, change: &Rc<Change>, is_stored: bool) -> Result<bool, String> {
        let Some(Entry::Rule(rule)) = self.entries.get_mut(index) else { return Ok(false) };
        if change.removes() {
            self.gone.insert(index);
            self.removed.push(Removed { id: rule.id, phase: rule.phase, by: change.rules.directive() });
            return Ok(true);
        }
        let block = self.defaults.get(&rule.phase.number()).and_then(|actions| actions.disruptive.as_ref());
        match is_stored && change.is_the_same_for_all() {
            true => self.base.changed(rule, change, |rule| change.apply(rule, block)),
            false => change.apply(Rc::make_mut(rule), block),
        }
    }

    pub(super) fn finish(mut self) -> Result<Ruleset, ParseError> {
        for deferred in std::mem::take(&mut self.deferred) {
            self.change(&deferred)?;
        }
        let mut index = 0..;
        self.entries.retain(|_| index.next().is_none_or(|index| !self.gone.contains(&index)));
        self.entries.shrink_to_fit();
        let (settings, entries, removed) = (self.settings, self.entries, self.removed);
        let plans = PHASES.map(|phase| Plan::new(&entries, phase, &self.base.scanners));
        let warnings = self.warnings.into_iter().collect();
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
