//! Renders a template: walks its tree with the variables that it sets.

use crate::cost;
use crate::error::{Position, RenderCause, RenderError};
use crate::functions::{Arguments, Call};
use crate::path;
use crate::print;
use crate::scope::Scope;
use crate::template::{Escaping, Template};
use crate::tree::{Block, Expr, ExprKind, Expression, Lazy, LoopField, Looped, Name, Node};
use crate::value::{DEPTH, Text, Value};
use portcullis_core::Fuel;
use std::rc::Rc;

/// Renders the whole template.
pub(crate) fn render(
    template: &Template,
    scope: &Scope<'_>,
    fuel: &Fuel,
    max_output: usize,
) -> Result<Vec<u8>, RenderError> {
    let mut renderer = Renderer {
        template,
        call: Call { scope, fuel },
        set: vec![None; template.variables.len()],
        looped: None,
        out: Vec::new(),
        max_output,
    };
    match renderer.block(&template.root) {
        Ok(()) => Ok(renderer.out),
        Err(Failure { at, cause }) => Err(RenderError { at: Position::of(&template.source, at), cause }),
    }
}

struct Renderer<'a> {
    template: &'a Template,
    call: Call<'a>,
    /// The values of variables that were set, by index.
    set: Vec<Option<Value>>,
    looped: Option<Box<Loop>>,
    out: Vec<u8>,
    max_output: usize,
}

/// A loop at work. It stays behind its end, as the outer loop of the next one: so the dialect has it.
#[derive(Debug, Clone)]
struct Loop {
    index: usize,
    is_first: bool,
    is_last: bool,
    parent: Option<Box<Loop>>,
    /// Whether it has run out, so that `parent` exists as null.
    over: bool,
}

/// A cause and the offset in the template.
struct Failure {
    at: usize,
    cause: RenderCause,
}

type Step<T> = Result<T, Failure>;

/// What an expression gives: a value, or the variable that does not exist.
enum Found<'e> {
    Value(Value),
    Missing(&'e Name, usize),
}

impl<'a> Renderer<'a> {
    fn block(&mut self, block: &'a Block) -> Step<()> {
        for node in block {
            self.node(node)?;
        }
        Ok(())
    }

    fn node(&mut self, node: &'a Node) -> Step<()> {
        self.charge(cost::STEP, 0)?;
        match node {
            Node::Text(text) => self.write(text.as_bytes(), 0),
            Node::Print(expression) => {
                let value = self.expression(expression)?;
                self.print(&value, expression.at)
            }
            Node::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.expression(condition)?.is_true() {
                        return self.block(body);
                    }
                }
                self.block(otherwise)
            }
            Node::ForList { variable, over, body } => match self.expression(over)? {
                Value::List(list) => {
                    self.each(list.len(), list.iter().map(|element| (None, element)), *variable, None, body)
                }
                _ => fail(over.at, RenderCause::NotIterable("a list")),
            },
            Node::ForObject { key, value, over, body } => match self.expression(over)? {
                Value::Object(object) => {
                    let members = object.iter().map(|(name, member)| (Some(name), member));
                    self.each(object.len(), members, *value, Some(*key), body)
                }
                _ => fail(over.at, RenderCause::NotIterable("an object")),
            },
            Node::Set { at, name, value } => {
                let value = self.expression(value)?;
                self.assign(name, value, *at)
            }
            Node::Block(body) => self.block(body),
            Node::Foreign { at, name } => fail(*at, RenderCause::NoTemplate(name.to_string())),
        }
    }

    fn each<'v>(
        &mut self,
        count: usize,
        members: impl Iterator<Item = (Option<&'v Text>, &'v Value)>,
        variable: usize,
        key: Option<usize>,
        body: &'a Block,
    ) -> Step<()> {
        let parent = self.looped.take();
        self.looped =
            Some(Box::new(Loop { index: 0, is_first: true, is_last: count <= 1, parent, over: false }));
        for (index, (name, member)) in members.enumerate() {
            self.charge(cost::STEP, 0)?;
            if let (Some(key), Some(name)) = (key, name) {
                self.put(key, Value::Text(Text::clone(name)));
            }
            self.put(variable, member.clone());
            if let Some(looped) = &mut self.looped {
                looped.index = index;
                looped.is_first = index == 0;
                looped.is_last = index + 1 == count;
            }
            self.block(body)?;
        }
        for variable in [Some(variable), key].into_iter().flatten() {
            let emptied = self.set.get(variable).and_then(Option::as_ref).map_or(Value::Null, Value::emptied);
            self.put(variable, emptied);
        }
        if let Some(mut done) = self.looped.take() {
            self.looped = match done.parent.take() {
                Some(parent) => Some(parent),
                None => Some(Box::new(Loop { over: true, ..*done })),
            };
        }
        Ok(())
    }

    fn put(&mut self, variable: usize, value: Value) {
        if let Some(slot) = self.set.get_mut(variable) {
            *slot = Some(value);
        }
    }

    fn assign(&mut self, name: &Name, value: Value, at: usize) -> Step<()> {
        if name.path.len() > 1
            && !shallower_than(&value, DEPTH - name.path.len().min(DEPTH), self.call.fuel, at)?
        {
            return fail(at, RenderCause::Depth);
        }
        let rest = name.path.get(1..).unwrap_or_default();
        let fuel = self.call.fuel;
        let Some(slot) = self.set.get_mut(name.variable) else { return Ok(()) };
        match place(slot.get_or_insert_default(), rest, fuel) {
            Some(place) => *place = value,
            None => return fail(at, RenderCause::NotSettable(name.text.to_string())),
        }
        self.charge(cost::STEP, at)
    }

    /// The value of an expression that must have one.
    fn expression(&mut self, expression: &'a Expression) -> Step<Value> {
        match &expression.root {
            Some(root) => self.value(root),
            None => fail(expression.at, RenderCause::Empty),
        }
    }

    fn value(&mut self, expr: &'a Expr) -> Step<Value> {
        match self.evaluate(expr)? {
            Found::Value(value) => Ok(value),
            Found::Missing(name, at) => fail(at, RenderCause::NotFound(name.text.to_string())),
        }
    }

    fn evaluate(&mut self, expr: &'a Expr) -> Step<Found<'a>> {
        self.charge(cost::STEP, expr.at)?;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Found::Value(value.clone())),
            ExprKind::Name(name) => {
                Ok(match self.name(name).map_err(|cause| Failure { at: expr.at, cause })? {
                    Some(value) => Found::Value(value),
                    None => Found::Missing(name, expr.at),
                })
            }
            ExprKind::Call { builtin, arguments } => {
                self.charge(cost::CALL, expr.at)?;
                let values =
                    arguments.iter().map(|argument| self.value(argument)).collect::<Step<Vec<Value>>>()?;
                let result = (builtin.run)(&self.call, Arguments(&values));
                result.map(Found::Value).map_err(|cause| Failure { at: expr.at, cause })
            }
            ExprKind::Lazy { lazy, arguments } => match arguments.as_slice() {
                [first, second] => self.lazy(*lazy, first, second, expr.at),
                _ => fail(expr.at, RenderCause::Empty),
            },
        }
    }

    fn lazy(&mut self, lazy: Lazy, first: &'a Expr, second: &'a Expr, at: usize) -> Step<Found<'a>> {
        let value = match lazy {
            Lazy::And => Value::Bool(self.value(first)?.is_true() && self.value(second)?.is_true()),
            Lazy::Or => Value::Bool(self.value(first)?.is_true() || self.value(second)?.is_true()),
            Lazy::Default => match self.evaluate(first)? {
                Found::Value(value) => value,
                Found::Missing(..) => self.value(second)?,
            },
            Lazy::Member => return self.member(first, second, at),
        };
        Ok(Found::Value(value))
    }

    /// `call().name`: a member of the call's value. The dialect takes the name for a variable first, and finds no
    /// member if there is one.
    fn member(&mut self, container: &'a Expr, name: &'a Expr, at: usize) -> Step<Found<'a>> {
        let container = self.evaluate(container)?;
        let Found::Missing(name, _) = self.evaluate(name)? else {
            return fail(at, RenderCause::NoElement);
        };
        match container {
            Found::Value(Value::Object(object)) => match object.get(name.text.as_bytes()) {
                Some(member) => Ok(Found::Value(member.clone())),
                None => fail(at, RenderCause::NoElement),
            },
            _ => fail(at, RenderCause::NoElement),
        }
    }

    /// What was set comes before the data, and that before a function of no arguments.
    fn name(&self, name: &Name) -> Result<Option<Value>, RenderCause> {
        if let Some(value) = name.looped.and_then(|looped| self.in_loop(looped)) {
            return Ok(Some(value));
        }
        let set = self.set.get(name.variable).and_then(Option::as_ref);
        let set = set.and_then(|value| path::find(value, name.path.get(1..).unwrap_or_default()));
        let data = || match self.call.scope.data {
            data @ Value::Object(_) => path::find(data, &name.path),
            _ => None,
        };
        match (set.or_else(data), name.function) {
            (Some(value), _) => Ok(Some(value.clone())),
            (None, Some(function)) => (function.run)(&self.call, Arguments(&[])).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn in_loop(&self, looped: Looped) -> Option<Value> {
        let mut found = match &self.looped {
            Some(found) => found,
            // In front of all loops `loop` itself is null.
            None => return (looped.parents == 0 && looped.field == LoopField::Whole).then_some(Value::Null),
        };
        for _ in 0..looped.parents {
            match &found.parent {
                Some(parent) => found = parent,
                None => return (found.over && looped.field == LoopField::Whole).then_some(Value::Null),
            }
        }
        Some(match looped.field {
            LoopField::Whole => found.value(),
            LoopField::Index => Value::from(found.index),
            LoopField::Index1 => Value::from(found.index + 1),
            LoopField::IsFirst => Value::Bool(found.is_first),
            LoopField::IsLast => Value::Bool(found.is_last),
            LoopField::Unknown => return None,
        })
    }

    fn print(&mut self, value: &Value, at: usize) -> Step<()> {
        let escaping = self.template.syntax.escaping;
        match (value, escaping) {
            (Value::Null, _) => Ok(()),
            (Value::Text(text), Escaping::None) => self.write(text, at),
            _ => {
                let mut out = Vec::new();
                match value {
                    Value::Text(text) => print::escaped(text, self.call.fuel, &mut out),
                    value => print::json(value, self.call.fuel, &mut out),
                }
                .map_err(|cause| Failure { at, cause })?;
                self.write(&out, at)
            }
        }
    }

    fn write(&mut self, text: &[u8], at: usize) -> Step<()> {
        self.charge(text.len() as u64, at)?;
        if self.out.len() + text.len() > self.max_output {
            return fail(at, RenderCause::Output(self.max_output));
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn charge(&self, units: u64, at: usize) -> Step<()> {
        self.call.fuel.charge(units).map_err(|fuel| Failure { at, cause: fuel.into() })
    }
}

impl Loop {
    /// As a value, for a template that prints it whole.
    fn value(&self) -> Value {
        let text = |name: &str| Text::from(name.as_bytes());
        let mut members = vec![
            (text("index"), Value::from(self.index)),
            (text("index1"), Value::from(self.index + 1)),
            (text("is_first"), Value::Bool(self.is_first)),
            (text("is_last"), Value::Bool(self.is_last)),
        ];
        match &self.parent {
            Some(parent) => members.push((text("parent"), parent.value())),
            None if self.over => members.push((text("parent"), Value::Null)),
            None => {}
        }
        Value::object(members)
    }
}

fn fail<T>(at: usize, cause: RenderCause) -> Step<T> {
    Err(Failure { at, cause })
}

/// The place that a path leads to, made where it does not exist: a list for a part that is a number, else an object.
/// `None` if something in between is neither, or if the list would grow too long.
fn place<'v>(mut value: &'v mut Value, path: &[Text], fuel: &Fuel) -> Option<&'v mut Value> {
    for part in path {
        if matches!(value, Value::Null) {
            *value = match path::index(part) {
                Some(_) => Value::list(Vec::new()),
                None => Value::object([]),
            };
        }
        value = match value {
            Value::Object(object) => {
                fuel.charge((object.len() as u64).saturating_mul(cost::STEP)).ok()?;
                Rc::make_mut(object).entry(Text::clone(part)).or_default()
            }
            Value::List(list) => {
                let index = path::index(part)?;
                let length = list.len().max(index.checked_add(1)?);
                fuel.charge((length as u64).saturating_mul(cost::STEP)).ok()?;
                let list = Rc::make_mut(list);
                list.resize(length.min(LONGEST), Value::Null);
                list.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some(value)
}

/// The longest list that `set` makes.
const LONGEST: usize = 100_000;

/// Whether a value nests less than so deep.
fn shallower_than(value: &Value, depth: usize, fuel: &Fuel, at: usize) -> Step<bool> {
    fuel.charge(cost::STEP).map_err(|fuel| Failure { at, cause: fuel.into() })?;
    let Some(depth) = depth.checked_sub(1) else { return Ok(false) };
    let inner: Vec<&Value> = match value {
        Value::List(list) => list.iter().collect(),
        Value::Object(object) => object.values().collect(),
        _ => return Ok(true),
    };
    for value in inner {
        if !shallower_than(value, depth, fuel, at)? {
            return Ok(false);
        }
    }
    Ok(true)
}
