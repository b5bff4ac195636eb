//! Which builtins a policy may call: the interpreter's own, those that stand in place of its faulty ones, and none else.

mod names;

use crate::meter;
use crate::object::array;
use crate::syntax::Call;
use regorus::{CompiledPolicy, Engine, Value};
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

/// Names and numbers of arguments of all that a policy may call.
pub fn known() -> impl Iterator<Item = (&'static str, usize)> {
    names::INTERPRETER.iter().copied().chain(OWN.iter().map(|own| (own.name, own.arity)))
}

/// Says why a policy may not call this, or nothing.
pub(crate) fn check(call: &Call) -> Result<(), String> {
    let name = call.name.as_str();
    if let Some((_, reason)) = names::REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(format!("the builtin `{name}` is refused: {reason}"));
    }
    let own = OWN.iter().find(|own| own.name == name);
    let arity = match own {
        Some(own) => Some(own.arity),
        None => names::INTERPRETER.iter().find(|(known, _)| *known == name).map(|(_, arity)| *arity),
    };
    match arity {
        None if name == "print" => Ok(()),
        None => Err(format!("no function `{name}`")),
        Some(arity) if call.arguments == arity => Ok(()),
        // The interpreter's own may put their result into one argument more.
        Some(arity) if own.is_none() && call.arguments == arity + 1 => Ok(()),
        Some(arity) => Err(format!("`{name}` takes {arity} arguments, not {}", call.arguments)),
    }
}

/// Gives the engine those of our own builtins that are called: it copies all that it has at each evaluation.
pub(crate) fn install(engine: &mut Engine, called: &BTreeSet<String>, clock: &Arc<Clock>) {
    for own in OWN.iter().filter(|own| called.contains(own.name)) {
        let added = engine.add_extension(
            own.name.to_owned(),
            u8::try_from(own.arity).unwrap_or(u8::MAX),
            match own.how {
                How::Function(function) => {
                    let clock = Arc::clone(clock);
                    Box::new(move |arguments: Vec<Value>| {
                        Ok(function(&arguments, &clock).unwrap_or(Value::Undefined))
                    })
                }
                How::Guarded(guard) => {
                    let original = original(own);
                    Box::new(move |arguments: Vec<Value>| {
                        Ok(original
                            .as_ref()
                            .filter(|_| guard(&arguments) && charge_all(&arguments))
                            .and_then(|original| original.eval_with_input(Value::from(arguments)).ok())
                            .unwrap_or(Value::Undefined))
                    })
                }
            },
        );
        debug_assert!(added.is_ok(), "each name is added once");
    }
}

/// The interpreter's own builtin as a policy of one rule: there is no other way to it from an extension of its name.
fn original(own: &Own) -> Option<CompiledPolicy> {
    let arguments = (0..own.arity).map(|index| format!("input[{index}]")).collect::<Vec<_>>().join(", ");
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(false);
    engine
        .add_policy(own.name.to_owned(), format!("package original\nresult := {}({arguments})\n", own.name))
        .ok()?;
    engine.compile_with_entrypoint(&"data.original.result".into()).ok()
}

/// A builtin that stands in front of the interpreter's own of the same name.
struct Own {
    name: &'static str,
    arity: usize,
    how: How,
}

enum How {
    /// In its place. Without an answer it gives `None`, which the policy sees as undefined.
    Function(fn(&[Value], &Clock) -> Option<Value>),
    /// Only arguments that it can stand reach it, others make the call undefined; and it costs fuel by their size.
    Guarded(fn(&[Value]) -> bool),
}

const OWN: &[Own] = &[
    Own { name: "time.now_ns", arity: 0, how: How::Function(now_ns) },
    Own { name: "numbers.range", arity: 2, how: How::Function(range) },
    Own { name: "numbers.range_step", arity: 3, how: How::Function(range_step) },
    Own { name: "strings.count", arity: 2, how: How::Function(count) },
    // It looks for the second array in pieces of the first as long as it, and panics where it is empty.
    Own { name: "object.subset", arity: 2, how: How::Function(subset) },
    // It panics on digits that are not ASCII, and allocates any width.
    Own { name: "sprintf", arity: 2, how: How::Guarded(plain_format) },
    // It cuts the layout between bytes, and panics within a character.
    Own { name: "time.parse_ns", arity: 2, how: How::Guarded(plain_layout) },
    // These write or read a whole document in one step.
    Own { name: "json.filter", arity: 2, how: How::Guarded(|_| true) },
    Own { name: "json.is_valid", arity: 1, how: How::Guarded(|_| true) },
    Own { name: "json.marshal", arity: 1, how: How::Guarded(|_| true) },
    Own { name: "json.marshal_with_options", arity: 2, how: How::Guarded(|_| true) },
    Own { name: "json.patch", arity: 2, how: How::Guarded(|_| true) },
    Own { name: "json.remove", arity: 2, how: How::Guarded(|_| true) },
    Own { name: "json.unmarshal", arity: 1, how: How::Guarded(|_| true) },
    Own { name: "object.union_n", arity: 1, how: How::Guarded(|_| true) },
    Own { name: "sort", arity: 1, how: How::Guarded(|_| true) },
];

/// Whether one step of a policy that calls these may be a builtin that looks at all of the input.
pub(crate) fn scan_the_input(called: &BTreeSet<String>) -> bool {
    called.iter().any(|name| names::SCANNING.iter().any(|prefix| name.starts_with(prefix)))
}

/// Fuel for each byte, and for each value, of the arguments of a guarded builtin.
const UNITS_A_BYTE: u64 = 8;

/// Takes fuel for all that is in the arguments; stops counting where there is none left.
fn charge_all(arguments: &[Value]) -> bool {
    arguments.iter().all(|argument| match argument {
        Value::String(text) => meter::charge(UNITS_A_BYTE.saturating_mul(text.len() as u64 + 1)),
        Value::Array(items) => {
            meter::charge(UNITS_A_BYTE) && items.iter().all(|item| charge_all(std::slice::from_ref(item)))
        }
        Value::Set(items) => {
            meter::charge(UNITS_A_BYTE) && items.iter().all(|item| charge_all(std::slice::from_ref(item)))
        }
        Value::Object(fields) => {
            meter::charge(UNITS_A_BYTE)
                && fields.iter().all(|(name, value)| {
                    charge_all(std::slice::from_ref(name)) && charge_all(std::slice::from_ref(value))
                })
        }
        _ => meter::charge(UNITS_A_BYTE),
    })
}

/// The most numbers of a range. OPA has no such limit; without one a request can ask for all the memory there is.
const MOST_NUMBERS: u64 = 100_000;

/// The widest field of `sprintf`.
const WIDEST: usize = 1_000;

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
    if count >= MOST_NUMBERS || !meter::charge(count.saturating_mul(32)) {
        return None;
    }
    let step = if to < from { -step } else { step };
    let count = i64::try_from(count).ok()?;
    Some(array((0..=count).map(|index| Value::from(from + index * step))))
}

/// Occurrences that do not overlap; an empty needle is found before each character and at the end, as Go counts.
fn count(arguments: &[Value], _: &Clock) -> Option<Value> {
    let [search, needle] = arguments else { return None };
    let (search, needle) = (search.as_string().ok()?, needle.as_string().ok()?);
    let count =
        if needle.is_empty() { search.chars().count() + 1 } else { search.matches(needle.as_ref()).count() };
    Some(Value::from(count))
}

fn plain_format(arguments: &[Value]) -> bool {
    let Some(Value::String(format)) = arguments.first() else { return false };
    format.split('%').skip(1).all(|verb| {
        let width: String = verb
            .chars()
            .map_while(|c| (c == '.' || c.is_numeric()).then_some(c))
            .skip_while(|c| *c == '.')
            .collect();
        width.is_empty() || (width.is_ascii() && width.parse::<usize>().is_ok_and(|width| width <= WIDEST))
    })
}

fn plain_layout(arguments: &[Value]) -> bool {
    matches!(arguments.first(), Some(Value::String(layout)) if layout.is_ascii())
}

/// Objects by member, sets and an array against a set by element, arrays by a run of elements.
fn subset(arguments: &[Value], _: &Clock) -> Option<Value> {
    let [whole, part] = arguments else { return None };
    is_subset(whole, part).map(Value::from)
}

/// `None` for types that OPA does not compare so. The depth is that of documents, which is limited.
fn is_subset(whole: &Value, part: &Value) -> Option<bool> {
    Some(match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part.iter().all(|(name, part)| {
            whole.get(name).is_some_and(|whole| is_subset(whole, part).unwrap_or(whole == part))
        }),
        (Value::Set(whole), Value::Set(part)) => part.iter().all(|item| whole.contains(item)),
        (Value::Array(whole), Value::Set(part)) => {
            part.iter().all(|item| whole.iter().any(|other| other == item))
        }
        (Value::Array(whole), Value::Array(part)) => {
            let (whole, part): (Vec<_>, Vec<_>) = (whole.iter().collect(), part.iter().collect());
            let pairs = (whole.len() as u64).saturating_mul(part.len() as u64);
            part.is_empty() || (meter::charge(pairs) && whole.windows(part.len()).any(|run| run == part))
        }
        _ => return None,
    })
}
