//! Which builtins a policy may call: the interpreter's own, those that stand in place of its faulty ones, and none else.

mod names;

use crate::syntax::Call;
use regorus::{Engine, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time of the evaluation under way, in nanoseconds since the epoch. Atomic only because the interpreter wants its
/// extensions so.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    /// Sets it for the next evaluation.
    pub(crate) fn set(&self, time: Duration) {
        self.0.store(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn nanoseconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Says why a policy may not call this, or nothing.
pub(crate) fn check(call: &Call) -> Result<(), String> {
    let name = call.name.as_str();
    if let Some((_, reason)) = names::REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(format!("the builtin `{name}` is refused: {reason}"));
    }
    if let Some((_, arity, _)) = OWN.iter().find(|(own, ..)| *own == name) {
        if call.arguments != usize::from(*arity) {
            return Err(format!("`{name}` takes {arity} arguments, not {}", call.arguments));
        }
        return Ok(());
    }
    if names::INTERPRETER.contains(&name) { Ok(()) } else { Err(format!("no function `{name}`")) }
}

/// Gives the engine those of our own builtins that are called: it copies all that it has at each evaluation.
pub(crate) fn install(engine: &mut Engine, called: &BTreeSet<String>, clock: &Arc<Clock>) {
    for (name, arity, function) in OWN.iter().filter(|(name, ..)| called.contains(*name)) {
        let clock = Arc::clone(clock);
        let function = *function;
        let added = engine.add_extension(
            (*name).to_owned(),
            *arity,
            Box::new(move |arguments: Vec<Value>| {
                Ok(function(&arguments, &clock).unwrap_or(Value::Undefined))
            }),
        );
        debug_assert!(added.is_ok(), "each name is added once");
    }
}

/// A builtin that has no answer gives `None`, which the policy sees as undefined.
type Builtin = fn(&[Value], &Clock) -> Option<Value>;

/// Name, number of arguments, function. The interpreter looks here before it looks among its own.
const OWN: &[(&str, u8, Builtin)] = &[
    ("time.now_ns", 0, now_ns),
    ("numbers.range", 2, range),
    ("numbers.range_step", 3, range_step),
    ("strings.count", 2, count),
];

/// The most numbers of a range. OPA has no such limit; without one a request can ask for all the memory there is.
const MOST_NUMBERS: i64 = 100_000;

fn now_ns(_: &[Value], clock: &Clock) -> Option<Value> {
    Some(Value::from(clock.nanoseconds()))
}

fn range(arguments: &[Value], _: &Clock) -> Option<Value> {
    let [from, to] = arguments else { return None };
    numbers(from.as_i64().ok()?, to.as_i64().ok()?, 1)
}

fn range_step(arguments: &[Value], _: &Clock) -> Option<Value> {
    let [from, to, step] = arguments else { return None };
    numbers(from.as_i64().ok()?, to.as_i64().ok()?, step.as_i64().ok().filter(|step| *step > 0)?)
}

/// `from` to `to`, both included, up or down.
fn numbers(from: i64, to: i64, step: i64) -> Option<Value> {
    let count = to.abs_diff(from) / step.unsigned_abs();
    if count >= MOST_NUMBERS.unsigned_abs() || !crate::meter::charge(count.saturating_mul(32)) {
        return None;
    }
    let step = if to < from { -step } else { step };
    let count = i64::try_from(count).ok()?;
    Some(crate::object::array((0..=count).map(|index| Value::from(from + index * step))))
}

/// Occurrences that do not overlap; an empty needle is found before each character and at the end, as Go counts.
fn count(arguments: &[Value], _: &Clock) -> Option<Value> {
    let [search, needle] = arguments else { return None };
    let (search, needle) = (search.as_string().ok()?, needle.as_string().ok()?);
    let count =
        if needle.is_empty() { search.chars().count() + 1 } else { search.matches(needle.as_ref()).count() };
    Some(Value::from(count))
}
