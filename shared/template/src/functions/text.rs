//! Functions on text: bytes, in which letters are those of ASCII.

use super::{Arguments, Call, complain};
use crate::cost;
use crate::error::RenderCause;
use crate::print;
use crate::value::Value;
use portcullis_core::Fuel;

type Answer = Result<Value, RenderCause>;

pub(super) fn lower(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("lower", 0)?;
    call.fuel.charge(text.len() as u64)?;
    Ok(Value::text(text.to_ascii_lowercase()))
}

pub(super) fn upper(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("upper", 0)?;
    call.fuel.charge(text.len() as u64)?;
    Ok(Value::text(text.to_ascii_uppercase()))
}

/// Bytes from a place on, perhaps only so many. A place outside, or one that is no whole number, gives nothing; a
/// length below 1, or past the end, means all that follows.
pub(super) fn substring(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("substring", 0)?;
    let whole = |index: usize| match arguments.get(index) {
        number if number.is_integer() => number.as_integer(),
        _ => None,
    };
    let length = if arguments.0.len() > 2 { whole(2) } else { Some(-1) };
    let (Some(start), Some(length)) = (whole(1).and_then(|start| usize::try_from(start).ok()), length) else {
        return Ok(Value::text(""));
    };
    let rest = text.get(start..).unwrap_or_default();
    let cut = usize::try_from(length).ok().filter(|&length| length > 0).and_then(|length| rest.get(..length));
    call.fuel.charge(rest.len() as u64)?;
    Ok(Value::text(cut.unwrap_or(rest)))
}

/// Without blanks at both ends.
pub(super) fn trim(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let mut text = &**arguments.text("trim", 0)?;
    call.fuel.charge(text.len() as u64)?;
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    Ok(Value::text(text))
}

/// Words in all text of a value, names of members too; a number or truth value counts as one.
pub(super) fn word_count(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    words(arguments.get(0), call.fuel).map(Value::from)
}

fn words(value: &Value, fuel: &Fuel) -> Result<usize, RenderCause> {
    fuel.charge(cost::ELEMENT)?;
    match value {
        Value::Null => Ok(0),
        Value::Text(text) => words_of_text(text, fuel),
        Value::List(list) => list.iter().try_fold(0, |sum, element| Ok(sum + words(element, fuel)?)),
        Value::Object(object) => object
            .iter()
            .try_fold(0, |sum, (name, member)| Ok(sum + words_of_text(name, fuel)? + words(member, fuel)?)),
        _ => Ok(1),
    }
}

fn words_of_text(text: &[u8], fuel: &Fuel) -> Result<usize, RenderCause> {
    fuel.charge(text.len() as u64)?;
    Ok(text.split(|&byte| is_blank(byte)).filter(|word| !word.is_empty()).count())
}

/// Text as it must stand between the quotes of a JSON string.
pub(super) fn raw_string(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let mut out = Vec::new();
    print::escaped(arguments.text("raw_string", 0)?, call.fuel, &mut out)?;
    Ok(Value::text(out))
}

/// The first text with every occurrence of the second replaced by the third.
pub(super) fn replace_with_string(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let name = "replace_with_string";
    let (text, pattern) = (arguments.text(name, 0)?, arguments.text(name, 1)?);
    replace(call, text, pattern, arguments.text(name, 2)?)
}

/// The first text with every occurrence of the second replaced by 22 random characters, the same ones each time.
pub(super) fn replace_with_random(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let name = "replace_with_random";
    let (text, pattern) = (arguments.text(name, 0)?, arguments.text(name, 1)?);
    let Some(random) = call.scope.random else {
        return complain(name, "has no source of randomness here");
    };
    replace(call, text, pattern, random.for_pattern(pattern).as_bytes())
}

fn replace(call: &Call<'_>, mut text: &[u8], pattern: &[u8], by: &[u8]) -> Answer {
    // The search is quadratic at worst.
    call.fuel.charge(text.len() as u64)?;
    let mut out = Vec::with_capacity(text.len());
    while !pattern.is_empty() {
        let Some(at) = text.windows(pattern.len()).position(|window| window == pattern) else { break };
        call.fuel.charge((at + by.len()) as u64)?;
        out.extend_from_slice(text.get(..at).unwrap_or_default());
        out.extend_from_slice(by);
        text = text.get(at + pattern.len()..).unwrap_or_default();
    }
    out.extend_from_slice(text);
    Ok(Value::text(out))
}

/// As C's `isspace` has it: ASCII's blanks and the vertical tab.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}
