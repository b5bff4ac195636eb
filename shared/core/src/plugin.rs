//! What an engine implements to be a filter.

use crate::call::CallResult;
use crate::config::ConfigError;
use crate::effect::{Effect, MetricSpec};
use crate::exchange::{Exchange, Summary};
use crate::fuel::Fuel;
use crate::headers::Headers;
use crate::store::Store;
use crate::verdict::{RequestVerdict, ResponseVerdict};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// A compiled configuration of one filter. Streams share it behind [`Rc`].
///
/// Mutable caches live in it behind `Cell` or `RefCell`; nothing of it is in a static, because several plugins share a VM.
pub trait Plugin: Sized + 'static {
    /// The filter's short name: `waf`, `transform`, `authz`, `dlp`.
    const NAME: &'static str;
    /// `limits.fuel` where the configuration says nothing: about 50 ms of this filter's work in the proxy.
    const FUEL: u64 = Fuel::DEFAULT;
    /// The settings of one route, and of `default`: everything but the host's own keys. Refuses unknown fields.
    type Config: serde::de::DeserializeOwned;
    /// One exchange's state.
    type Stream: Stream;

    /// Fields at the top of a configuration in another product's form, which [`Plugin::translate`] knows.
    const FOREIGN_KEYS: &'static [&'static str] = &[];

    /// A configuration in another product's form, as JSON, to the envelope that means the same. Asked for one that has
    /// one of [`Plugin::FOREIGN_KEYS`] and no `version`; an error names the fields of that form.
    fn translate(_configuration: &str) -> Result<String, ConfigError> {
        Err(ConfigError::new("", "no other form of configuration is known"))
    }

    /// Compiles the settings of all routes at once (routes in order, `default` last), so that equal parts are compiled
    /// once; gives as many plugins as it was given settings. All that can fail or take time happens here.
    fn compile(configs: Vec<Self::Config>, boot: &Boot) -> Result<Vec<Rc<Self>>, ConfigError>;

    /// What it uses of the host; the host reads and defines nothing else.
    fn needs(&self) -> Needs;

    /// What an operator should know about these settings though they are accepted, a line each. The host writes each
    /// line once, at load.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Begins an exchange. The request's headers are there already.
    fn stream(self: &Rc<Self>, exchange: &Exchange) -> Self::Stream;

    /// Whether these settings guard less than `default`'s do: such a route must not be reachable by a disguised path
    /// or by a header that the client chooses. Settings that differ guard less unless the engine knows better.
    fn is_weaker_than(&self, _default: &Self) -> bool {
        true
    }

    /// Ticks and the answers to calls that no stream waits for.
    fn background(&self, _event: Background<'_>, _store: &mut dyn Store) -> Vec<Effect> {
        Vec::new()
    }
}

/// One exchange. It cannot fail: what to do on an error is part of the verdict ([`crate::Flow::Fail`]).
///
/// Each side's phases come in order: headers, body (as often as the wish for the body says), trailers if there are
/// any, end. A message whose body is skipped ends right behind its headers, and its trailers are not shown. The end
/// comes exactly once, before anything held is released. Where the message was cut off, or the stream was answered or
/// reset before its end, it comes just before `log`, with [`crate::BodyState::aborted`] set: only effects of its
/// verdict count then.
pub trait Stream: 'static {
    /// The request's headers have come.
    fn request_headers(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        RequestVerdict::proceed()
    }
    /// New bytes of the request's body; for [`crate::Body::Whole`] once and whole. Never called with a body that was skipped.
    fn request_body(
        &mut self,
        _exchange: &Exchange,
        _bytes: &[u8],
        _store: &mut dyn Store,
    ) -> RequestVerdict {
        RequestVerdict::proceed()
    }
    /// The request's trailers; edits in the verdict are edits of the trailers.
    fn request_trailers(&mut self, _exchange: &Exchange, _trailers: &Headers) -> RequestVerdict {
        RequestVerdict::proceed()
    }
    /// The request is complete.
    fn request_end(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        RequestVerdict::proceed()
    }
    /// The answer to a [`crate::Flow::Ask`] of a request phase; the verdict takes the place of that phase's.
    fn request_call_done(
        &mut self,
        _exchange: &Exchange,
        _result: &CallResult,
        _store: &mut dyn Store,
    ) -> RequestVerdict {
        RequestVerdict::proceed()
    }
    /// The response's headers have come, from the upstream or from another filter.
    fn response_headers(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        ResponseVerdict::proceed()
    }
    /// New bytes of the response's body.
    fn response_body(
        &mut self,
        _exchange: &Exchange,
        _bytes: &[u8],
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        ResponseVerdict::proceed()
    }
    /// The response's trailers; edits in the verdict are edits of the trailers.
    fn response_trailers(&mut self, _exchange: &Exchange, _trailers: &Headers) -> ResponseVerdict {
        ResponseVerdict::proceed()
    }
    /// The response is complete.
    fn response_end(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        ResponseVerdict::proceed()
    }
    /// The answer to a [`crate::Flow::Ask`] of a response phase.
    fn response_call_done(
        &mut self,
        _exchange: &Exchange,
        _result: &CallResult,
        _store: &mut dyn Store,
    ) -> ResponseVerdict {
        ResponseVerdict::proceed()
    }
    /// The exchange is over; nothing can be changed any more, but filter state still reaches the access log.
    fn log(&mut self, _exchange: &Exchange, _summary: &Summary, _store: &mut dyn Store) -> Vec<Effect> {
        Vec::new()
    }
}

/// An event that belongs to no stream.
#[derive(Debug)]
pub enum Background<'a> {
    /// Time has passed.
    Tick {
        /// Wall clock since the Unix epoch.
        now: Duration,
    },
    /// The answer to an [`Effect::Call`].
    CallDone {
        /// As given with the call.
        token: u64,
        /// What came of it.
        result: &'a CallResult,
        /// Wall clock since the Unix epoch.
        now: Duration,
    },
}

/// What the host knows when it loads a configuration.
#[derive(Debug, Clone, Default)]
pub struct Boot {
    /// Wall clock since the Unix epoch.
    pub time: Duration,
    /// A random number, another one for each load.
    pub seed: u64,
    /// The VM's environment.
    pub environment: BTreeMap<String, String>,
    /// The texts of `files`, by name.
    pub files: BTreeMap<String, String>,
    /// `hostBufferLimit`, bytes; `None` if not given.
    pub host_buffer_limit: Option<usize>,
    /// `holdHeaders`: whether headers stay held until the body has been seen.
    pub hold_headers: bool,
    /// `onError`.
    pub on_error: OnError,
    /// `limits.fuel`: units of fuel for one stream.
    pub fuel: u64,
    /// `limits.maxBody`: the most bytes of a body that are held for one stream.
    pub max_body: usize,
    /// Data that the build has put into the module for the engine; empty if none.
    pub bundled: &'static [u8],
}

/// What happens to a request when the filter itself fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// It is answered with an error.
    #[default]
    Deny,
    /// It passes as it is.
    Allow,
}

/// What a plugin uses of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Whether it has response phases at all.
    pub response: bool,
    /// Whether [`Exchange::source`] and [`Exchange::destination`] are filled.
    pub addresses: bool,
    /// Paths of host properties, read at the request's headers; [`crate::Property`] is an index into this.
    pub properties: Vec<Vec<String>>,
    /// The metrics, by [`crate::MetricId`].
    pub metrics: Vec<MetricSpec>,
    /// How often [`Plugin::background`] gets a tick.
    pub tick: Option<Duration>,
    /// Why headers must be held until the body has been seen: the path of the field that makes it so. Such a
    /// configuration is refused under `holdHeaders: false`.
    pub held_headers: Option<String>,
}
