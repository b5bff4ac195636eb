//! The wiring that is shipped, for Envoy and for Istio: what must agree in it agrees, and its settings load.

use anyhow::{Context, Result};
use portcullis_testkit::envoy::validate;
use portcullis_testkit::repo;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FILTERS: [&str; 4] = ["dlp", "waf", "authz", "transform"];
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
/// Phase and priority of each WasmPlugin: requests pass them in this order, responses in reverse.
const PLACES: [(&str, &str, i64); 4] =
    [("dlp", "AUTHN", 40), ("waf", "AUTHN", 30), ("authz", "AUTHZ", 10), ("transform", "STATS", 20)];

#[test]
fn what_must_agree_agrees() {
    for file in yaml_files("envoy-configs") {
        let name = file.display();
        let bootstrap = single(&file);
        assert_eq!(bootstrap["admin"]["address"]["socket_address"]["address"], "127.0.0.1", "{name}: admin");
        let listener = &bootstrap["static_resources"]["listeners"][0];
        let limit = &listener["per_connection_buffer_limit_bytes"];
        assert!(limit.is_u64(), "{name}: no buffer limit");
        let plugins = plugins_of(listener);
        assert!(!plugins.is_empty(), "{name}: no filter");
        for plugin in &plugins {
            check_held(plugin, &name.to_string());
            assert_eq!(plugin["configuration"]["value"]["hostBufferLimit"], *limit, "{name}");
        }
        distinct(plugins.iter().map(|plugin| &plugin["vm_config"]["vm_id"]), "vm_id");
        let tags = list(&bootstrap["stats_config"]["stats_tags"]);
        assert!(tags.iter().any(|tag| tag["tag_name"] == "reason"), "{name}: no stats_tags");
    }
}

#[test]
fn masking_comes_last_in_the_chain() {
    let chain = single(&repo::root().join("envoy-configs/chain.yaml"));
    let plugins = plugins_of(&chain["static_resources"]["listeners"][0]);
    let order: Vec<&str> = plugins.iter().filter_map(|plugin| plugin["name"].as_str()).collect();
    assert_eq!(order, FILTERS, "responses pass a chain in reverse");
}

#[test]
fn istio_documents_are_of_their_kind() {
    let mut seen = BTreeMap::new();
    for (file, document) in istio() {
        let text = |field: &str| document[field].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let right = match kind.as_str() {
            "WasmPlugin" => version == "extensions.istio.io/v1alpha1",
            "EnvoyFilter" => version == "networking.istio.io/v1alpha3",
            "VirtualService" => version == "networking.istio.io/v1",
            "Gateway" => version == "networking.istio.io/v1" || version == "gateway.networking.k8s.io/v1",
            "HTTPRoute" => version == "gateway.networking.k8s.io/v1",
            _ => false,
        };
        assert!(right, "{}: {version} {kind}", file.display());
        assert!(document["metadata"]["name"].is_string(), "{}: no name", file.display());
        assert!(document["spec"].is_object(), "{}: no spec", file.display());
        *seen.entry(kind).or_insert(0) += 1;
    }
    let expected =
        [("EnvoyFilter", 2), ("Gateway", 2), ("HTTPRoute", 1), ("VirtualService", 1), ("WasmPlugin", 4)];
    assert_eq!(seen, expected.map(|(kind, count)| (kind.to_owned(), count)).into());
}

#[test]
fn wasm_plugins_stand_in_their_places() {
    let limit = gateway_limit();
    let plugins = of_kind("WasmPlugin");
    for (name, phase, priority) in PLACES {
        let spec =
            plugins.iter().map(|plugin| &plugin["spec"]).find(|spec| spec["pluginName"] == name).expect(name);
        assert_eq!((&spec["phase"], &spec["priority"]), (&phase.into(), &priority.into()), "{name}");
        assert_eq!(spec["failStrategy"], "FAIL_RELOAD", "{name}");
        assert_eq!(spec["pluginConfig"]["holdHeaders"], false, "{name}: a WasmPlugin cannot hold headers");
        assert_eq!(spec["pluginConfig"]["hostBufferLimit"], limit, "{name}");
        assert!(spec["url"].as_str().unwrap().contains(&format!("/{name}:")), "{name}");
    }
    distinct(plugins.iter().map(|plugin| &plugin["spec"]["vmConfig"]), "vmConfig");
}

#[test]
fn the_envoy_filter_makes_the_same_chain_with_held_headers() {
    let limit = gateway_limit();
    let patches = chain_patches();
    let mut order: Vec<String> = Vec::new();
    for patch in patches.iter().filter(|patch| patch["applyTo"] == "HTTP_FILTER") {
        let name = patch["patch"]["value"]["name"].as_str().unwrap().to_owned();
        let router = &patch["match"]["listener"]["filterChain"]["filter"]["subFilter"]["name"];
        match patch["patch"]["operation"].as_str() {
            Some("INSERT_FIRST") => order.insert(0, name),
            Some("INSERT_BEFORE") if router == "envoy.filters.http.router" => order.push(name),
            other => panic!("{name}: {other:?}"),
        }
        let kinds = list(&patch["patch"]["value"]["config_discovery"]["type_urls"]);
        assert!(kinds.contains(&WASM.into()), "type_urls");
    }
    assert_eq!(order, FILTERS.map(|name| format!("portcullis-{name}")));
    let plugins = extensions();
    assert_eq!(plugins.len(), FILTERS.len());
    for (name, plugin) in &plugins {
        assert!(order.contains(name), "no filter takes `{name}`");
        check_held(plugin, name);
        assert_eq!(plugin["configuration"]["value"]["hostBufferLimit"], limit, "{name}");
    }
    distinct(plugins.values().map(|plugin| &plugin["vm_config"]["vm_id"]), "vm_id");
}

#[test]
fn envoy_takes_the_settings_of_istio() {
    let of_plugins: Vec<(String, Value)> = of_kind("WasmPlugin")
        .iter()
        .map(|plugin| {
            let spec = &plugin["spec"];
            (spec["pluginName"].as_str().unwrap().to_owned(), spec["pluginConfig"].clone())
        })
        .collect();
    let of_filter: Vec<(String, Value)> = extensions()
        .values()
        .map(|plugin| (plugin["name"].as_str().unwrap().to_owned(), plugin["configuration"]["value"].clone()))
        .collect();
    for (form, settings) in [("wasmplugin", of_plugins), ("envoyfilter", of_filter)] {
        assert_eq!(settings.len(), FILTERS.len());
        validate_settings(form, &settings).unwrap();
    }
}

#[test]
fn envoy_takes_the_examples() {
    let examples = FILTERS.map(|name| {
        let document = single(&repo::root().join(format!("filters/{name}/example.yaml")));
        let whole = &document["typed_config"]["config"]["configuration"]["value"];
        (name.to_owned(), if whole.is_null() { document.clone() } else { whole.clone() })
    });
    validate_settings("example", &examples).unwrap();
}

/// Has Envoy load the chain with these settings, as the JSON text that Istio makes of them.
fn validate_settings(form: &str, settings: &[(String, Value)]) -> Result<()> {
    let mut bootstrap = single(&repo::root().join("envoy-configs/chain.yaml"));
    let listener = &mut bootstrap["static_resources"]["listeners"][0];
    let filters = listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"].as_array_mut();
    for filter in filters.context("filters")? {
        let Some(plugin) = filter["typed_config"].get_mut("config") else { continue };
        if let Some((_, own)) = settings.iter().find(|(name, _)| plugin["name"] == name.as_str()) {
            plugin["configuration"] = json!({
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": own.to_string(),
            });
        }
    }
    let file = repo::target().join(format!("istio-{form}.{}.yaml", std::process::id()));
    std::fs::write(&file, bootstrap.to_string())?;
    let verdict = validate(&file, &repo::root());
    std::fs::remove_file(&file)?;
    verdict.with_context(|| format!("the settings of {form}"))
}

/// A plugin's module holds headers exactly where its settings say so, and is made anew after a trap.
fn check_held(plugin: &Value, name: &str) {
    let settings = &plugin["configuration"]["value"];
    assert_eq!(plugin["allow_on_headers_stop_iteration"], true, "{name}");
    assert_eq!(settings["holdHeaders"], true, "{name}");
    assert_eq!(plugin["failure_policy"], "FAIL_RELOAD", "{name}");
    assert_eq!(settings["version"], 1, "{name}");
}

fn distinct<'a>(values: impl Iterator<Item = &'a Value>, what: &str) {
    let all: Vec<String> = values.map(Value::to_string).collect();
    let different: BTreeSet<&String> = all.iter().collect();
    assert!(different.len() == all.len() && !all.iter().any(|value| value == "null"), "{what}: {all:?}");
}

fn plugins_of(listener: &Value) -> Vec<Value> {
    let filters = list(&listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]);
    let wasm = filters.into_iter().filter(|filter| filter["typed_config"]["@type"] == WASM);
    wasm.map(|filter| filter["typed_config"]["config"].clone()).collect()
}

fn gateway_limit() -> Value {
    let patches =
        of_kind("EnvoyFilter").into_iter().flat_map(|filter| list(&filter["spec"]["configPatches"]));
    let limits: Vec<Value> = patches.filter(|patch| patch["applyTo"] == "LISTENER").collect();
    assert_eq!(limits.len(), 1);
    let limit = limits[0]["patch"]["value"]["per_connection_buffer_limit_bytes"].clone();
    assert!(limit.is_u64(), "{limit}");
    limit
}

fn chain_patches() -> Vec<Value> {
    let filter = of_kind("EnvoyFilter").into_iter().find(|filter| filter["metadata"]["name"] == "portcullis");
    list(&filter.expect("the EnvoyFilter `portcullis`")["spec"]["configPatches"])
}

/// The plugins of the EnvoyFilter by the name that its filters know them by.
fn extensions() -> BTreeMap<String, Value> {
    let patches = chain_patches();
    let values = patches
        .iter()
        .filter(|patch| patch["applyTo"] == "EXTENSION_CONFIG")
        .map(|patch| &patch["patch"]["value"]);
    values
        .map(|value| (value["name"].as_str().unwrap().to_owned(), value["typed_config"]["config"].clone()))
        .collect()
}

fn of_kind(kind: &str) -> Vec<Value> {
    istio().into_iter().map(|(_, document)| document).filter(|document| document["kind"] == kind).collect()
}

fn istio() -> Vec<(PathBuf, Value)> {
    let files = yaml_files("envoy-configs/istio").into_iter();
    files
        .flat_map(|file| documents(&file).into_iter().map(move |document| (file.clone(), document)))
        .collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn single(file: &Path) -> Value {
    let mut all = documents(file);
    assert_eq!(all.len(), 1, "{}", file.display());
    all.remove(0)
}

fn documents(file: &Path) -> Vec<Value> {
    let text = read_text(file);
    let all = serde_yaml_ng::Deserializer::from_str(&text).map(Value::deserialize);
    all.map(|document| document.unwrap_or_else(|error| panic!("{}: {error}", file.display()))).collect()
}

fn read_text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repo::root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no YAML");
    files
}
