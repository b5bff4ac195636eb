//! The value of an expression in a document (XPath 1.0, sections 1 to 3).

use super::functions::to_number;
use super::{Axis, Expression, NodeTest, Operator, Path, Start, Step, XPath};
use crate::actions::Namespace;
use crate::transaction::Dom;
use std::cell::Cell;

/// Nodes and bytes that one evaluation looks at.
const BUDGET: usize = 500_000;
/// The most nodes that a selection gives.
const MOST_NODES: usize = 5_000;

/// What an expression selects.
pub(crate) enum Selected {
    /// The content of each node.
    Nodes(Vec<Vec<u8>>),
    /// The evaluation would have taken too long.
    Exhausted,
}

/// The contents of the nodes that the expression selects; one that gives no nodes selects nothing.
pub(crate) fn select(path: &XPath, dom: &Dom, namespaces: &[Namespace]) -> Selected {
    let Some(expression) = path.expression() else { return Selected::Nodes(Vec::new()) };
    let left = Cell::new(BUDGET);
    let context = Context { dom, namespaces, node: Dom::ROOT, position: 1, size: 1, left: &left };
    match evaluate(expression, &context) {
        Ok(Value::Nodes(nodes)) => contents(&nodes, &context),
        Ok(_) => Selected::Nodes(Vec::new()),
        Err(Exhausted) => Selected::Exhausted,
    }
}

fn contents(nodes: &[usize], context: &Context<'_>) -> Selected {
    let mut contents = Vec::new();
    for &node in nodes.iter().take(MOST_NODES) {
        let content = context.dom.content(node);
        if context.spend(content.len()).is_err() {
            return Selected::Exhausted;
        }
        contents.push(content);
    }
    Selected::Nodes(contents)
}

/// The budget is spent.
#[derive(Debug)]
pub(super) struct Exhausted;

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// In the document's order.
    Nodes(Vec<usize>),
    Text(Vec<u8>),
    Number(f64),
    Bool(bool),
}

#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) dom: &'a Dom,
    namespaces: &'a [Namespace],
    pub(super) node: usize,
    /// From 1, among the nodes that a step has found.
    pub(super) position: usize,
    pub(super) size: usize,
    left: &'a Cell<usize>,
}

impl Context<'_> {
    pub(super) fn spend(&self, units: usize) -> Result<(), Exhausted> {
        let left = self.left.get().checked_sub(units + 1).ok_or(Exhausted)?;
        self.left.set(left);
        Ok(())
    }
}

impl Value {
    pub(super) fn into_bool(self) -> bool {
        match self {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => number != 0.0 && !number.is_nan(),
            Value::Bool(is) => is,
        }
    }

    pub(super) fn into_text(self, context: &Context<'_>) -> Vec<u8> {
        match self {
            Value::Nodes(nodes) => nodes.first().map(|node| context.dom.content(*node)).unwrap_or_default(),
            Value::Text(text) => text,
            Value::Number(number) if number.is_nan() => b"NaN".to_vec(),
            Value::Number(number) => number.to_string().into_bytes(),
            Value::Bool(is) => is.to_string().into_bytes(),
        }
    }

    pub(super) fn into_number(self, context: &Context<'_>) -> f64 {
        match self {
            Value::Number(number) => number,
            Value::Bool(is) => f64::from(u8::from(is)),
            other => to_number(&other.into_text(context)),
        }
    }
}

pub(super) fn evaluate(expression: &Expression, context: &Context<'_>) -> Result<Value, Exhausted> {
    context.spend(0)?;
    Ok(match expression {
        Expression::Path(path) => Value::Nodes(walk(path, context)?),
        Expression::Literal(text) => Value::Text(text.clone()),
        Expression::Number(number) => Value::Number(*number),
        Expression::Call(function, arguments) => function.call(arguments, context)?,
        Expression::Negate(inner) => Value::Number(-evaluate(inner, context)?.into_number(context)),
        Expression::Binary(operator, left, right) => binary(*operator, left, right, context)?,
    })
}

fn binary(
    operator: Operator,
    left: &Expression,
    right: &Expression,
    context: &Context<'_>,
) -> Result<Value, Exhausted> {
    let left = evaluate(left, context)?;
    match operator {
        Operator::Or if left.clone().into_bool() => return Ok(Value::Bool(true)),
        Operator::And if !left.clone().into_bool() => return Ok(Value::Bool(false)),
        _ => {}
    }
    let right = evaluate(right, context)?;
    let arithmetic = |of: fn(f64, f64) -> f64| {
        Value::Number(of(left.clone().into_number(context), right.clone().into_number(context)))
    };
    Ok(match operator {
        Operator::Or | Operator::And => Value::Bool(right.into_bool()),
        Operator::Add => arithmetic(|a, b| a + b),
        Operator::Subtract => arithmetic(|a, b| a - b),
        Operator::Multiply => arithmetic(|a, b| a * b),
        Operator::Divide => arithmetic(|a, b| a / b),
        Operator::Remainder => arithmetic(|a, b| a % b),
        Operator::Union => match (left, right) {
            (Value::Nodes(left), Value::Nodes(right)) => Value::Nodes(in_order([left, right].concat())),
            _ => Value::Nodes(Vec::new()),
        },
        _ => Value::Bool(compare(operator, left, right, context)?),
    })
}

/// Of sets of nodes one pair that compares so is enough.
fn compare(operator: Operator, left: Value, right: Value, context: &Context<'_>) -> Result<bool, Exhausted> {
    match (left, right) {
        (Value::Bool(left), right) => {
            Ok(holds(operator, Value::Bool(left), Value::Bool(right.into_bool()), context))
        }
        (left, Value::Bool(right)) => {
            Ok(holds(operator, Value::Bool(left.into_bool()), Value::Bool(right), context))
        }
        (Value::Nodes(nodes), right) => {
            for node in nodes {
                let content = context.dom.content(node);
                context.spend(content.len())?;
                if compare(operator, Value::Text(content), right.clone(), context)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (left, Value::Nodes(nodes)) => {
            for node in nodes {
                let content = context.dom.content(node);
                context.spend(content.len())?;
                if holds(operator, left.clone(), Value::Text(content), context) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (left, right) => Ok(holds(operator, left, right, context)),
    }
}

fn holds(operator: Operator, left: Value, right: Value, context: &Context<'_>) -> bool {
    let is_number = matches!(left, Value::Number(_)) || matches!(right, Value::Number(_));
    match operator {
        Operator::Equal | Operator::NotEqual => {
            let equal = match is_number {
                true => left.into_number(context) == right.into_number(context),
                false => left.into_text(context) == right.into_text(context),
            };
            equal == (operator == Operator::Equal)
        }
        _ => {
            let (left, right) = (left.into_number(context), right.into_number(context));
            match operator {
                Operator::Less => left < right,
                Operator::LessOrEqual => left <= right,
                Operator::Greater => left > right,
                _ => left >= right,
            }
        }
    }
}

fn walk(path: &Path, context: &Context<'_>) -> Result<Vec<usize>, Exhausted> {
    let mut nodes = match &path.start {
        Start::Root => vec![Dom::ROOT],
        Start::Here => vec![context.node],
        Start::Of(expression, predicates) => match evaluate(expression, context)? {
            Value::Nodes(nodes) => filtered(nodes, predicates, context)?,
            _ => Vec::new(),
        },
    };
    for step in &path.steps {
        let mut found = Vec::new();
        for node in nodes {
            found.extend(one_step(step, node, context)?);
        }
        nodes = in_order(found);
    }
    Ok(nodes)
}

fn in_order(mut nodes: Vec<usize>) -> Vec<usize> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn one_step(step: &Step, node: usize, context: &Context<'_>) -> Result<Vec<usize>, Exhausted> {
    let mut found = Vec::new();
    let mut take = |candidate: usize| {
        context.spend(0)?;
        if is_of(step, candidate, context) {
            found.push(candidate);
        }
        Ok::<_, Exhausted>(())
    };
    let dom = context.dom;
    match step.axis {
        Axis::Myself => take(node)?,
        Axis::Parent => dom.parent(node).into_iter().try_for_each(&mut take)?,
        Axis::Child => dom.children(node).iter().copied().try_for_each(&mut take)?,
        Axis::Attribute => dom.attributes(node).iter().copied().try_for_each(&mut take)?,
        Axis::Ancestor => dom.ancestors(node).skip(1).try_for_each(&mut take)?,
        Axis::AncestorOrSelf => dom.ancestors(node).try_for_each(&mut take)?,
        Axis::Descendant => dom.descendants(node).skip(1).try_for_each(&mut take)?,
        Axis::DescendantOrSelf => dom.descendants(node).try_for_each(&mut take)?,
        Axis::FollowingSibling => dom.siblings(node).1.iter().copied().try_for_each(&mut take)?,
        Axis::PrecedingSibling => dom.siblings(node).0.iter().rev().copied().try_for_each(&mut take)?,
        Axis::Following => dom.following(node).try_for_each(&mut take)?,
        Axis::Preceding => dom.preceding(node).try_for_each(&mut take)?,
    }
    filtered(found, &step.predicates, context)
}

/// The nodes for which all predicates hold; a predicate that is a number is a position.
fn filtered(
    mut nodes: Vec<usize>,
    predicates: &[Expression],
    context: &Context<'_>,
) -> Result<Vec<usize>, Exhausted> {
    for predicate in predicates {
        let size = nodes.len();
        let mut kept = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let inner = Context { node, position: index + 1, size, ..*context };
            let holds = match evaluate(predicate, &inner)? {
                Value::Number(number) => number == (index + 1) as f64,
                other => other.into_bool(),
            };
            if holds {
                kept.push(node);
            }
        }
        nodes = kept;
    }
    Ok(nodes)
}

fn is_of(step: &Step, node: usize, context: &Context<'_>) -> bool {
    match &step.test {
        NodeTest::Any => true,
        NodeTest::Text => context.dom.is_text(node),
        NodeTest::Nothing => false,
        NodeTest::Name { prefix, local } => {
            let wants_attribute = step.axis == Axis::Attribute;
            let Some(name) =
                context.dom.name(node).filter(|_| context.dom.is_attribute(node) == wants_attribute)
            else {
                return false;
            };
            let right_uri = match (prefix, local) {
                (None, None) => true,
                // A name without prefix is in no namespace (section 2.3).
                (None, Some(_)) => context.dom.uri(name).is_empty(),
                (Some(prefix), _) => {
                    let known = context.namespaces.iter().find(|namespace| namespace.prefix == **prefix);
                    known.is_some_and(|namespace| namespace.uri.as_bytes() == context.dom.uri(name))
                }
            };
            right_uri && local.as_ref().is_none_or(|local| local.as_bytes() == name.local)
        }
    }
}
