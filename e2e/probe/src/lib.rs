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
//! `tally` (a key): each request adds one to a number in shared data, which becomes state `tally`. `background`
//! (`{cluster, path, everyMs}`): calls that service on every tick; metrics `ticks_total` and `answers_total` count.
//! Metric `body_bytes` is a histogram of what `request_body` was given.
//!
//! Filter state `wasm.portcullis.probe.phases` lists the phases as the engine saw them, such as
//! `request_headers request_body:5 request_end`; `:5` is the number of bytes, `!` marks an aborted end.

mod config;
mod stream;

pub use config::{At, Settings, SideSettings};
use portcullis_core::{
    Background, Boot, Call, CallResult, ConfigError, Effect, Exchange, Headers, MetricId, MetricKind,
    MetricSpec, Needs, Plugin, Store,
};
use std::rc::Rc;
use std::time::Duration;
pub use stream::ProbeStream;

const TICKS: MetricId = MetricId(0);
const ANSWERS: MetricId = MetricId(1);
pub(crate) const BODY_BYTES: MetricId = MetricId(2);

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
            metrics: metrics(),
            tick: self.settings.background.as_ref().map(|call| Duration::from_millis(call.every_ms)),
            ..Needs::default()
        }
    }

    fn stream(self: &Rc<Probe>, _exchange: &Exchange) -> ProbeStream {
        ProbeStream::new(Rc::clone(self))
    }

    fn background(&self, event: Background<'_>, _store: &mut dyn Store) -> Vec<Effect> {
        let Some(settings) = &self.settings.background else { return Vec::new() };
        match event {
            Background::Tick { .. } => {
                let headers =
                    [(":method", "GET"), (":path", settings.path.as_str()), (":authority", "probe")];
                let call = Call {
                    cluster: settings.cluster.clone(),
                    headers: Headers::from_pairs(headers),
                    body: Vec::new(),
                    timeout: Duration::from_secs(1),
                };
                vec![Effect::Count { metric: TICKS, by: 1 }, Effect::Call { token: 7, call }]
            }
            Background::CallDone { token: 7, result: CallResult::Answer { headers, .. }, .. }
                if headers.status() == Some(200) =>
            {
                vec![Effect::Count { metric: ANSWERS, by: 1 }]
            }
            Background::CallDone { .. } => Vec::new(),
        }
    }
}

fn metrics() -> Vec<MetricSpec> {
    let spec = |name: &str, kind| MetricSpec { name: name.to_owned(), kind };
    vec![
        spec("ticks_total", MetricKind::Counter),
        spec("answers_total", MetricKind::Counter),
        spec("body_bytes", MetricKind::Histogram),
    ]
}

#[cfg(target_arch = "wasm32")]
portcullis_host::filter!(Probe);
