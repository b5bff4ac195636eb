//! The proxies that are measured: Envoy with a chain of filters, and the peers.

mod nginx;

pub use nginx::{Nginx, crs_version, version as nginx_version};

use crate::processes::Tree;
use anyhow::{Context, Result, bail};
use portcullis_testkit::envoy::{Bootstrap, Cluster, Envoy, Listener, Wasm};
use portcullis_testkit::repo;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A proxy before its start.
#[derive(Debug, Clone)]
pub enum Proxy {
    /// Envoy without any filter.
    Bare,
    /// Envoy with one of our filters: its module, its settings.
    Filter(&'static str, &'static str),
    /// Envoy with its own Lua filter and this code.
    Lua(&'static str),
    /// nginx.
    Nginx(Nginx),
}

/// A proxy that runs; dropped, it ends.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub port: u16,
    /// Its processes.
    pub tree: Tree,
    /// From its start until it was ready.
    pub start_wall: Duration,
    /// CPU time that it took until then.
    pub start_cpu: Duration,
    /// Of our filters: bytes of the module.
    pub module_size: Option<u64>,
    _process: Process,
}

#[derive(Debug)]
enum Process {
    Envoy { _envoy: Envoy },
    Nginx { _nginx: nginx::Process },
}

impl Proxy {
    /// Starts it in front of this upstream.
    ///
    /// # Errors
    /// In one line, what is missing; or what it said at its end.
    pub fn start(&self, upstream: u16) -> Result<Running> {
        let begin = Instant::now();
        let (process, root, port) = match self {
            Proxy::Nginx(nginx) => {
                let process = nginx.start(upstream)?;
                let (root, port) = (process.pid(), process.port());
                (Process::Nginx { _nginx: process }, root, port)
            }
            envoy => {
                let envoy = envoy.start_envoy(upstream)?;
                let (root, port) = (envoy.pid(), envoy.address("bench")?.port());
                (Process::Envoy { _envoy: envoy }, root, port)
            }
        };
        let start_wall = begin.elapsed();
        let tree = Tree::of(root);
        tree.owns(port)?;
        let start_cpu = tree.cpu()?;
        Ok(Running { port, tree, start_wall, start_cpu, module_size: self.module_size(), _process: process })
    }

    fn start_envoy(&self, upstream: u16) -> Result<Envoy> {
        let listener = Listener::new("bench", "upstream");
        let listener = match self {
            Proxy::Filter(module, settings) => listener.wasm(&wasm(module, settings)?),
            Proxy::Lua(code) => listener.filter(lua(code)),
            Proxy::Bare | Proxy::Nginx(_) => listener,
        };
        Bootstrap::new("bench").listener(listener).cluster(Cluster::h1("upstream", upstream)).start()
    }

    fn module_size(&self) -> Option<u64> {
        let Proxy::Filter(module, _) = self else { return None };
        Some(std::fs::metadata(repo::module(module)).ok()?.len())
    }
}

/// One of our filters, with the listener's field that held headers need.
fn wasm(module: &str, settings: &str) -> Result<Wasm> {
    let file = repo::module(module);
    if !file.is_file() {
        bail!("no {}: run make build", file.strip_prefix(repo::root()).unwrap_or(&file).display());
    }
    let settings: Value = serde_json::from_str(settings).context("settings of a row")?;
    let wasm = Wasm::new(module).config(settings.clone());
    Ok(if settings["holdHeaders"] == true { wasm.allow_stop() } else { wasm })
}

fn lua(code: &str) -> Value {
    json!({ "name": "lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": code },
    } })
}
