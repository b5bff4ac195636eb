//! From a text's directives to what they are compiled to, each by itself; what they mean to each other comes later.

use super::builder;
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
}

impl<'f> Compiler<'f> {
    pub(crate) fn new(files: Files<'f>, compile: Compile) -> Compiler<'f> {
        Compiler { files, compile, chain: None }
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
        if self.chain.is_some() && !directive.is("SecRule") && !directive.is("SecAction") {
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
            Body::Plain(arguments) => Ok(Some(Item::Plain(Plain {
                name: directive.name.clone().into(),
                arguments: arguments.clone(),
                span: directive.span,
            }))),
        }
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
