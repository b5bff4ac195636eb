//! A Wasm filter in a listener's chain.

use crate::repo;
use serde_json::{Value, json};
use std::path::PathBuf;

/// A Wasm filter: module, configuration, VM.
#[derive(Debug, Clone)]
pub struct Wasm {
    name: String,
    root: String,
    vm: String,
    module: PathBuf,
    configuration: String,
    extra: Value,
    environment: Value,
}

impl Wasm {
    /// `dist/<module>.wasm` with an empty configuration, in a VM of its own, named like the module.
    pub fn new(module: &str) -> Wasm {
        Wasm {
            name: module.to_owned(),
            root: module.to_owned(),
            vm: module.to_owned(),
            module: repo::module(module),
            configuration: String::new(),
            extra: json!({ "failure_policy": "FAIL_RELOAD" }),
            environment: json!({}),
        }
    }

    /// The plugin's name and root id; the VM's id stays. Two plugins of one VM need two names.
    pub fn named(mut self, name: &str) -> Wasm {
        self.name = name.to_owned();
        self.root = name.to_owned();
        self
    }

    /// The VM's id: plugins of the same module, id and environment share a VM.
    pub fn vm(mut self, id: &str) -> Wasm {
        self.vm = id.to_owned();
        self
    }

    /// The plugin's configuration as JSON.
    pub fn config(self, value: Value) -> Wasm {
        self.config_text(&value.to_string())
    }

    /// The plugin's configuration, whatever it is.
    pub fn config_text(mut self, text: &str) -> Wasm {
        self.configuration = text.to_owned();
        self
    }

    /// Sets `allow_on_headers_stop_iteration`.
    pub fn allow_stop(self) -> Wasm {
        self.set("allow_on_headers_stop_iteration", Value::Bool(true))
    }

    /// Sets any field of the `PluginConfig`.
    pub fn set(mut self, field: &str, value: Value) -> Wasm {
        self.extra[field] = value;
        self
    }

    /// Sets an environment variable of the VM.
    pub fn environment(mut self, name: &str, value: &str) -> Wasm {
        self.environment[name] = value.into();
        self
    }

    /// The name in the filter chain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The filter's `typed_config`.
    pub fn typed_config(&self) -> Value {
        let mut config = json!({
            "name": self.name,
            "root_id": self.root,
            "vm_config": {
                "vm_id": self.vm,
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": self.module } },
                "environment_variables": { "key_values": self.environment },
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": self.configuration,
            },
        });
        for (field, value) in self.extra.as_object().into_iter().flatten() {
            config[field] = value.clone();
        }
        json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm", "config": config })
    }

    /// The filter as it stands in a chain.
    pub fn filter(&self) -> Value {
        json!({ "name": self.name, "typed_config": self.typed_config() })
    }

    /// The response of ECDS that gives this filter its configuration.
    pub fn discovery_text(&self, version: usize) -> String {
        let resource = json!({
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": self.name,
            "typed_config": self.typed_config(),
        });
        json!({ "version_info": version.to_string(), "resources": [resource] }).to_string()
    }
}
