//! A filter that does what its configuration says, phase by phase: the tests' hands inside the proxy.
//!
//! With empty settings (`{"version": 1, "default": {}}`) it passes everything and reads no body: the bench measures the
//! empty path through the host with it.
//!
//! Settings (all optional; `request` and `response` take the same fields):
//!
//! | field | meaning |
//! |---|---|
//! | `body` | `skip` (default), `chunks`, `whole` |
//! | `access` | `read` (default), `edit` |
//! | `max` | bytes, for `whole`; default 65536 |
//! | `over` | `refuse` (default), `pass` |
//! | `set`, `remove` | headers set and removed at the headers |
//! | `setAtEnd` | headers set in the end phase |
//! | `setTrailers` | trailers set |
//! | `grow` | so many `+` are added behind the body |
//! | `shrink` | so many bytes are taken from its end |
//! | `holdBack` | in chunks: so many bytes are kept back until more or the end comes |
//! | `upper` | letters become upper case |
//! | `denyIfBody`, `denyIfPath` | 403 if the text occurs |
//! | `denyAt` | 403 in this phase: `headers`, `body`, `trailers`, `end` |
//! | `failAt`, `resetAt` | fails or resets in this phase |
//! | `call` | `{cluster, path, at, timeoutMs}`: asks in that phase; any status but 200 denies with 403, none fails |
//! | `callTimes` | how many calls one after the other; default 1 |
//!
//! and besides: `addresses` (fills filter state `source`), `property` (a path as a list; its value becomes state
//! `property`), `responsePhases` (false: no response phases at all; default true if `response` is given).
//!
//! Filter state `wasm.portcullis.probe.phases` lists the phases as the engine saw them, such as
//! `request_headers request_body:5 request_end`; `:5` is the number of bytes, `!` marks an aborted end.

mod config;
mod stream;

pub use config::{At, Settings, SideSettings};
use portcullis_core::{Boot, ConfigError, Exchange, Needs, Plugin};
use std::rc::Rc;
pub use stream::ProbeStream;

/// The compiled settings.
#[derive(Debug)]
pub struct Probe {
    settings: Settings,
}

impl Plugin for Probe {
    const NAME: &'static str = "probe";
    type Config = Settings;
    type Stream = ProbeStream;

    fn compile(configs: Vec<Settings>, _boot: &Boot) -> Result<Vec<Rc<Probe>>, ConfigError> {
        Ok(configs.into_iter().map(|settings| Rc::new(Probe { settings })).collect())
    }

    fn needs(&self) -> Needs {
        let properties = self.settings.property.clone();
        Needs {
            response: self.settings.response.is_some() && self.settings.response_phases,
            addresses: self.settings.addresses,
            properties: properties.into_iter().collect(),
            ..Needs::default()
        }
    }

    fn stream(self: &Rc<Probe>, _exchange: &Exchange) -> ProbeStream {
        ProbeStream::new(Rc::clone(self))
    }
}

#[cfg(target_arch = "wasm32")]
portcullis_host::filter!(Probe);
