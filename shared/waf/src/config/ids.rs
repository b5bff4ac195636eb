//! A rule id, or a range of them, as YAML and JSON may have it.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// A number, or a text like `942100` or `942100-942199`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleIds(String);

impl RuleIds {
    /// An id, or two with `-` between.
    pub fn new(text: impl Into<String>) -> RuleIds {
        RuleIds(text.into())
    }

    /// As it stands in SecLang.
    pub fn text(&self) -> &str {
        self.0.trim()
    }
}

impl<'de> Deserialize<'de> for RuleIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleIds, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = RuleIds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule id, or a range as text")
    }

    fn visit_u64<E>(self, id: u64) -> Result<RuleIds, E> {
        Ok(RuleIds(id.to_string()))
    }

    fn visit_i64<E: Error>(self, id: i64) -> Result<RuleIds, E> {
        u64::try_from(id)
            .map(|id| RuleIds(id.to_string()))
            .map_err(|_| E::custom(format!("`{id}` is no rule id")))
    }

    /// A protobuf Struct knows no other numbers.
    fn visit_f64<E: Error>(self, id: f64) -> Result<RuleIds, E> {
        match id.fract() == 0.0 && (0.0..9e15).contains(&id) {
            true => Ok(RuleIds((id as u64).to_string())),
            false => Err(E::custom(format!("`{id}` is no rule id"))),
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<RuleIds, E> {
        Ok(RuleIds(text.to_owned()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RuleIds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleIds".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A rule id, or a range of ids as text: `942100-942199`.",
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": "^\\s*[0-9]+\\s*(-\\s*[0-9]+\\s*)?$"
        })
    }
}
