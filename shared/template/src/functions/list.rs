//! Functions on lists and objects.

use super::{Arguments, Call, complain};
use crate::compare;
use crate::cost;
use crate::error::RenderCause;
use crate::print;
use crate::value::Value;
use std::cmp::Ordering;

type Answer = Result<Value, RenderCause>;

/// The element with this index, or the member with this name.
pub(super) fn at(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let found = match arguments.get(0) {
        Value::Object(object) => object.get(&**arguments.text("at", 1)?),
        Value::List(list) => {
            let index = match arguments.get(1) {
                Value::Bool(truth) => i64::from(*truth),
                _ => arguments.integer("at", 1)?,
            };
            usize::try_from(index).ok().and_then(|index| list.get(index))
        }
        _ => return complain("at", "takes a list or an object"),
    };
    found.cloned().map_or_else(|| complain("at", "finds no such element"), Ok)
}

/// Whether an object has a member of this name.
pub(super) fn exists_in(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let name = arguments.text("existsIn", 1)?;
    Ok(Value::Bool(match arguments.get(0) {
        Value::Object(object) => object.contains_key(name),
        _ => false,
    }))
}

pub(super) fn first(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    match arguments.get(0) {
        Value::List(list) => list.first().cloned(),
        Value::Object(object) => object.values().next().cloned(),
        Value::Null => None,
        scalar => Some(scalar.clone()),
    }
    .map_or_else(|| complain("first", "takes a list that is not empty"), Ok)
}

pub(super) fn last(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    match arguments.get(0) {
        Value::List(list) => list.last().cloned(),
        Value::Object(object) => object.values().next_back().cloned(),
        Value::Null => None,
        scalar => Some(scalar.clone()),
    }
    .map_or_else(|| complain("last", "takes a list that is not empty"), Ok)
}

pub(super) fn length(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::from(arguments.get(0).length()))
}

/// The first of the greatest.
pub(super) fn max(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    extreme(call, arguments, "max", Ordering::Greater)
}

/// The first of the least.
pub(super) fn min(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    extreme(call, arguments, "min", Ordering::Less)
}

fn extreme(call: &Call<'_>, arguments: Arguments<'_>, name: &'static str, wanted: Ordering) -> Answer {
    let mut best: Option<&Value> = None;
    for element in arguments.get(0).elements() {
        best = match best {
            Some(best) if compare::order(element, best, call.fuel)? != wanted => Some(best),
            _ => Some(element),
        };
    }
    best.cloned().map_or_else(|| complain(name, "takes a list that is not empty"), Ok)
}

/// The numbers from 0 up to, without, this one.
pub(super) fn range(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let Ok(count) = u64::try_from(arguments.integer("range", 0)?) else {
        return complain("range", "takes a number that is not negative");
    };
    // Paid before it is built: a list of 10^9 numbers must never stand in memory.
    call.fuel.charge(count.saturating_mul(cost::ELEMENT))?;
    if count > MOST_NUMBERS {
        return complain("range", "takes a number of at most a million");
    }
    Ok(Value::list((0..count).map(Value::from).collect()))
}

/// Bounds memory where somebody has configured very much fuel.
const MOST_NUMBERS: u64 = 1_000_000;

pub(super) fn sort(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let Value::List(list) = arguments.get(0) else {
        return complain("sort", "takes a list");
    };
    call.fuel.charge((list.len() as u64).saturating_mul(cost::ELEMENT))?;
    let mut sorted = list.to_vec();
    let mut failure = Ok(());
    sorted.sort_by(|left, right| {
        compare::order(left, right, call.fuel).unwrap_or_else(|cause| {
            failure = Err(cause);
            Ordering::Equal
        })
    });
    failure.map(|()| Value::list(sorted))
}

/// The elements with a text between them: text as it is, all else as JSON.
pub(super) fn join(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let separator = arguments.text("join", 1)?;
    let mut out = Vec::new();
    for (index, element) in arguments.get(0).elements().into_iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        call.fuel.charge(cost::ELEMENT + separator.len() as u64)?;
        match element {
            Value::Text(text) => {
                call.fuel.charge(text.len() as u64)?;
                out.extend_from_slice(text);
            }
            element => print::json(element, call.fuel, &mut out)?,
        }
    }
    Ok(Value::text(out))
}
