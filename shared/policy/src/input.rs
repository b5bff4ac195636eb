//! The input document, as opa-envoy-plugin builds it from Envoy's ext_authz request (protocol v3, protojson).
//!
//! Only the parts that the policy refers to are built. Field names, the decoding of path and query and the reading of
//! the body follow the plugin's `envoyauth/request.go`; header values follow Envoy's `CheckRequestUtils`.

use crate::body::{BadBody, HeldBody};
use crate::object::{array, object, put, text};
use crate::parts::Parts;
use crate::text::{lossy, rfc3339};
use crate::url::{BadPath, Target};
use portcullis_core::{Exchange, Property};
use regorus::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The request cannot be made an input document: 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadInput {
    /// The path.
    #[error(transparent)]
    Path(#[from] BadPath),
    /// The body.
    #[error(transparent)]
    Body(#[from] BadBody),
}

/// The host's properties that the document may hold, in the order of [`PROPERTIES`].
#[derive(Debug, Clone, Copy)]
enum Known {
    Protocol,
    SourcePrincipal,
    DestinationPrincipal,
    ServerName,
}

/// Where each property stands in the document, and where the host has it.
const PROPERTIES: [(Known, &[&str], &[&str]); 4] = [
    (Known::Protocol, &["attributes", "request", "http", "protocol"], &["request", "protocol"]),
    (
        Known::SourcePrincipal,
        &["attributes", "source", "principal"],
        &["connection", "uri_san_peer_certificate"],
    ),
    (
        Known::DestinationPrincipal,
        &["attributes", "destination", "principal"],
        &["connection", "uri_san_local_certificate"],
    ),
    (Known::ServerName, &["attributes", "tlsSession", "sni"], &["connection", "requested_server_name"]),
];

const HTTP: [&str; 3] = ["attributes", "request", "http"];

/// How the document of a policy is built: what of it, and what is the same for each request.
#[derive(Debug)]
pub struct Input {
    parts: Parts,
    /// The headers referred to; `None` for all.
    headers: Option<BTreeSet<String>>,
    properties: Vec<Known>,
    context_extensions: Value,
    version: Value,
    parse_body: bool,
}

impl Input {
    /// Prepares the building of the parts that a policy refers to.
    pub fn new(parts: Parts, context_extensions: &BTreeMap<String, String>, parse_body: bool) -> Input {
        let wanted = PROPERTIES.iter().filter(|(_, path, _)| parts.wants(path));
        Input {
            properties: wanted.map(|(known, ..)| *known).collect(),
            headers: parts.names_under(&["attributes", "request", "http", "headers"]),
            context_extensions: object(
                context_extensions.iter().map(|(name, value)| (name.as_str(), text(value))),
            ),
            version: object([("ext_authz", text("v3")), ("encoding", text("protojson"))]),
            parse_body,
            parts,
        }
    }

    /// The paths of the host's properties that it reads, for [`portcullis_core::Needs`].
    pub fn properties(&self) -> Vec<Vec<String>> {
        let paths = PROPERTIES.iter().filter(|(_, path, _)| self.parts.wants(path));
        paths.map(|(_, _, host)| host.iter().map(|&step| step.to_owned()).collect()).collect()
    }

    /// Whether it holds the addresses of the connection.
    pub fn needs_addresses(&self) -> bool {
        ["source", "destination"].iter().any(|peer| self.parts.wants(&["attributes", peer, "address"]))
    }

    /// Whether the policy refers to the body.
    pub fn needs_body(&self) -> bool {
        self.parts.wants_body()
    }

    /// Builds the document; `body` is `None` where it is not held.
    pub fn build(&self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Result<Value, BadInput> {
        let mut input = BTreeMap::new();
        if self.parts.wants(&["attributes"]) {
            put(&mut input, "attributes", self.attributes(exchange, body));
        }
        if self.parts.wants(&["parsed_path"]) || self.parts.wants(&["parsed_query"]) {
            let target = Target::parse(exchange.request.path())?;
            put(&mut input, "parsed_path", array(target.segments().map(|segment| text(&segment))));
            let query = target.query();
            put(
                &mut input,
                "parsed_query",
                object(query.iter().map(|(name, values)| (name.as_str(), texts(values)))),
            );
        }
        if self.parse_body && (self.parts.wants(&["parsed_body"]) || self.parts.wants(&["truncated_body"])) {
            let parsed = body.map(|body| body.parse(&exchange.request)).transpose()?.unwrap_or_default();
            put(&mut input, "parsed_body", parsed.value);
            put(&mut input, "truncated_body", Value::from(parsed.truncated));
        }
        put(&mut input, "version", self.version.clone());
        Ok(Value::from(input))
    }

    fn attributes(&self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Value {
        let mut attributes = BTreeMap::new();
        put(
            &mut attributes,
            "source",
            self.peer(exchange, &exchange.source, "source", Known::SourcePrincipal),
        );
        let destination =
            self.peer(exchange, &exchange.destination, "destination", Known::DestinationPrincipal);
        put(&mut attributes, "destination", destination);
        if self.parts.wants(&["attributes", "request"]) {
            put(&mut attributes, "request", self.request(exchange, body));
        }
        if let Some(name) = self.property(exchange, Known::ServerName) {
            put(&mut attributes, "tlsSession", object([("sni", name)]));
        }
        if self.context_extensions != Value::new_object() {
            put(&mut attributes, "contextExtensions", self.context_extensions.clone());
        }
        put(&mut attributes, "metadataContext", Value::new_object());
        put(&mut attributes, "routeMetadataContext", Value::new_object());
        Value::from(attributes)
    }

    fn peer(&self, exchange: &Exchange, address: &str, name: &str, principal: Known) -> Value {
        let mut peer = BTreeMap::new();
        if self.parts.wants(&["attributes", name, "address"])
            && let Some((address, port)) = split_address(address)
        {
            let mut socket = BTreeMap::new();
            put(&mut socket, "address", text(address));
            put(&mut socket, "portValue", Value::from(u64::from(port)));
            put(&mut peer, "address", object([("socketAddress", Value::from(socket))]));
        }
        if let Some(principal) = self.property(exchange, principal) {
            put(&mut peer, "principal", principal);
        }
        Value::from(peer)
    }

    fn request(&self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Value {
        let mut request = BTreeMap::new();
        if self.parts.wants(&["attributes", "request", "time"]) {
            put(&mut request, "time", text(&rfc3339(exchange.time)));
        }
        if self.parts.wants(&HTTP) {
            put(&mut request, "http", self.http(exchange, body));
        }
        Value::from(request)
    }

    fn http(&self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Value {
        let headers = &exchange.request;
        let mut http = BTreeMap::new();
        let scalars = [
            ("id", headers.get("x-request-id").unwrap_or_default()),
            ("method", headers.method()),
            ("path", headers.path()),
            ("host", headers.authority()),
            ("scheme", headers.get(":scheme").unwrap_or_default()),
        ];
        // An empty field is left out, as protojson does.
        for (name, value) in scalars.into_iter().filter(|(_, value)| !value.is_empty()) {
            put(&mut http, name, text(&lossy(value)));
        }
        if let Some(protocol) = self.property(exchange, Known::Protocol) {
            put(&mut http, "protocol", protocol);
        }
        if self.headers.as_ref().is_none_or(|names| !names.is_empty()) {
            put(&mut http, "headers", self.header_map(exchange, body));
        }
        if let Some(body) = body.filter(|body| !body.bytes.is_empty()) {
            put(&mut http, "body", text(&lossy(body.bytes)));
            put(&mut http, "size", text(&exchange.request_body.received.to_string()));
        }
        Value::from(http)
    }

    /// Duplicates joined with a comma; Envoy says by a header of its own whether the body is whole.
    fn header_map(&self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> Value {
        let mut fields = BTreeMap::<&str, Vec<u8>>::new();
        let wanted = |name: &&str| self.headers.as_ref().is_none_or(|names| names.contains(*name));
        for (name, value) in exchange.request.iter() {
            let Some(name) =
                std::str::from_utf8(name).ok().filter(|name| *name != PARTIAL_BODY && wanted(name))
            else {
                continue;
            };
            match fields.entry(name) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(value.to_vec());
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    entry.get_mut().push(b',');
                    entry.get_mut().extend_from_slice(value);
                }
            }
        }
        if let Some(body) = body.filter(|_| wanted(&PARTIAL_BODY)) {
            fields.insert(PARTIAL_BODY, body.truncated.to_string().into_bytes());
        }
        object(fields.iter().map(|(name, value)| (*name, text(&lossy(value)))))
    }

    fn property(&self, exchange: &Exchange, wanted: Known) -> Option<Value> {
        let index = self.properties.iter().position(|known| *known as u8 == wanted as u8)?;
        let value = exchange.property(Property(u16::try_from(index).ok()?))?;
        (!value.is_empty()).then(|| text(&lossy(value)))
    }
}

const PARTIAL_BODY: &str = "x-envoy-auth-partial-body";

/// `ip:port` or `[ip]:port`.
fn split_address(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?))
}

fn texts(values: &[String]) -> Value {
    array(values.iter().map(|value| text(value)))
}
