//! `parsed_body` and `truncated_body`, by the rules of opa-envoy-plugin.

use crate::json;
use crate::object::{array, object, text};
use crate::url;
use portcullis_core::Headers;
use regorus::Value;

/// A body as far as it was held.
#[derive(Debug, Clone, Copy)]
pub struct HeldBody<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether there were more.
    pub truncated: bool,
}

/// What a body means.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// `parsed_body`: null where the body is empty, cut or of a type that is not parsed.
    pub value: Value,
    /// `truncated_body`.
    pub truncated: bool,
}

/// A body that is not what its type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// Not JSON, or too deep.
    #[error("the JSON body cannot be parsed")]
    Json,
    /// Not urlencoded.
    #[error("the urlencoded body cannot be parsed")]
    Form,
    /// `content-length` is not a number.
    #[error("the content-length cannot be parsed")]
    Length,
}

impl Default for Parsed {
    fn default() -> Parsed {
        Parsed { value: Value::Null, truncated: false }
    }
}

impl HeldBody<'_> {
    /// Reads the body by `content-type`, which is searched for the type's name as the plugin does.
    pub fn parse(self, headers: &Headers) -> Result<Parsed, BadBody> {
        let cut = Parsed { value: Value::Null, truncated: true };
        // The plugin says so only of types that it parses; but a policy asks whether there is more than it can see.
        if self.truncated {
            return Ok(cut);
        }
        let types = headers.get_all("content-type").collect::<Vec<_>>().join(&b","[..]);
        let is = |name: &str| types.windows(name.len()).any(|window| window == name.as_bytes());
        let parse: fn(&[u8]) -> Result<Value, BadBody> = if is("application/json") {
            json
        } else if is("application/x-www-form-urlencoded") && !is("application/grpc") {
            form
        } else {
            return Ok(Parsed::default());
        };
        if self.bytes.is_empty() {
            return Ok(Parsed::default());
        }
        if declared_length(headers)?.is_some_and(|length| length > self.bytes.len() as u64) {
            return Ok(cut);
        }
        Ok(Parsed { value: parse(self.bytes)?, truncated: false })
    }
}

fn declared_length(headers: &Headers) -> Result<Option<u64>, BadBody> {
    let Some(length) = headers.get("content-length") else { return Ok(None) };
    let length = std::str::from_utf8(length).map_err(|_| BadBody::Length)?;
    length.parse().map(Some).map_err(|_| BadBody::Length)
}

fn json(bytes: &[u8]) -> Result<Value, BadBody> {
    json::value(bytes).ok_or(BadBody::Json)
}

fn form(bytes: &[u8]) -> Result<Value, BadBody> {
    let form = url::form(bytes).map_err(|_| BadBody::Form)?;
    Ok(object(
        form.iter().map(|(name, values)| (name.as_str(), array(values.iter().map(|value| text(value))))),
    ))
}
