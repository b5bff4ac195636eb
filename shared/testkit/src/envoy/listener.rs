//! A listener with its filter chain.

use super::Wasm;
use serde_json::{Value, json};
use std::path::Path;

/// A listener on a free port of 127.0.0.1: one HTTP connection manager, its filters, one cluster.
#[derive(Debug, Clone)]
pub struct Listener {
    name: String,
    filters: Vec<ChainFilter>,
    cluster: String,
    buffer_limit: Option<u32>,
    manager: Value,
    routes: Option<Value>,
    access_log: Option<String>,
    port: u16,
}

#[derive(Debug, Clone)]
enum ChainFilter {
    Plain(Value),
    /// Name; its configuration comes from the file [`discovery_file`].
    Discovered(String),
}

impl Listener {
    /// A listener without filters, whose requests all go to this cluster. HTTP/1 (with trailers) and HTTP/2 by prior
    /// knowledge are both taken.
    pub fn new(name: &str, cluster: &str) -> Listener {
        Listener {
            name: name.to_owned(),
            filters: Vec::new(),
            cluster: cluster.to_owned(),
            buffer_limit: None,
            manager: json!({ "codec_type": "AUTO", "http_protocol_options": { "enable_trailers": true } }),
            routes: None,
            access_log: None,
            port: 0,
        }
    }

    /// One more Wasm filter, behind those that are there.
    pub fn wasm(self, wasm: &Wasm) -> Listener {
        self.filter(wasm.filter())
    }

    /// One more filter of any kind, behind those that are there; the router comes by itself.
    pub fn filter(mut self, filter: Value) -> Listener {
        self.filters.push(ChainFilter::Plain(filter));
        self
    }

    /// One more Wasm filter, whose configuration Envoy reads from the file [`discovery_file`] of its folder
    /// ([`Wasm::discovery_text`]); the bootstrap must give that file a first content.
    pub fn discovered_wasm(mut self, name: &str) -> Listener {
        self.filters.push(ChainFilter::Discovered(name.to_owned()));
        self
    }

    /// `per_connection_buffer_limit_bytes`; Envoy's default is 1 MiB.
    pub fn buffer_limit(mut self, bytes: u32) -> Listener {
        self.buffer_limit = Some(bytes);
        self
    }

    /// Sets any field of the HTTP connection manager.
    pub fn manager(mut self, field: &str, value: Value) -> Listener {
        self.manager[field] = value;
        self
    }

    /// Takes HTTP/1.0.
    pub fn http10(self) -> Listener {
        self.http1("accept_http_10", true.into())
    }

    /// Sets any field of the manager's `http_protocol_options`, which are those of HTTP/1.
    pub fn http1(mut self, field: &str, value: Value) -> Listener {
        self.manager["http_protocol_options"][field] = value;
        self
    }

    /// Lets WebSocket upgrades through.
    pub fn websocket(self) -> Listener {
        self.manager("upgrade_configs", json!([{ "upgrade_type": "websocket" }]))
    }

    /// The client's address comes from `x-forwarded-for`, with so many trusted proxies in front.
    pub fn behind_proxies(self, hops: u32) -> Listener {
        self.manager("use_remote_address", true.into()).manager("xff_num_trusted_hops", hops.into())
    }

    /// Paths are normalised and slashes merged before the filters see them.
    pub fn normal_paths(self) -> Listener {
        self.manager("normalize_path", true.into()).manager("merge_slashes", true.into())
    }

    /// The virtual host's routes, in place of one that takes all to the cluster.
    pub fn routes(mut self, routes: Value) -> Listener {
        self.routes = Some(routes);
        self
    }

    /// Writes an access log in this format, see [`super::Envoy::access_log`]. A line end is added.
    pub fn access_log(mut self, format: &str) -> Listener {
        self.access_log = Some(format!("{format}\n"));
        self
    }

    /// A fixed port in place of a free one.
    pub fn port(mut self, port: u16) -> Listener {
        self.port = port;
        self
    }

    /// The listener as Envoy's configuration, for the folder that it will run in.
    pub fn render(&self, folder: &Path) -> Value {
        let router = json!({ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        } });
        let mut filters: Vec<Value> = self.filters.iter().map(|filter| filter.render(folder)).collect();
        filters.push(router);
        let mut manager = self.manager.clone();
        let kind = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
        manager["@type"] = kind.into();
        manager["stat_prefix"] = self.name.clone().into();
        manager["http_filters"] = filters.into();
        manager["access_log"] = self.access_logs(folder);
        let routes = self.routes.clone();
        let routes = routes
            .unwrap_or_else(|| json!([{ "match": { "prefix": "/" }, "route": { "cluster": self.cluster } }]));
        manager["route_config"] = json!({ "name": self.name, "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] });
        let mut listener = json!({
            "name": self.name,
            "address": { "socket_address": { "address": "127.0.0.1", "port_value": self.port } },
            "filter_chains": [{ "filters": [
                { "name": "envoy.filters.network.http_connection_manager", "typed_config": manager }
            ] }],
        });
        if let Some(limit) = self.buffer_limit {
            listener["per_connection_buffer_limit_bytes"] = limit.into();
        }
        listener
    }

    fn access_logs(&self, folder: &Path) -> Value {
        let Some(format) = &self.access_log else { return json!([]) };
        json!([{ "name": "envoy.access_loggers.file", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": folder.join(format!("access-{}.log", self.name)),
            "log_format": { "text_format_source": { "inline_string": format } },
        } }])
    }
}

/// The file of an Envoy's folder that gives a discovered filter its configuration.
pub(super) fn discovery_file(name: &str) -> String {
    format!("ecds-{name}.json")
}

impl ChainFilter {
    fn render(&self, folder: &Path) -> Value {
        match self {
            ChainFilter::Plain(filter) => filter.clone(),
            ChainFilter::Discovered(name) => json!({ "name": name, "config_discovery": {
                "config_source": {
                    "path_config_source": { "path": folder.join(discovery_file(name)) },
                    "resource_api_version": "V3",
                },
                "type_urls": ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
            } }),
        }
    }
}
