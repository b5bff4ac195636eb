//! Short names for building the interpreter's values.

use regorus::Value;
use std::collections::BTreeMap;

/// A string.
pub(crate) fn text(text: &str) -> Value {
    Value::from(text)
}

/// An array.
pub(crate) fn array(items: impl IntoIterator<Item = Value>) -> Value {
    Value::from(items.into_iter().collect::<Vec<_>>())
}

/// An object with names as keys.
pub(crate) fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(name, value)| (text(name), value));
    Value::from(fields.collect::<BTreeMap<_, _>>())
}

/// Puts a field into an object under construction.
pub(crate) fn put(fields: &mut BTreeMap<Value, Value>, name: &str, value: Value) {
    fields.insert(text(name), value);
}
