//! From a text's directives to what they are compiled to, each by itself; what they mean to each other comes later.

use super::builder;
use super::changes::Change;
use super::rule::Rule;
use crate::actions::Actions;
use crate::operators::{Compile, Files};
use crate::stored::{Defaults, Item, Plain};
use portcullis_seclang::{Action, Body, Directive, ParseError, Span, parse};
use std::rc::Rc;

/// Where a directive stands.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) file: Rc<str>,
    pub(crate) span: Span,
}

impl Origin {
    pub(crate) fn fault(&self, message: impl Into<String>) -> ParseError {
        let message = message.into().lines().collect::<Vec<_>>().join(" ");
        ParseError { file: self.file.to_string(), span: self.span, message }
    }

    pub(crate) fn at(&self, span: Span) -> Origin {
        Origin { file: Rc::clone(&self.file), span }
    }
}

/// Compiles the directives of one text.
pub(crate) struct Compiler<'f> {
    pub(super) files: Files<'f>,
    pub(super) compile: Compile,
    /// A chain that still wants links.
    chain: Option<Rule>,
    /// Whether links follow of a chain that has an error which counts as a warning: without it they would be other
    /// rules than their author wrote.
    is_lost: bool,
}

impl<'f> Compiler<'f> {
    pub(crate) fn new(files: Files<'f>, compile: Compile) -> Compiler<'f> {
        Compiler { files, compile, chain: None, is_lost: false }
    }

    /// A whole text.
    pub(crate) fn text(&mut self, file: &str, text: &str) -> Result<Vec<Item>, ParseError> {
        let document = parse(file, text)?;
        let file: Rc<str> = Rc::from(file);
        let mut items = Vec::new();
        for directive in &document.directives {
            let origin = Origin { file: Rc::clone(&file), span: directive.span };
            items.extend(self.directive(directive, &origin)?);
        }
        match self.finish() {
            Some(warning) => {
                Err(ParseError { file: file.to_string(), span: Span::default(), message: warning })
            }
            None => Ok(items),
        }
    }

    /// `None` for a rule whose chain goes on: it comes with the last link.
    pub(super) fn directive(
        &mut self,
        directive: &Directive,
        origin: &Origin,
    ) -> Result<Option<Item>, ParseError> {
        if self.is_of_lost_chain(directive) {
            return Ok(None);
        }
        if self.chain.is_some() && !is_rule(directive) {
            return Err(origin.fault(format!("`{}` stands within a chain", directive.name)));
        }
        match &directive.body {
            Body::Rule(rule) => {
                let built = builder::rule(self, rule, origin)?;
                Ok(self.add(built))
            }
            Body::Actions(actions) if directive.is("SecAction") => {
                let built = builder::action(actions, origin)?;
                Ok(self.add(built))
            }
            Body::Actions(actions) => defaults(actions, origin).map(Some),
            Body::Plain(arguments) => {
                let change = Change::compile(&directive.name, arguments, directive.span);
                Ok(Some(match change.map_err(|message| origin.fault(message))? {
                    Some(change) => Item::Change(Rc::new(change)),
                    None => Item::Plain(Plain {
                        name: directive.name.clone().into(),
                        arguments: arguments.clone(),
                        span: directive.span,
                    }),
                }))
            }
        }
    }

    /// Whether a chain is open.
    pub(super) fn has_chain(&self) -> bool {
        self.chain.is_some()
    }

    /// Behind a directive with an error that counts as a warning: the chain that it is part of is out, whole.
    pub(super) fn drop_chain(&mut self, goes_on: bool) {
        self.chain = None;
        self.is_lost = goes_on;
    }

    /// A rule with an id begins something new.
    fn is_of_lost_chain(&mut self, directive: &Directive) -> bool {
        let is_link = self.is_lost && is_rule(directive) && !actions(directive).any(|action| action.is("id"));
        self.is_lost = is_link && has_chain(directive);
        is_link
    }

    /// At the end of a text: what is to say of a chain that is open. Such a rule never matches, as in ModSecurity v3.
    pub(super) fn finish(&mut self) -> Option<String> {
        let Rule { file, span, id, .. } = self.chain.take()?;
        Some(format!("{file}:{}: rule `{id}` never matches: its chain has no next rule", span.line))
    }

    /// Puts a rule behind the chain that is open, or begins one.
    fn add(&mut self, mut rule: Rule) -> Option<Item> {
        let goes_on = rule.actions.chain;
        let rule = match self.chain.take() {
            Some(mut head) => {
                // An id of a link is read over, as in ModSecurity v3: the head's counts.
                rule.id = 0;
                rule.phase = head.phase;
                head.links.push(rule);
                head
            }
            None => rule,
        };
        if goes_on {
            self.chain = Some(rule);
            return None;
        }
        Some(Item::Rule(Rc::new(rule)))
    }
}

/// Whether it is `SecRule` or `SecAction`.
pub(super) fn is_rule(directive: &Directive) -> bool {
    directive.is("SecRule") || directive.is("SecAction")
}

/// Whether a rule's chain goes on behind it.
pub(super) fn has_chain(directive: &Directive) -> bool {
    actions(directive).any(|action| action.is("chain"))
}

fn actions(directive: &Directive) -> impl Iterator<Item = &Action> {
    let actions: &[Action] = match &directive.body {
        Body::Rule(rule) => &rule.actions,
        Body::Actions(actions) => actions,
        Body::Plain(_) => &[],
    };
    actions.iter()
}

fn defaults(syntax: &[Action], origin: &Origin) -> Result<Item, ParseError> {
    let mut actions = Actions::default();
    for action in syntax {
        actions.add(action).map_err(|message| origin.at(action.span).fault(message))?;
    }
    if actions.phase.is_none() {
        return Err(origin.fault("`SecDefaultAction` needs a phase"));
    }
    if actions.disruptive.is_none() {
        return Err(origin.fault("`SecDefaultAction` needs a disruptive action"));
    }
    if actions.id.is_some() || actions.chain || actions.meta.msg.is_some() {
        return Err(origin.fault("`SecDefaultAction` takes no `id`, `chain` or `msg`"));
    }
    Ok(Item::Defaults(Box::new(Defaults { actions, span: origin.span })))
}
