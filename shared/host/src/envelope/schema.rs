//! The JSON Schema of a filter's configuration: the envelope around the filter's settings.

use super::KEYS;
use portcullis_core::Plugin;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of the configuration of filter `P`.
pub fn schema<P: Plugin>() -> Value
where
    P::Config: JsonSchema,
{
    let mut settings = schemars::schema_for!(P::Config).to_value();
    let definitions = take(&mut settings, "$defs").unwrap_or_else(|| json!({}));
    for key in ["$schema", "title"] {
        take(&mut settings, key);
    }
    let mut properties = envelope();
    properties.insert("routes".into(), json!({"type": "array", "items": route(&settings)}));
    properties.insert("default".into(), with_properties(&settings, overrides()));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("portcullis {}", P::NAME),
        "type": "object",
        "required": ["version", "default"],
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions,
    })
}

fn take(value: &mut Value, key: &str) -> Option<Value> {
    value.as_object_mut()?.remove(key)
}

fn route(settings: &Value) -> Value {
    let mut properties = overrides();
    properties.insert("match".into(), matcher());
    let mut route = with_properties(settings, properties);
    if let Some(object) = route.as_object_mut() {
        let required = object.entry("required").or_insert_with(|| json!([]));
        if let Some(list) = required.as_array_mut() {
            list.push(json!("match"));
        }
    }
    route
}

/// The settings' schema with the host's keys among its properties.
fn with_properties(settings: &Value, properties: Map<String, Value>) -> Value {
    let mut schema = settings.clone();
    if let Some(object) = schema.as_object_mut() {
        object.insert("type".into(), json!("object"));
        object.insert("additionalProperties".into(), json!(false));
        let known = object.entry("properties").or_insert_with(|| json!({}));
        if let Some(known) = known.as_object_mut() {
            known.extend(properties);
        }
    }
    schema
}

/// What a route and `default` may set besides the filter's settings.
fn overrides() -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("mode".into(), mode());
    properties.insert("onError".into(), json!({"enum": ["deny", "allow"]}));
    properties
}

fn mode() -> Value {
    json!({"enum": ["enforce", "shadow", "disabled", true, false]})
}

fn envelope() -> Map<String, Value> {
    let bytes = |description: &str, least: u64| json!({"type": "integer", "minimum": least, "description": description});
    let all = json!({
        "version": {"const": 1},
        "onError": {"enum": ["deny", "allow"], "default": "deny", "description": "what a handled error does"},
        "onConfigError": {"const": "reject"},
        "holdHeaders": {"type": "boolean", "default": false,
            "description": "hold headers until the body has been seen; needs allow_on_headers_stop_iteration on the filter"},
        "hostBufferLimit": bytes("the listener's per_connection_buffer_limit_bytes, or the route's request_body_buffer_limit", 1024),
        "limits": {"type": "object", "additionalProperties": false, "properties": {
            "fuel": bytes("units of work for one stream", 1),
            "heldBytes": bytes("bytes that one VM holds for all its streams", 1),
            "maxBody": bytes("bytes of a body that are held for one stream", 1),
        }},
        "log": {"type": "object", "additionalProperties": false, "properties": {
            "level": {"enum": ["trace", "debug", "info", "warn", "error"], "default": "info"}}},
        "mode": mode(),
        "files": {"type": "object", "additionalProperties": {"type": "string"}},
        "trustedHeaders": {"type": "array", "items": {"type": "string"}},
    });
    let known = |name: &String| KEYS.contains(&name.as_str());
    let Value::Object(all) = all else { return Map::new() };
    all.into_iter().filter(|(name, _)| known(name)).collect()
}

fn matcher() -> Value {
    let text = json!({"type": "string"});
    let one_of = |fields: &[&str]| -> Value {
        fields.iter().map(|field| json!({"required": [field]})).collect::<Vec<_>>().into()
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
            "hosts": {"type": "array", "items": text, "minItems": 1},
            "paths": {"type": "array", "minItems": 1, "items": {
                "type": "object", "additionalProperties": false, "oneOf": one_of(&["exact", "prefix", "regex"]),
                "properties": {"exact": {"type": "string", "pattern": "^/"}, "prefix": {"type": "string", "pattern": "^/"}, "regex": text},
            }},
            "methods": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z-]+$"}, "minItems": 1},
            "headers": {"type": "array", "minItems": 1, "items": {
                "type": "object", "additionalProperties": false, "required": ["name"],
                "oneOf": one_of(&["exact", "prefix", "regex", "present"]),
                "properties": {"name": text, "exact": text, "prefix": text, "regex": text, "present": {"const": true}},
            }},
            "routeName": text,
            "routeMetadata": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": text}},
        },
    })
}
