//! From the syntax of a rule to a compiled one.

use super::load::{Loader, Origin};
use super::rule::{Operation, Rule, Target};
use crate::actions::{Actions, Disruptive, Phase};
use crate::operators::{self, Recipe};
use crate::text::Text;
use crate::variables::{Key, Selection, Variable};
use portcullis_seclang::{Action, Operator, ParseError, SecRule, Selector, Sign};
use std::rc::Rc;

pub(super) fn rule(loader: &Loader<'_>, syntax: &SecRule, origin: &Origin) -> Result<Rule, ParseError> {
    let mut rule = action(loader, &syntax.actions, origin)?;
    for variable in &syntax.variables {
        let place = origin.at(variable.span);
        let selection = selection(variable).map_err(|message| place.fault(message))?;
        match variable.sign {
            Sign::Exclude => rule.exclusions.push(selection),
            sign => rule.targets.push(Target { selection, is_count: sign == Sign::Count }),
        }
    }
    let place = origin.at(syntax.operator.span);
    rule.operation = Some(operation(loader, &syntax.operator).map_err(|message| place.fault(message))?);
    Ok(rule)
}

pub(super) fn action(loader: &Loader<'_>, syntax: &[Action], origin: &Origin) -> Result<Rule, ParseError> {
    let phase = phase_of(syntax).map_err(|message| origin.fault(message))?;
    let defaults = loader.defaults.get(&phase.number());
    let mut actions = defaults.cloned().unwrap_or_default();
    let default_disruptive = actions.disruptive.take();
    for action in syntax {
        actions.add(action).map_err(|message| origin.at(action.span).fault(message))?;
    }
    let disruptive = match (actions.disruptive.take(), default_disruptive) {
        (Some(Disruptive::Block) | None, Some(default)) => default,
        (Some(Disruptive::Block) | None, None) => Disruptive::Pass,
        (Some(own), _) => own,
    };
    let meta = std::mem::take(&mut actions.meta);
    Ok(Rule {
        id: actions.id.unwrap_or(0),
        phase,
        file: Rc::clone(&origin.file),
        span: origin.span,
        targets: Vec::new(),
        exclusions: Vec::new(),
        operation: None,
        actions,
        meta,
        disruptive,
        links: Vec::new(),
    })
}

/// What a link of a chain may not have, for only the first rule of a chain decides.
pub(super) fn check_link(rule: &Rule) -> Result<(), String> {
    match rule.actions.id {
        Some(_) => Err("only the first rule of a chain has an `id`".to_owned()),
        None => Ok(()),
    }
}

fn phase_of(syntax: &[Action]) -> Result<Phase, String> {
    match syntax.iter().rev().find(|action| action.is("phase")) {
        Some(action) => Phase::parse(action.text()),
        None => Ok(Phase::RequestBody),
    }
}

pub(super) fn selection(variable: &portcullis_seclang::Variable) -> Result<Selection, String> {
    let found = Variable::find(&variable.name)?;
    if found == Variable::Xml {
        check_xpath(variable.selector.as_ref())?;
    }
    Ok(Selection { variable: found, key: Key::of(variable.selector.as_ref())? })
}

/// The two expressions that rule sets use; a full XPath comes with issue 4.
fn check_xpath(selector: Option<&Selector>) -> Result<(), String> {
    match selector {
        Some(Selector::Key(path)) if matches!(path.as_str(), "/*" | "//@*") => Ok(()),
        Some(Selector::Key(path)) => Err(format!("XPath `{path}` is not yet supported")),
        _ => Err("`XML` needs `/*` or `//@*`".to_owned()),
    }
}

fn operation(loader: &Loader<'_>, syntax: &Operator) -> Result<Operation, String> {
    let argument = Text::parse(&syntax.argument)?;
    let files = |name: &str| loader.file(name);
    let recipe = Recipe {
        argument: &syntax.argument,
        has_macros: argument.has_macros(),
        files: &files,
        compile: loader.compile,
    };
    let test = operators::compile(&syntax.name, &recipe)?;
    let name = operators::spelling(&syntax.name);
    Ok(Operation { name, negated: syntax.negated, argument, test })
}

/// Adds actions to a rule that is there already (`SecRuleUpdateActionById`).
pub(super) fn update(rule: &mut Rule, syntax: &[Action]) -> Result<(), String> {
    let mut actions: Actions = rule.actions.clone();
    actions.meta = std::mem::take(&mut rule.meta);
    let transforms = syntax.iter().any(|action| action.is("t"));
    if transforms {
        actions.transformations.clear();
    }
    for action in syntax {
        if action.is("id") || action.is("phase") || action.is("chain") {
            return Err(format!("`{}` of a rule cannot be changed", action.name));
        }
        actions.add(action)?;
    }
    if let Some(disruptive) = actions.disruptive.take() {
        rule.disruptive = disruptive;
    }
    rule.meta = std::mem::take(&mut actions.meta);
    rule.actions = actions;
    Ok(())
}
