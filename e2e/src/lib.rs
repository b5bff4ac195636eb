//! What the tests against real Envoy share: a rig of upstreams and one Envoy, the probe's configuration, messages that
//! go over either protocol.

pub mod crs;
mod hostile;
mod message;
pub mod ordinary;
mod rig;
mod shipped;

pub use hostile::{Dice, Hostile};
pub use message::{Framed, Message, Protocol, Received};
pub use rig::{Rig, RigBuilder, signs_of_death};
pub use shipped::{shipped, shipped_files};

use portcullis_testkit::envoy::{Listener, Wasm};
use serde_json::{Value, json};

/// The envelope of a filter's configuration around these settings as `default`; `envelope` gives further keys.
pub fn configuration(settings: Value, envelope: Value) -> Value {
    let mut configuration = json!({ "version": 1, "default": settings });
    for (key, value) in envelope.as_object().into_iter().flatten() {
        configuration[key] = value.clone();
    }
    configuration
}

/// The probe with these settings; headers are held, and the listener's field is set, as `hold` says.
pub fn probe(name: &str, hold: Hold, settings: Value, envelope: Value) -> Wasm {
    let mut configuration = configuration(settings, envelope);
    configuration["holdHeaders"] = (hold == Hold::Held).into();
    let wasm = Wasm::new("probe").named(name).config(configuration);
    if hold == Hold::Held { wasm.allow_stop() } else { wasm }
}

/// A filter of ours with these settings as its `default`, headers held, in an envelope with further keys.
pub fn filter(module: &str, name: &str, settings: Value, envelope: Value) -> Wasm {
    let mut configuration = configuration(settings, envelope);
    configuration["holdHeaders"] = true.into();
    configuration["hostBufferLimit"] = HOST_BUFFER_LIMIT.into();
    Wasm::new(module).named(name).config(configuration).allow_stop()
}

/// A listener with one filter of ours: [`filter`].
pub fn filter_listener(module: &str, name: &str, settings: Value, envelope: Value) -> Listener {
    with_upstreams(Listener::new(name, "h1")).wasm(&filter(module, name, settings, envelope))
}

/// Envoy's default for a listener.
pub const HOST_BUFFER_LIMIT: usize = 1 << 20;

/// A listener with the probe alone; it carries the probe's name and writes the probe's filter state to its access log.
pub fn probe_listener(name: &str, hold: Hold, settings: Value, envelope: Value) -> Listener {
    with_upstreams(Listener::new(name, "h1"))
        .wasm(&probe(name, hold, settings, envelope))
        .access_log(PROBE_LOG)
}

/// Path, status and what the probe has noted.
pub const PROBE_LOG: &str = "%REQ(:PATH)% %RESPONSE_CODE% [%FILTER_STATE(wasm.portcullis.probe.phases:PLAIN)%] \
                             source=%FILTER_STATE(wasm.portcullis.probe.source:PLAIN)% \
                             property=%FILTER_STATE(wasm.portcullis.probe.property:PLAIN)%";

/// Requests with `x-up: h2` go to the HTTP/2 upstream, those with `x-up: dead` to a port where nobody listens, all others to HTTP/1.
pub fn with_upstreams(listener: Listener) -> Listener {
    let to = |value: &str| {
        json!({
            "match": { "prefix": "/", "headers": [{ "name": "x-up", "string_match": { "exact": value } }] },
            "route": { "cluster": value, "timeout": "30s" },
        })
    };
    // A connection that a filter breaks off is closed after this, by default a second.
    let listener = listener.manager("delayed_close_timeout", "0.05s".into());
    let rest = json!({ "match": { "prefix": "/" }, "route": { "cluster": "h1", "timeout": "30s" } });
    listener.routes(json!([to("h2"), to("dead"), rest]))
}

/// Whether headers are held until the body has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// `holdHeaders: true`, and the listener's `allow_on_headers_stop_iteration`.
    Held,
    /// Neither.
    Early,
}
