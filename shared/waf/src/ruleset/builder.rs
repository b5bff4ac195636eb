//! From the syntax of a rule to a compiled one.

use super::compile::{Compiler, Origin};
use super::rule::{Operation, Rule, Target};
use crate::actions::{Actions, Disruptive, Phase};
use crate::text::Text;
use crate::variables::{Key, Selection, Variable};
use portcullis_seclang::{Action, Operator, ParseError, SecRule, Sign};
use std::rc::Rc;

pub(super) fn rule(compiler: &Compiler<'_>, syntax: &SecRule, origin: &Origin) -> Result<Rule, ParseError> {
    let mut rule = action(&syntax.actions, origin)?;
    for variable in &syntax.variables {
        let place = origin.at(variable.span);
        let selection = selection(variable).map_err(|message| place.fault(message))?;
        match variable.sign {
            Sign::Exclude => rule.exclusions.push(selection),
            sign => rule.targets.push(Target { selection, is_count: sign == Sign::Count }),
        }
    }
    let place = origin.at(syntax.operator.span);
    let operation = operation(compiler, &syntax.operator).map_err(|message| place.fault(message))?;
    rule.operation = Some(Rc::new(operation));
    Ok(rule)
}

pub(super) fn action(syntax: &[Action], origin: &Origin) -> Result<Rule, ParseError> {
    let phase = phase_of(syntax).map_err(|message| origin.fault(message))?;
    let mut actions = Actions::default();
    for action in syntax {
        actions.add(action).map_err(|message| origin.at(action.span).fault(message))?;
    }
    let disruptive = match &actions.disruptive {
        Some(Disruptive::Block) | None => Disruptive::Pass,
        Some(own) => own.clone(),
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
        actions: Rc::new(actions),
        meta: Rc::new(meta),
        disruptive,
        links: Vec::new(),
    })
}

fn phase_of(syntax: &[Action]) -> Result<Phase, String> {
    match syntax.iter().rev().find(|action| action.is("phase")) {
        Some(action) => Phase::parse(action.text()),
        None => Ok(Phase::RequestBody),
    }
}

pub(super) fn selection(variable: &portcullis_seclang::Variable) -> Result<Selection, String> {
    let found = Variable::find(&variable.name)?;
    let key = match found {
        Variable::Xml | Variable::ResponseXml => Key::path(variable.selector.as_ref())?,
        _ => Key::of(variable.selector.as_ref())?,
    };
    Ok(Selection { variable: found, key })
}

fn operation(compiler: &Compiler<'_>, syntax: &Operator) -> Result<Operation, String> {
    let argument = Text::parse(&syntax.argument)?;
    Operation::compile(syntax.negated, &syntax.name, argument, compiler.files, compiler.compile)
}

/// Whether actions can be added to a rule that is there already.
pub(super) fn check_update(syntax: &[Action]) -> Result<(), String> {
    if let Some(fixed) =
        syntax.iter().find(|action| ["id", "phase", "chain"].iter().any(|name| action.is(name)))
    {
        return Err(format!("`{}` of a rule cannot be changed", fixed.name));
    }
    let mut actions = Actions::default();
    syntax.iter().try_for_each(|action| actions.add(action))
}

/// Adds actions to a rule that is there already (`SecRuleUpdateActionById`): what stands once is replaced, the rest
/// comes behind what the rule has. `block` is what it is by default.
pub(super) fn update(rule: &mut Rule, syntax: &[Action], block: Option<&Disruptive>) -> Result<(), String> {
    let mut actions = Actions::clone(&rule.actions);
    actions.meta = (*rule.meta).clone();
    actions.disruptive = None;
    for action in syntax {
        actions.add(action)?;
    }
    match &actions.disruptive {
        Some(Disruptive::Block) => rule.disruptive = block.cloned().unwrap_or(Disruptive::Pass),
        Some(disruptive) => rule.disruptive = disruptive.clone(),
        None => actions.disruptive = rule.actions.disruptive.clone(),
    }
    rule.meta = Rc::new(std::mem::take(&mut actions.meta));
    rule.actions = Rc::new(actions);
    Ok(())
}
