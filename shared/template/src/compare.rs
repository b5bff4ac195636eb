//! Order and equality of values, as the dialect defines them.

use crate::cost;
use crate::error::RenderCause;
use crate::value::Value;
use portcullis_core::Fuel;
use std::cmp::Ordering;

/// A total order: null, booleans, numbers, objects, lists, text; within a kind by content. Numbers compare by value
/// whatever their form.
pub(crate) fn order(left: &Value, right: &Value, fuel: &Fuel) -> Result<Ordering, RenderCause> {
    fuel.charge(cost::ELEMENT)?;
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => {
            fuel.charge(left.len().min(right.len()) as u64)?;
            Ok(left.cmp(right))
        }
        (Value::List(left), Value::List(right)) => {
            for (left, right) in left.iter().zip(right.iter()) {
                let order = order(left, right, fuel)?;
                if order.is_ne() {
                    return Ok(order);
                }
            }
            Ok(left.len().cmp(&right.len()))
        }
        (Value::Object(left), Value::Object(right)) => {
            for ((left_name, left), (right_name, right)) in left.iter().zip(right.iter()) {
                let order = left_name.cmp(right_name);
                let order = if order.is_eq() { self::order(left, right, fuel)? } else { order };
                if order.is_ne() {
                    return Ok(order);
                }
            }
            Ok(left.len().cmp(&right.len()))
        }
        _ => Ok(numbers(left, right).unwrap_or_else(|| rank(left).cmp(&rank(right)))),
    }
}

fn numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(left.as_float()?.total_cmp_zeros(right.as_float()?)),
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(i128::from(*number)),
        Value::Unsigned(number) => Some(i128::from(*number)),
        _ => None,
    }
}

trait TotalCmp {
    /// A total order in which both zeros are equal, so that sorting never meets an order that is none.
    fn total_cmp_zeros(self, other: Self) -> Ordering;
}

impl TotalCmp for f64 {
    fn total_cmp_zeros(self, other: f64) -> Ordering {
        self.partial_cmp(&other).unwrap_or_else(|| self.total_cmp(&other))
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => 2,
        Value::Object(_) => 3,
        Value::List(_) => 4,
        Value::Text(_) => 5,
    }
}
