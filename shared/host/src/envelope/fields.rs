//! Taking an object apart, field by field, with the path of each for the error.

use portcullis_core::ConfigError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// An object whose fields are taken out one by one; what is left at the end is unknown.
pub(super) struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    pub(super) fn new(path: &str, value: Value) -> Result<Fields, ConfigError> {
        match value {
            Value::Object(map) => Ok(Fields { path: path.to_owned(), map }),
            other => Err(ConfigError::new(path, format!("must be an object, not {}", kind(&other)))),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// The field as it stands; `null` counts as absent, as protobuf's JSON has it.
    pub(super) fn take_value(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ConfigError> {
        let path = self.path_of(name);
        self.take_value(name).map(|value| typed(value, &path)).transpose()
    }

    pub(super) fn take_with<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let path = self.path_of(name);
        self.take_value(name)
            .map(|value| read(&value).map_err(|message| ConfigError::new(path, message)))
            .transpose()
    }

    /// What has not been taken.
    pub(super) fn rest(self) -> Value {
        Value::Object(self.map)
    }

    /// Refuses what has not been taken. `hint` says where else such a field may belong.
    pub(super) fn finish(self, known: &[&str], hint: &str) -> Result<(), ConfigError> {
        let Some(name) = self.map.keys().next() else { return Ok(()) };
        let message = match (closest(name, known), hint) {
            (Some(close), _) => format!("unknown field, did you mean `{close}`?"),
            (None, "") => format!("unknown field, known are {}", list(known)),
            (None, hint) => format!("unknown field; {hint}"),
        };
        Err(ConfigError::new(self.path_of(name), message))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// A value as a type; the error's path goes down to the field that does not fit.
pub(super) fn typed<T: DeserializeOwned>(value: Value, path: &str) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let inner = if inner == "." { String::new() } else { inner };
        ConfigError::new(inner, error.inner()).under(path)
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The known name that a slip of the pen leads to, if one is near enough.
fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |other: &&str| distance(&name.to_ascii_lowercase(), &other.to_ascii_lowercase());
    let best = known.iter().min_by_key(|other| near(other))?;
    (near(best) <= best.len() / 4 + 1).then_some(*best)
}

/// Levenshtein's distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, &above) in b.bytes().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(x != y);
            left = changed.min(left + 1).min(above + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(
            [distance("abc", "abc"), distance("abc", "acb"), distance("", "ab"), distance("ab", "xaby")],
            [0, 2, 2, 2]
        );
        assert_eq!(closest("holdHeader", &["holdHeaders", "log"]), Some("holdHeaders"));
        assert_eq!(closest("rules", &["holdHeaders", "log"]), None);
    }
}
