//! Reads texts directive by directive and builds the rule set.

use super::{Entry, Ruleset, Settings, builder, directives, embedded};
use crate::actions::{Actions, Phase};
use crate::operators::Compile;
use crate::ruleset::rule::Rule;
use portcullis_seclang::{Action, Argument, Body, Directive, ParseError, Span, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How deep texts may include texts.
const INCLUDE_DEPTH: usize = 8;

/// The state of loading.
pub(super) struct Loader<'f> {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    pub(super) warnings: BTreeSet<String>,
    pub(super) files: &'f BTreeMap<String, String>,
    /// `SecDefaultAction`, by phase.
    pub(super) defaults: BTreeMap<u8, Actions>,
    ids: BTreeSet<u64>,
    /// A chain that still wants links.
    chain: Option<Rule>,
    depth: usize,
    /// Removals and updates: they mean rules in front and behind, and are done when all are there.
    pub(super) deferred: Vec<Deferred>,
    pub(super) compile: Compile,
}

/// A directive that is done when all rules are there.
pub(super) struct Deferred {
    pub(super) name: String,
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
    pub(super) run: fn(&mut Loader<'_>, &[&str]) -> Result<(), String>,
}

/// Where a directive stands.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) file: Rc<str>,
    pub(super) span: Span,
}

impl Origin {
    pub(super) fn fault(&self, message: impl Into<String>) -> ParseError {
        let message = message.into().lines().collect::<Vec<_>>().join(" ");
        ParseError { file: self.file.to_string(), span: self.span, message }
    }

    pub(super) fn at(&self, span: Span) -> Origin {
        Origin { file: Rc::clone(&self.file), span }
    }
}

impl<'f> Loader<'f> {
    pub(super) fn new(files: &'f BTreeMap<String, String>) -> Loader<'f> {
        Loader {
            settings: Settings::default(),
            entries: Vec::new(),
            warnings: BTreeSet::new(),
            files,
            defaults: BTreeMap::new(),
            ids: BTreeSet::new(),
            chain: None,
            depth: 0,
            deferred: Vec::new(),
            compile: Compile::Now,
        }
    }

    pub(super) fn text(&mut self, file: &str, text: &str) -> Result<(), ParseError> {
        let document = parse(file, text)?;
        let name: Rc<str> = Rc::from(file);
        for directive in &document.directives {
            let origin = Origin { file: Rc::clone(&name), span: directive.span };
            self.directive(directive, &origin)?;
        }
        match &self.chain {
            Some(rule) => {
                let origin = Origin { file: Rc::clone(&rule.file), span: rule.span };
                Err(origin.fault("the chain has no next rule"))
            }
            None => Ok(()),
        }
    }

    fn directive(&mut self, directive: &Directive, origin: &Origin) -> Result<(), ParseError> {
        if self.chain.is_some() && !directive.is("SecRule") && !directive.is("SecAction") {
            return Err(origin.fault(format!("`{}` stands within a chain", directive.name)));
        }
        match &directive.body {
            Body::Rule(rule) => {
                let built = builder::rule(self, rule, origin)?;
                self.add(built, origin)
            }
            Body::Actions(actions) if directive.is("SecAction") => {
                let built = builder::action(self, actions, origin)?;
                self.add(built, origin)
            }
            Body::Actions(actions) => self.default_action(actions, origin),
            Body::Plain(arguments) if directive.is("Include") => self.include(arguments, origin),
            Body::Plain(arguments) => directives::apply(self, &directive.name, arguments, origin),
        }
    }

    fn include(&mut self, arguments: &[Argument], origin: &Origin) -> Result<(), ParseError> {
        let [argument] = arguments else { return Err(origin.fault("`Include` takes one name")) };
        let name = argument.text.as_str();
        if self.depth >= INCLUDE_DEPTH {
            return Err(origin.fault(format!("`Include {name}` goes too deep")));
        }
        self.depth += 1;
        if let Some(texts) = embedded::texts(name) {
            let before = std::mem::replace(&mut self.compile, Compile::Lazily);
            for (file, text) in texts {
                self.text(file, text)?;
            }
            self.compile = before;
        } else if let Some(text) = self.files.get(name) {
            self.text(name, text)?;
        } else {
            let known = embedded::names();
            return Err(
                origin.fault(format!("there is no text `{name}`; this build has {known}, and `files`"))
            );
        }
        self.depth -= 1;
        Ok(())
    }

    fn default_action(&mut self, actions: &[Action], origin: &Origin) -> Result<(), ParseError> {
        let mut built = Actions::default();
        for action in actions {
            built.add(action).map_err(|message| origin.at(action.span).fault(message))?;
        }
        let Some(phase) = built.phase else {
            return Err(origin.fault("`SecDefaultAction` needs a phase"));
        };
        if built.disruptive.is_none() {
            return Err(origin.fault("`SecDefaultAction` needs a disruptive action"));
        }
        if built.id.is_some() || built.chain || !built.meta.msg_text.is_empty() {
            return Err(origin.fault("`SecDefaultAction` takes no `id`, `chain` or `msg`"));
        }
        self.defaults.insert(phase.number(), built);
        Ok(())
    }

    /// Puts a rule behind the others, or behind the chain that is open.
    fn add(&mut self, mut rule: Rule, origin: &Origin) -> Result<(), ParseError> {
        let goes_on = rule.actions.chain;
        match self.chain.take() {
            Some(mut head) => {
                builder::check_link(&rule).map_err(|message| origin.fault(message))?;
                rule.phase = head.phase;
                head.links.push(rule);
                self.place(head, goes_on);
            }
            None => {
                match rule.actions.id {
                    Some(id) if !self.ids.insert(id) => {
                        return Err(origin.fault(format!("rule id `{id}` is used twice")));
                    }
                    // ModSecurity wants ids of rules alone.
                    None if rule.operation.is_some() => return Err(origin.fault("the rule has no `id`")),
                    _ => {}
                }
                self.place(rule, goes_on);
            }
        }
        Ok(())
    }

    fn place(&mut self, rule: Rule, goes_on: bool) {
        match goes_on {
            true => self.chain = Some(rule),
            false => self.entries.push(Entry::Rule(Box::new(rule))),
        }
    }

    /// A data file: of the configuration, or of the embedded rules.
    pub(super) fn file(&self, name: &str) -> Option<String> {
        let own = self.files.get(name).cloned();
        own.or_else(|| embedded::data(name).map(str::to_owned))
    }

    pub(super) fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.entries.iter_mut().filter_map(|entry| match entry {
            Entry::Rule(rule) => Some(&mut **rule),
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
        Ok(Ruleset { settings: self.settings, entries: self.entries, plans, warnings })
    }
}

const PHASES: [Phase; 5] =
    [Phase::RequestHeaders, Phase::RequestBody, Phase::ResponseHeaders, Phase::ResponseBody, Phase::Logging];
