//! Functions that ask what kind of value something is.

use super::{Arguments, Call};
use crate::error::RenderCause;
use crate::value::Value;

type Answer = Result<Value, RenderCause>;

pub(super) fn is_array(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(matches!(arguments.get(0), Value::List(_))))
}

pub(super) fn is_boolean(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(matches!(arguments.get(0), Value::Bool(_))))
}

pub(super) fn is_float(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(matches!(arguments.get(0), Value::Float(_))))
}

pub(super) fn is_integer(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.get(0).is_integer()))
}

pub(super) fn is_number(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(arguments.get(0).as_float().is_some()))
}

pub(super) fn is_object(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(matches!(arguments.get(0), Value::Object(_))))
}

pub(super) fn is_string(_: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    Ok(Value::Bool(matches!(arguments.get(0), Value::Text(_))))
}
