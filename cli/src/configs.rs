//! Finds the configurations of our filters in a file: a bare one, Envoy's configuration, or Istio's resources.

use crate::filter::Filter;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// One configuration of one filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// Whose it is.
    pub(crate) filter: Filter,
    /// The plugin's name in the file; `None` for a bare configuration.
    pub(crate) plugin: Option<String>,
    /// The configuration's JSON text.
    pub(crate) json: Vec<u8>,
}

/// All configurations in a file. A bare one needs `filter`; of others, `filter` keeps its own alone.
pub(crate) fn read(path: &Path, filter: Option<Filter>) -> Result<Vec<Found>> {
    let text = fs::read_to_string(path).context("cannot be read")?;
    find(&text, filter)
}

/// The one configuration in a file.
pub(crate) fn read_one(path: &Path, filter: Filter) -> Result<Found> {
    let mut found = read(path, Some(filter))?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => bail!("no configuration of {} in it", filter.name()),
        (Some(_), false) => bail!("more than one configuration of {} in it", filter.name()),
    }
}

fn find(text: &str, filter: Option<Filter>) -> Result<Vec<Found>> {
    let trimmed = text.trim_start();
    if trimmed.starts_with('{')
        && let Ok(value) = serde_json::from_str::<Value>(text)
        && is_bare(&value)
    {
        // The text itself, for reading it may round numbers and hide duplicate fields.
        return Ok(vec![bare(text.as_bytes().to_vec(), filter)?]);
    }
    let mut found = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        let value = Value::deserialize(document).context("is neither JSON nor YAML")?;
        if is_bare(&value) {
            found.push(bare(serde_json::to_vec(&value)?, filter)?);
        } else {
            search(&value, &mut found)?;
        }
    }
    found.retain(|one| filter.is_none_or(|filter| one.filter == filter));
    Ok(found)
}

/// A configuration of ours has `version` and `default` at its top; the WAF takes coraza-proxy-wasm's as well.
fn is_bare(value: &Value) -> bool {
    value.get("default").is_some()
        || value.get("directives_map").is_some()
        || (value.get("version").is_some() && value.get("kind").is_none())
}

fn bare(json: Vec<u8>, filter: Option<Filter>) -> Result<Found> {
    let filter = filter.context("say by `--filter` which filter this configuration is for")?;
    Ok(Found { filter, plugin: None, json })
}

fn search(value: &Value, found: &mut Vec<Found>) -> Result<()> {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if let Some(config) = value.get("config").filter(|_| is_wasm_filter(value)) {
            found.extend(of_envoy(config)?);
        } else if value.get("kind").and_then(Value::as_str) == Some("WasmPlugin") {
            found.extend(of_istio(value)?);
        }
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(fields) => open.extend(fields.values().rev()),
            _ => {}
        }
    }
    Ok(())
}

fn is_wasm_filter(value: &Value) -> bool {
    let kind = value.get("@type").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("envoy.extensions.filters.http.wasm.v3.Wasm")
}

/// The `config` of Envoy's filter `wasm`.
fn of_envoy(config: &Value) -> Result<Option<Found>> {
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str);
    let names = [
        text("/vm_config/code/local/filename"),
        text("/vm_config/code/remote/http_uri/uri"),
        text("/root_id"),
        text("/name"),
    ];
    let Some(filter) = names.iter().flatten().find_map(|name| Filter::named_in(name)) else {
        return Ok(None);
    };
    let plugin = text("/name").or(text("/root_id")).unwrap_or(filter.name()).to_owned();
    let json = match config.get("configuration") {
        None => b"{}".to_vec(),
        Some(configuration) => match configuration.get("value") {
            Some(Value::String(text)) => text.as_bytes().to_vec(),
            Some(value) => serde_json::to_vec(value)?,
            None => bail!("the configuration of `{plugin}` has no `value`"),
        },
    };
    Ok(Some(Found { filter, plugin: Some(plugin), json }))
}

/// Istio's WasmPlugin.
fn of_istio(resource: &Value) -> Result<Option<Found>> {
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str);
    let names = [text("/spec/url"), text("/spec/pluginName"), text("/metadata/name")];
    let Some(filter) = names.iter().flatten().find_map(|name| Filter::named_in(name)) else {
        return Ok(None);
    };
    let plugin = text("/metadata/name").unwrap_or(filter.name()).to_owned();
    let json = match resource.pointer("/spec/pluginConfig") {
        Some(config) => serde_json::to_vec(config)?,
        None => b"{}".to_vec(),
    };
    Ok(Some(Found { filter, plugin: Some(plugin), json }))
}
