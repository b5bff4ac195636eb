//! Runs a query.

use super::pattern::Pattern;
use super::tree::{Comparable, Comparison, Logical, Path, Reach, Scope, Segment, Selector, Start};
use crate::compare;
use crate::cost;
use crate::error::RenderCause;
use crate::value::Value;
use portcullis_core::Fuel;
use std::cmp::Ordering;

type Nodes<'v> = Vec<&'v Value>;

/// All that a path selects.
pub(super) fn select<'v>(path: &Path, root: &'v Value, fuel: &Fuel) -> Result<Nodes<'v>, RenderCause> {
    Run { root, fuel }.path(path, root)
}

/// A regex that comes from the data is compiled each time it is used.
const COMPILING: u64 = 50_000;

struct Run<'v, 'f> {
    root: &'v Value,
    fuel: &'f Fuel,
}

impl<'v> Run<'v, '_> {
    fn path(&self, path: &Path, current: &'v Value) -> Result<Nodes<'v>, RenderCause> {
        let mut nodes = vec![match path.start {
            Start::Root => self.root,
            Start::Current => current,
        }];
        for segment in &path.segments {
            nodes = self.segment(segment, nodes)?;
        }
        Ok(nodes)
    }

    fn segment(&self, segment: &Segment, nodes: Nodes<'v>) -> Result<Nodes<'v>, RenderCause> {
        let mut out = Vec::new();
        for node in nodes {
            match segment.reach {
                Reach::Children => self.selectors(&segment.selectors, node, &mut out)?,
                Reach::Descendants => self.descend(&segment.selectors, node, &mut out)?,
            }
        }
        Ok(out)
    }

    /// As deep as values nest.
    fn descend(
        &self,
        selectors: &[Selector],
        node: &'v Value,
        out: &mut Nodes<'v>,
    ) -> Result<(), RenderCause> {
        self.selectors(selectors, node, out)?;
        match node {
            Value::List(list) => list.iter().try_for_each(|element| self.descend(selectors, element, out)),
            Value::Object(object) => {
                object.values().try_for_each(|member| self.descend(selectors, member, out))
            }
            _ => Ok(()),
        }
    }

    fn selectors(
        &self,
        selectors: &[Selector],
        node: &'v Value,
        out: &mut Nodes<'v>,
    ) -> Result<(), RenderCause> {
        let before = out.len();
        for selector in selectors {
            self.fuel.charge(cost::ELEMENT)?;
            self.selector(selector, node, out)?;
        }
        Ok(self.fuel.charge(((out.len() - before) as u64).saturating_mul(cost::ELEMENT))?)
    }

    fn selector(&self, selector: &Selector, node: &'v Value, out: &mut Nodes<'v>) -> Result<(), RenderCause> {
        match (selector, node) {
            (Selector::Name(name), Value::Object(object)) => out.extend(object.get(name)),
            (Selector::Index(index), Value::List(list)) => {
                let index = if *index < 0 { list.len() as i64 + index } else { *index };
                out.extend(usize::try_from(index).ok().and_then(|index| list.get(index)));
            }
            (Selector::Slice { start, end, step }, Value::List(list)) => {
                slice(list, *start, *end, *step, out)
            }
            (Selector::Wildcard, Value::List(_) | Value::Object(_)) => out.extend(node.elements()),
            (Selector::Filter(filter), Value::List(_) | Value::Object(_)) => {
                for element in node.elements() {
                    if self.holds(filter, element)? {
                        out.push(element);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn holds(&self, logical: &Logical, current: &'v Value) -> Result<bool, RenderCause> {
        self.fuel.charge(cost::STEP)?;
        match logical {
            Logical::Or(terms) => self.any(terms, current, true),
            Logical::And(terms) => self.any(terms, current, false),
            Logical::Not(term) => Ok(!self.holds(term, current)?),
            Logical::Exists(path) => Ok(!self.path(path, current)?.is_empty()),
            Logical::Compare(left, comparison, right) => {
                let (left, right) = (self.value(left, current)?, self.value(right, current)?);
                self.compare(left.as_ref(), *comparison, right.as_ref())
            }
            Logical::Matches { text, pattern, compiled, scope } => {
                let text = self.value(text, current)?;
                let Some(Value::Text(text)) = text else { return Ok(false) };
                self.fuel.charge(text.len() as u64)?;
                match compiled {
                    Some(compiled) => Ok(compiled.matches(&text)),
                    None => self.matches(&text, pattern, *scope, current),
                }
            }
        }
    }

    /// Whether one of the terms is as wanted; else, and only then, the opposite.
    fn any(&self, terms: &[Logical], current: &'v Value, wanted: bool) -> Result<bool, RenderCause> {
        for term in terms {
            if self.holds(term, current)? == wanted {
                return Ok(wanted);
            }
        }
        Ok(!wanted)
    }

    fn matches(
        &self,
        text: &[u8],
        pattern: &Comparable,
        scope: Scope,
        current: &'v Value,
    ) -> Result<bool, RenderCause> {
        let Some(Value::Text(pattern)) = self.value(pattern, current)? else { return Ok(false) };
        self.fuel.charge(COMPILING)?;
        Ok(Pattern::new(&pattern, scope).matches(text))
    }

    fn value(&self, comparable: &Comparable, current: &'v Value) -> Result<Option<Value>, RenderCause> {
        Ok(match comparable {
            Comparable::Literal(value) => Some(value.clone()),
            Comparable::Path(path) => self.path(path, current)?.first().map(|value| (*value).clone()),
            Comparable::Count(path) => Some(Value::from(self.path(path, current)?.len())),
            Comparable::Value(path) => match self.path(path, current)?.as_slice() {
                [value] => Some((*value).clone()),
                _ => None,
            },
            Comparable::Length(inner) => match self.value(inner, current)? {
                Some(Value::Text(text)) => {
                    self.fuel.charge(text.len() as u64)?;
                    Some(Value::from(String::from_utf8_lossy(&text).chars().count()))
                }
                Some(value @ (Value::List(_) | Value::Object(_))) => Some(Value::from(value.length())),
                _ => None,
            },
        })
    }

    /// Nothing equals nothing; only numbers and texts have an order.
    fn compare(
        &self,
        left: Option<&Value>,
        by: Comparison,
        right: Option<&Value>,
    ) -> Result<bool, RenderCause> {
        let order = match (left, right) {
            (Some(left), Some(right)) => compare::order(left, right, self.fuel)?,
            (None, None) => Ordering::Equal,
            _ => return Ok(by == Comparison::NotEqual),
        };
        let ordered = match (left, right) {
            (Some(Value::Text(_)), Some(Value::Text(_))) => true,
            (Some(left), Some(right)) => left.as_float().is_some() && right.as_float().is_some(),
            _ => false,
        };
        Ok(match by {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => ordered && order.is_lt(),
            Comparison::Greater => ordered && order.is_gt(),
            Comparison::LessOrEqual => order.is_eq() || (ordered && order.is_lt()),
            Comparison::GreaterOrEqual => order.is_eq() || (ordered && order.is_gt()),
        })
    }
}

/// RFC 9535 section 2.3.4.2.2.
fn slice<'v>(list: &'v [Value], start: Option<i64>, end: Option<i64>, step: i64, out: &mut Nodes<'v>) {
    let length = list.len() as i64;
    let normal = |bound: i64| if bound >= 0 { bound } else { length + bound };
    let mut push = |index: i64| out.extend(usize::try_from(index).ok().and_then(|index| list.get(index)));
    if step > 0 {
        let lower = normal(start.unwrap_or(0)).clamp(0, length);
        let upper = normal(end.unwrap_or(length)).clamp(0, length);
        let mut index = lower;
        while index < upper {
            push(index);
            index = index.saturating_add(step);
        }
    } else if step < 0 {
        let upper = start.map_or(length - 1, normal).clamp(-1, length - 1);
        let lower = end.map_or(-1, |end| normal(end).clamp(-1, length - 1));
        let mut index = upper;
        while index > lower {
            push(index);
            index = index.saturating_add(step);
        }
    }
}
