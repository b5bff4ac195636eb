//! Functions on numbers.

use super::{Arguments, Call, complain};
use crate::error::RenderCause;
use crate::value::Value;

type Answer = Result<Value, RenderCause>;

/// The number that a text begins with, behind blanks; must fit in 32 bits.
pub(super) fn int(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("int", 0)?.trim_ascii_start();
    let (sign, digits) = split_sign(text);
    let digits = leading(digits, |byte| byte.is_ascii_digit());
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok());
    match number.map(|number| number * sign).and_then(|number| i32::try_from(number).ok()) {
        Some(number) => Ok(Value::Integer(number.into())),
        None => complain("int", "takes text that begins with a whole number of 32 bits"),
    }
}

/// The number that a text begins with, behind blanks.
pub(super) fn float(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("float", 0)?.trim_ascii_start();
    let numeral =
        leading(text, |byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    let numeral = std::str::from_utf8(numeral).unwrap_or_default();
    // The longest beginning that is a number; a number has few bytes that are looked at twice.
    let number =
        (1..=numeral.len().min(64)).rev().find_map(|length| numeral.get(..length)?.parse::<f64>().ok());
    match number.filter(|number| number.is_finite()) {
        Some(number) => Ok(Value::Float(number)),
        None => complain("float", "takes text that begins with a number"),
    }
}

/// To so many digits behind the point; to none gives a whole number.
pub(super) fn round(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let digits = arguments.integer("round", 1)?;
    let scale = 10f64.powi(digits.clamp(-400, 400) as i32);
    let number = (arguments.float("round", 0)? * scale).round() / scale;
    Ok(if digits == 0 { Value::Integer(number as i64) } else { Value::Float(number) })
}

pub(super) fn divisible_by(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let (number, divisor) = (arguments.integer("divisibleBy", 0)?, arguments.integer("divisibleBy", 1)?);
    Ok(Value::Bool(number.checked_rem(divisor).is_some_and(|rest| rest == 0) || divisor == -1))
}

pub(super) fn even(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.integer("even", 0)? % 2 == 0))
}

pub(super) fn odd(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.integer("odd", 0)? % 2 != 0))
}

fn split_sign(text: &[u8]) -> (i64, &[u8]) {
    match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    }
}

fn leading(text: &[u8], belongs: impl Fn(u8) -> bool) -> &[u8] {
    let length = text.iter().position(|&byte| !belongs(byte)).unwrap_or(text.len());
    text.get(..length).unwrap_or_default()
}
