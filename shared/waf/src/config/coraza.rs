//! The configuration of coraza-proxy-wasm as one of ours, so that its users change the module and nothing else.

use portcullis_core::ConfigError;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The fields at its top.
pub(crate) const KEYS: &[&str] =
    &["directives_map", "default_directives", "per_authority_directives", "metric_labels"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CorazaConfig {
    /// Sets of directives by name; the lines of a set make one text.
    directives_map: Option<BTreeMap<String, Vec<String>>>,
    /// The set for all authorities that have none of their own. Without it nothing is inspected for them.
    default_directives: Option<String>,
    /// The name of a set for each authority.
    per_authority_directives: Option<BTreeMap<String, String>>,
    metric_labels: Option<BTreeMap<String, String>>,
}

/// The envelope that means the same: a route for each set that authorities have, `default` for the default set.
///
/// Coraza lets headers go before it has seen the body, so `lateOk` is set; and its metrics are counted too.
pub(crate) fn translate(text: &str) -> Result<String, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let config: CorazaConfig = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        ConfigError::new(if path == "." { String::new() } else { path }, message)
    })?;
    let routes = config.routes()?;
    let default = match &config.default_directives {
        Some(name) => config.settings(name, "default_directives")?,
        None => json!({ "mode": "disabled", "rules": ["SecRuleEngine Off"] }),
    };
    let mut envelope = Map::new();
    envelope.insert("version".to_owned(), json!(1));
    if !routes.is_empty() {
        envelope.insert("routes".to_owned(), Value::Array(routes));
    }
    envelope.insert("default".to_owned(), default);
    Ok(Value::Object(envelope).to_string())
}

impl CorazaConfig {
    fn routes(&self) -> Result<Vec<Value>, ConfigError> {
        let mut routes = Vec::new();
        for (name, hosts) in self.hosts_by_set()? {
            let path = format!("per_authority_directives.{}", hosts.first().map_or("", String::as_str));
            let mut route = self.settings(name, &path)?;
            if let Some(fields) = route.as_object_mut() {
                fields.insert("match".to_owned(), json!({ "hosts": hosts }));
            }
            routes.push(route);
        }
        Ok(routes)
    }

    /// Hosts by the name of their set. A host is the same on all ports.
    fn hosts_by_set(&self) -> Result<BTreeMap<&str, Vec<String>>, ConfigError> {
        let mut sets: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for (authority, set) in self.per_authority_directives.iter().flatten() {
            let host = without_port(authority).to_ascii_lowercase();
            match known.insert(host.clone(), set) {
                Some(other) if other != set => {
                    let path = format!("per_authority_directives.{authority}");
                    let message =
                        format!("`{host}` has the set `{other}` already; ports make no difference here");
                    return Err(ConfigError::new(path, message));
                }
                Some(_) => {}
                None => sets.entry(set).or_default().push(host),
            }
        }
        Ok(sets)
    }

    fn settings(&self, name: &str, path: &str) -> Result<Value, ConfigError> {
        let set = self.directives_map.as_ref().and_then(|sets| sets.get(name));
        let lines = set
            .ok_or_else(|| ConfigError::new(path, format!("there is no set `{name}` in `directives_map`")))?;
        // An empty set is one that inspects nothing.
        let text = if lines.is_empty() { "SecRuleEngine Off".to_owned() } else { lines.join("\n") };
        let labels = self.metric_labels.clone().unwrap_or_default();
        Ok(json!({ "rules": [text], "lateOk": true, "metrics": { "coraza": true, "labels": labels } }))
    }
}

/// `host:port` or `[v6]:port` without the port.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !is_bare_v6(host) => host,
        _ => authority,
    }
}

/// Whether what stands in front of a colon is part of an address that has no brackets.
fn is_bare_v6(host: &str) -> bool {
    host.contains(':') && !host.ends_with(']')
}
