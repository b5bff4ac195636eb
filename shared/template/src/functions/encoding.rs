//! Base64, both alphabets. What cannot be decoded gives empty text, as Gloo's functions do.

use super::{Arguments, Call};
use crate::error::RenderCause;
use crate::value::Value;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

type Answer = Result<Value, RenderCause>;

/// With padding.
pub(super) fn base64_encode(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    encode(call, &STANDARD, "base64_encode", arguments)
}

/// Wants padding.
pub(super) fn base64_decode(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("base64_decode", 0)?;
    call.fuel.charge(text.len() as u64)?;
    Ok(Value::text(STANDARD.decode(text).unwrap_or_default()))
}

/// Without padding.
pub(super) fn base64url_encode(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    encode(call, &URL_SAFE_NO_PAD, "base64url_encode", arguments)
}

/// With or without padding.
pub(super) fn base64url_decode(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let text = arguments.text("base64url_decode", 0)?;
    call.fuel.charge(text.len() as u64)?;
    let decoded = URL_SAFE_NO_PAD.decode(text).or_else(|_| URL_SAFE.decode(text));
    Ok(Value::text(decoded.unwrap_or_default()))
}

fn encode(
    call: &Call<'_>,
    alphabet: &GeneralPurpose,
    name: &'static str,
    arguments: Arguments<'_>,
) -> Answer {
    let text = arguments.text(name, 0)?;
    call.fuel.charge(text.len() as u64)?;
    Ok(Value::text(alphabet.encode(text)))
}
