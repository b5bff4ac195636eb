//! Where a listener's requests go.

use serde_json::{Value, json};

/// A cluster with one endpoint on 127.0.0.1.
#[derive(Debug, Clone)]
pub struct Cluster {
    name: String,
    port: u16,
    protocol: Value,
    extra: Value,
}

impl Cluster {
    /// HTTP/1, with trailers.
    pub fn h1(name: &str, port: u16) -> Cluster {
        Cluster::new(name, port, json!({ "http_protocol_options": { "enable_trailers": true } }))
    }

    /// HTTP/2 without TLS.
    pub fn h2(name: &str, port: u16) -> Cluster {
        Cluster::new(name, port, json!({ "http2_protocol_options": {} }))
    }

    fn new(name: &str, port: u16, protocol: Value) -> Cluster {
        Cluster { name: name.to_owned(), port, protocol, extra: json!({}) }
    }

    /// Sets any field of the cluster.
    pub fn set(mut self, field: &str, value: Value) -> Cluster {
        self.extra[field] = value;
        self
    }

    pub(super) fn render(&self) -> Value {
        let endpoint = json!({ "endpoint": { "address": {
            "socket_address": { "address": "127.0.0.1", "port_value": self.port }
        } } });
        let mut cluster = json!({
            "name": self.name,
            "type": "STATIC",
            "connect_timeout": "2s",
            "load_assignment": { "cluster_name": self.name, "endpoints": [{ "lb_endpoints": [endpoint] }] },
            "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": self.protocol,
            } },
        });
        for (field, value) in self.extra.as_object().into_iter().flatten() {
            cluster[field] = value.clone();
        }
        cluster
    }
}
