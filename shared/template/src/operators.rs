//! Operators that take the values of all their operands: comparison and arithmetic.

use crate::compare;
use crate::error::RenderCause;
use crate::functions::{Arguments, Builtin, Call, complain};
use crate::value::Value;
use std::cmp::Ordering;

/// `==` and its like, by their signs.
pub(crate) static OPERATORS: [Builtin; 12] = [
    Builtin { name: "==", run: |call, operands| compared(call, operands, Ordering::is_eq) },
    Builtin { name: "!=", run: |call, operands| compared(call, operands, Ordering::is_ne) },
    Builtin { name: ">", run: |call, operands| compared(call, operands, Ordering::is_gt) },
    Builtin { name: ">=", run: |call, operands| compared(call, operands, Ordering::is_ge) },
    Builtin { name: "<", run: |call, operands| compared(call, operands, Ordering::is_lt) },
    Builtin { name: "<=", run: |call, operands| compared(call, operands, Ordering::is_le) },
    Builtin { name: "+", run: add },
    Builtin { name: "-", run: |_, operands| calculated(operands, "-", i64::wrapping_sub, |a, b| a - b) },
    Builtin { name: "*", run: |_, operands| calculated(operands, "*", i64::wrapping_mul, |a, b| a * b) },
    Builtin { name: "/", run: |_, operands| divide(operands) },
    Builtin { name: "%", run: |_, operands| remainder(operands) },
    Builtin { name: "^", run: |_, operands| power(operands) },
];

/// `in`: whether the second has an element (an object: a member's value) that equals the first.
pub(crate) static IN: Builtin = Builtin {
    name: "in",
    run: |call, operands| {
        let wanted = operands.get(0);
        for element in operands.get(1).elements() {
            if compare::order(element, wanted, call.fuel)?.is_eq() {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    },
};

/// `not`.
pub(crate) static NOT: Builtin =
    Builtin { name: "not", run: |_, operands| Ok(Value::Bool(!operands.get(0).is_true())) };

fn compared(
    call: &Call<'_>,
    operands: Arguments<'_>,
    holds: fn(Ordering) -> bool,
) -> Result<Value, RenderCause> {
    compare::order(operands.get(0), operands.get(1), call.fuel).map(|order| Value::Bool(holds(order)))
}

/// Joins texts; adds numbers.
fn add(call: &Call<'_>, operands: Arguments<'_>) -> Result<Value, RenderCause> {
    match (operands.get(0), operands.get(1)) {
        (Value::Text(left), Value::Text(right)) => {
            call.fuel.charge((left.len() + right.len()) as u64)?;
            Ok(Value::text([&**left, &**right].concat()))
        }
        _ => calculated(operands, "+", i64::wrapping_add, |a, b| a + b),
    }
}

/// Whole numbers give whole numbers, and wrap around; all others floats.
fn calculated(
    operands: Arguments<'_>,
    sign: &'static str,
    whole: fn(i64, i64) -> i64,
    float: fn(f64, f64) -> f64,
) -> Result<Value, RenderCause> {
    match (operands.get(0), operands.get(1)) {
        (Value::Integer(left), Value::Integer(right)) => Ok(Value::Integer(whole(*left, *right))),
        (left, right) if left.is_integer() && right.is_integer() => {
            Ok(Value::Integer(whole(bits(left), bits(right))))
        }
        _ => Ok(Value::Float(float(operands.float(sign, 0)?, operands.float(sign, 1)?))),
    }
}

fn bits(value: &Value) -> i64 {
    match value {
        Value::Unsigned(number) => number.cast_signed(),
        value => value.as_integer().unwrap_or(0),
    }
}

/// Always a float.
fn divide(operands: Arguments<'_>) -> Result<Value, RenderCause> {
    let (dividend, divisor) = (operands.float("/", 0)?, operands.float("/", 1)?);
    if divisor == 0.0 {
        return complain("/", "cannot divide by zero");
    }
    Ok(Value::Float(dividend / divisor))
}

fn remainder(operands: Arguments<'_>) -> Result<Value, RenderCause> {
    match (operands.integer("%", 0)?, operands.integer("%", 1)?) {
        (_, 0) => complain("%", "cannot divide by zero"),
        (dividend, divisor) => Ok(Value::Integer(dividend.wrapping_rem(divisor))),
    }
}

/// A whole number to a whole power that is not negative is whole, and saturates.
fn power(operands: Arguments<'_>) -> Result<Value, RenderCause> {
    let exponent = operands.integer("^", 1)?;
    let exponent_of_float = i32::try_from(exponent).unwrap_or(if exponent < 0 { i32::MIN } else { i32::MAX });
    let result = operands.float("^", 0)?.powi(exponent_of_float);
    if operands.get(0).is_integer() && exponent >= 0 {
        return Ok(Value::Integer(result as i64));
    }
    Ok(Value::Float(result))
}
