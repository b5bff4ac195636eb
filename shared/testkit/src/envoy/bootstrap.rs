//! The description that an Envoy is started from.

use super::listener::discovery_file;
use super::{Cluster, Envoy, Listener, Wasm, process};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// The file of an Envoy's folder that names its dynamic listeners.
const LISTENERS_FILE: &str = "lds.json";

/// A bootstrap under construction.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    label: String,
    listeners: Vec<Listener>,
    dynamic: Option<Vec<Listener>>,
    clusters: Vec<Cluster>,
    files: Vec<(String, String)>,
    arguments: Vec<String>,
    extra: Value,
    patience: Duration,
}

impl Bootstrap {
    /// Without listeners; one worker. The label names the folder of the logs.
    pub fn new(label: &str) -> Bootstrap {
        Bootstrap {
            label: label.to_owned(),
            listeners: Vec::new(),
            dynamic: None,
            clusters: Vec::new(),
            files: Vec::new(),
            arguments: ["--concurrency", "1", "-l", "warning", "--file-flush-interval-msec", "50"]
                .map(str::to_owned)
                .to_vec(),
            extra: json!({}),
            patience: Duration::from_secs(120),
        }
    }

    /// One more static listener.
    pub fn listener(mut self, listener: Listener) -> Bootstrap {
        self.listeners.push(listener);
        self
    }

    /// One more listener that comes from a file and can be replaced: [`Envoy::replace_listeners`].
    pub fn dynamic_listener(mut self, listener: Listener) -> Bootstrap {
        self.dynamic.get_or_insert_default().push(listener);
        self
    }

    /// One more cluster.
    pub fn cluster(mut self, cluster: Cluster) -> Bootstrap {
        self.clusters.push(cluster);
        self
    }

    /// The first configuration of a [`Listener::discovered_wasm`].
    pub fn discovery(self, wasm: &Wasm) -> Bootstrap {
        let name = discovery_file(wasm.name());
        let text = wasm.discovery_text(0);
        self.file(&name, &text)
    }

    /// A file in the folder, there before the start.
    pub fn file(mut self, name: &str, text: &str) -> Bootstrap {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// So many workers.
    pub fn concurrency(self, workers: u32) -> Bootstrap {
        self.argument("--concurrency", &workers.to_string())
    }

    /// The log's level, and levels of components such as `wasm:debug`. The default is `warning`.
    pub fn log_level(self, level: &str, components: &str) -> Bootstrap {
        let own = self.argument("-l", level);
        if components.is_empty() { own } else { own.argument("--component-log-level", components) }
    }

    /// An argument with its value; it replaces one of the same name.
    pub fn argument(mut self, name: &str, value: &str) -> Bootstrap {
        if let Some(at) = self.arguments.iter().position(|argument| argument == name) {
            self.arguments.drain(at..at + 2);
        }
        self.arguments.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// Sets any field of the bootstrap, such as `stats_config`.
    pub fn set(mut self, field: &str, value: Value) -> Bootstrap {
        self.extra[field] = value;
        self
    }

    /// How long the start may take; 120 s by default.
    pub fn patience(mut self, patience: Duration) -> Bootstrap {
        self.patience = patience;
        self
    }

    /// Starts Envoy and waits until it is ready.
    ///
    /// # Errors
    /// With the end of its log, if it does not become so.
    pub fn start(&self) -> Result<Envoy> {
        let folder = process::Folder::make(&self.label)?;
        for (name, text) in &self.files {
            std::fs::write(folder.0.join(name), text)?;
        }
        if let Some(dynamic) = &self.dynamic {
            std::fs::write(folder.0.join(LISTENERS_FILE), listeners_text(dynamic, &folder.0, 0))?;
        }
        let text = serde_json::to_string_pretty(&self.render(&folder.0)).context("render the bootstrap")?;
        Envoy::launch(folder, &text, &self.arguments, self.patience)
    }

    fn render(&self, folder: &Path) -> Value {
        let listeners: Vec<Value> = self.listeners.iter().map(|listener| listener.render(folder)).collect();
        let clusters: Vec<Value> = self.clusters.iter().map(Cluster::render).collect();
        let mut bootstrap = json!({
            "node": { "id": "test", "cluster": "test" },
            "admin": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } } },
            "static_resources": { "listeners": listeners, "clusters": clusters },
        });
        if self.dynamic.is_some() {
            let source = json!({ "path_config_source": { "path": folder.join(LISTENERS_FILE) }, "resource_api_version": "V3" });
            bootstrap["dynamic_resources"] = json!({ "lds_config": source });
        }
        for (field, value) in self.extra.as_object().into_iter().flatten() {
            bootstrap[field] = value.clone();
        }
        bootstrap
    }
}

impl Envoy {
    /// Replaces the dynamic listeners; Envoy takes them up soon after.
    pub fn replace_listeners(&self, listeners: &[Listener], version: usize) -> Result<()> {
        self.replace_file(LISTENERS_FILE, &listeners_text(listeners, self.folder(), version))
    }

    /// Replaces the configuration of a [`Listener::discovered_wasm`]; Envoy takes it up soon after.
    pub fn replace_discovered(&self, wasm: &Wasm, version: usize) -> Result<()> {
        self.replace_file(&discovery_file(wasm.name()), &wasm.discovery_text(version))
    }
}

fn listeners_text(listeners: &[Listener], folder: &Path, version: usize) -> String {
    let resources: Vec<Value> = listeners
        .iter()
        .map(|listener| {
            let mut resource = listener.render(folder);
            resource["@type"] = "type.googleapis.com/envoy.config.listener.v3.Listener".into();
            resource
        })
        .collect();
    json!({ "version_info": version.to_string(), "resources": resources }).to_string()
}
