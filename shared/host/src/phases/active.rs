//! A configuration at work: what all streams of one root context share.

use crate::envelope::{Loaded, Mode, Route};
use crate::phases::watchdog::{TICK, Watchdog};
use crate::phases::wire::{Direction, Map, Wire};
use portcullis_core::{
    Cas, CasMismatch, Effect, Exchange, FailureKind, Level, LogRecord, LogValue, MetricId, MetricKind,
    MetricSpec, Needs, OnError, Plugin, Store,
};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// The version of the layout of our keys in shared data.
const SCHEMA: u8 = 1;

/// A loaded configuration with its metrics and accounts.
pub(crate) struct Active<P: Plugin> {
    pub(crate) loaded: Loaded<P>,
    /// The name that the operator gave this plugin.
    pub(crate) name: String,
    pub(crate) watchdog: Watchdog,
    metrics: HostMetrics,
    /// Of each route, routes in order, `default` last.
    needs: Vec<Needs>,
    /// The host's ids of each route's metrics, routes in order, `default` last.
    route_metrics: Vec<Vec<u32>>,
    held: Cell<usize>,
    streams: Cell<u64>,
}

/// The settings that a stream was given at its request headers, and keeps.
pub(crate) struct Choice<P> {
    pub(crate) plugin: Rc<P>,
    /// `None` for `default`.
    pub(crate) index: Option<usize>,
    pub(crate) mode: Mode,
    pub(crate) on_error: OnError,
}

/// Why something passes without the engine having seen it; a metric each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uninspected {
    Upgrade,
    Grpc,
    EventStream,
    OverLimit,
    Error,
    Disabled,
}

impl Uninspected {
    const ALL: [(Uninspected, &'static str); 6] = [
        (Uninspected::Upgrade, "upgrade"),
        (Uninspected::Grpc, "grpc"),
        (Uninspected::EventStream, "event_stream"),
        (Uninspected::OverLimit, "over_limit"),
        (Uninspected::Error, "error"),
        (Uninspected::Disabled, "disabled"),
    ];
}

/// The counters that every filter has.
struct HostMetrics {
    requests: u32,
    denied: u32,
    shadow_denied: u32,
    late_edits: u32,
    resets: u32,
    hold_headers_missing: u32,
    held_bytes: u32,
    uninspected: [u32; Uninspected::ALL.len()],
    errors: [u32; FailureKind::ALL.len()],
}

/// An event that every filter counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Request,
    Denied,
    ShadowDenied,
    LateEdits,
    Reset,
    HoldHeadersMissing,
    Uninspected(Uninspected),
    Error(FailureKind),
}

impl<P: Plugin> Active<P> {
    /// Defines the metrics and takes the configuration into use. `define` gives the host's id of a metric.
    pub(crate) fn new(
        loaded: Loaded<P>,
        name: String,
        mut define: impl FnMut(&str, MetricKind) -> u32,
    ) -> Active<P> {
        let mut known = HashMap::new();
        let mut id = |spec: &MetricSpec| {
            let name = match spec.name.strip_prefix('/') {
                Some(whole) => whole.to_owned(),
                None => format!("portcullis_{}_{}", P::NAME, spec.name),
            };
            *known.entry(name.clone()).or_insert_with(|| define(&name, spec.kind))
        };
        let needs: Vec<Needs> = loaded.settings().map(|plugin| plugin.needs()).collect();
        let route_metrics = needs.iter().map(|needs| needs.metrics.iter().map(&mut id).collect()).collect();
        let metrics = HostMetrics::define(|name, kind| id(&MetricSpec { name: name.to_owned(), kind }));
        Active {
            loaded,
            name,
            watchdog: Watchdog::default(),
            metrics,
            needs,
            route_metrics,
            held: Cell::new(0),
            streams: Cell::new(0),
        }
    }

    /// The settings for this request.
    pub(crate) fn choose(&self, exchange: &Exchange, wire: &impl Wire) -> Choice<P> {
        let route: &Route<P> = self.loaded.choose(&exchange.request, |path| wire.property(path));
        Choice {
            plugin: Rc::clone(&route.plugin),
            index: route.index,
            mode: route.mode,
            on_error: route.on_error,
        }
    }

    /// What the settings of a route (`None` for `default`) use of the host.
    pub(crate) fn needs(&self, route: Option<usize>) -> &Needs {
        static NOTHING: Needs = Needs {
            response: false,
            addresses: false,
            properties: Vec::new(),
            metrics: Vec::new(),
            tick: None,
            held_headers: None,
        };
        of_route(&self.needs, route).unwrap_or(&NOTHING)
    }

    /// How often the root context wants to be woken, if at all.
    pub(crate) fn tick_period(&self) -> Option<Duration> {
        let watchdog = (self.loaded.hold_headers && self.watchdog.is_armed()).then_some(TICK);
        self.needs.iter().filter_map(|needs| needs.tick).chain(watchdog).min()
    }

    /// Whether an engine's background wants ticks.
    pub(crate) fn wants_ticks(&self) -> bool {
        self.needs.iter().any(|needs| needs.tick.is_some())
    }

    /// Lets the headers of streams go that waited in vain for their bodies. Called from the root's tick; `enter` makes
    /// a stream's context the one that host calls are about.
    pub(crate) fn release_overdue(&self, wire: &impl Wire, now: Duration, enter: impl Fn(u32) -> bool) {
        for hold in self.watchdog.overdue(now) {
            if !enter(hold.context) {
                continue;
            }
            if hold.edits_body {
                wire.remove_header(Map::Headers(hold.direction), b"content-length");
            }
            self.count(wire, Count::HoldHeadersMissing);
            let message = "headers were held and no body came: is allow_on_headers_stop_iteration set on this filter, \
                           as holdHeaders: true needs it?";
            let direction = match hold.direction {
                Direction::Request => "request",
                Direction::Response => "response",
            };
            self.note(wire, None, Level::Error, message, vec![("direction", direction.into())]);
            wire.resume(hold.direction);
        }
    }

    /// A number for the next stream.
    pub(crate) fn next_id(&self) -> u64 {
        let id = self.streams.get();
        self.streams.set(id.wrapping_add(1));
        id
    }

    pub(crate) fn count(&self, wire: &impl Wire, count: Count) {
        let metrics = &self.metrics;
        let metric = match count {
            Count::Request => Some(metrics.requests),
            Count::Denied => Some(metrics.denied),
            Count::ShadowDenied => Some(metrics.shadow_denied),
            Count::LateEdits => Some(metrics.late_edits),
            Count::Reset => Some(metrics.resets),
            Count::HoldHeadersMissing => Some(metrics.hold_headers_missing),
            Count::Uninspected(reason) => Uninspected::ALL
                .iter()
                .zip(metrics.uninspected)
                .find(|((known, _), _)| *known == reason)
                .map(|(_, id)| id),
            Count::Error(kind) => FailureKind::ALL
                .iter()
                .zip(metrics.errors)
                .find(|(known, _)| **known == kind)
                .map(|(_, id)| id),
        };
        if let Some(metric) = metric {
            wire.count(metric, 1);
        }
    }

    /// Changes the account of held bytes; `false` if `limits.heldBytes` does not allow it.
    pub(crate) fn account(&self, wire: &impl Wire, from: usize, to: usize) -> bool {
        let held = self.held.get().saturating_sub(from).saturating_add(to);
        if to > from && held > self.loaded.limits.held_bytes {
            return false;
        }
        self.held.set(held);
        if from != to {
            wire.count(self.metrics.held_bytes, to as i64 - from as i64);
        }
        true
    }

    /// Carries out what a verdict noted for the outside.
    pub(crate) fn apply(
        &self,
        wire: &impl Wire,
        exchange: &Exchange,
        route: Option<usize>,
        effects: Vec<Effect>,
    ) {
        for effect in effects {
            match effect {
                Effect::Count { metric, by } => {
                    if let Some(id) = self.metric(route, metric) {
                        wire.count(id, by);
                    }
                }
                Effect::Record { metric, value } => {
                    if let Some(id) = self.metric(route, metric) {
                        wire.record(id, value);
                    }
                }
                Effect::Log(record) => self.log(wire, Some(exchange), &record),
                Effect::Line { level, text } => self.line(wire, level, &text),
                Effect::State { field, value } => {
                    wire.set_state(&format!("portcullis.{}.{field}", P::NAME), &value);
                }
                // Only the background makes calls that no stream waits for; a stream asks (`Flow::Ask`).
                Effect::Call { .. } => {}
            }
        }
    }

    /// What this filter did to the exchange, for access logs and later filters: filter state `action`.
    pub(crate) fn mark(&self, wire: &impl Wire, action: &str) {
        wire.set_state(&format!("portcullis.{}.action", P::NAME), action.as_bytes());
    }

    /// Writes a log line if its level is on.
    pub(crate) fn log(&self, wire: &impl Wire, exchange: Option<&Exchange>, record: &LogRecord) {
        if record.level >= self.loaded.log_level {
            let id = exchange.and_then(|exchange| exchange.request.get("x-request-id"));
            wire.log(record.level, &crate::phases::notes::line(P::NAME, &self.name, id, record));
        }
    }

    /// Writes a line as it stands, if its level is on; what could begin another line is replaced.
    pub(crate) fn line(&self, wire: &impl Wire, level: Level, text: &str) {
        if level >= self.loaded.log_level {
            match text.contains(char::is_control) {
                true => wire.log(level, &text.replace(char::is_control, " ")),
                false => wire.log(level, text),
            }
        }
    }

    /// A log line of the host's own.
    pub(crate) fn note(
        &self,
        wire: &impl Wire,
        exchange: Option<&Exchange>,
        level: Level,
        message: &'static str,
        fields: Vec<(&'static str, LogValue)>,
    ) {
        self.log(wire, exchange, &LogRecord { level, message, fields });
    }

    /// Shared data under our own keys.
    pub(crate) fn store<'a, W: Wire>(&'a self, wire: &'a W) -> SharedStore<'a, W> {
        SharedStore { wire, filter: P::NAME, plugin: &self.name }
    }

    fn metric(&self, route: Option<usize>, metric: MetricId) -> Option<u32> {
        of_route(&self.route_metrics, route)?.get(usize::from(metric.0)).copied()
    }
}

fn of_route<T>(of_routes: &[T], route: Option<usize>) -> Option<&T> {
    match route {
        Some(index) => of_routes.get(index),
        None => of_routes.last(),
    }
}

impl HostMetrics {
    fn define(mut id: impl FnMut(&str, MetricKind) -> u32) -> HostMetrics {
        use MetricKind::{Counter, Gauge};
        HostMetrics {
            requests: id("requests_total", Counter),
            denied: id("denied_total", Counter),
            shadow_denied: id("shadow_denied_total", Counter),
            late_edits: id("late_edits_total", Counter),
            resets: id("resets_total", Counter),
            hold_headers_missing: id("hold_headers_missing_total", Counter),
            held_bytes: id("held_bytes", Gauge),
            uninspected: Uninspected::ALL
                .map(|(_, word)| id(&format!("uninspected_total.reason.{word}"), Counter)),
            errors: FailureKind::ALL
                .map(|kind| id(&format!("errors_total.reason.{}", kind.as_str()), Counter)),
        }
    }
}

/// Shared data, with our prefix in front of every key: Envoy keys it by `vm_id` alone, which under WasmPlugin is the
/// same for all plugins of a gateway.
pub(crate) struct SharedStore<'a, W> {
    wire: &'a W,
    filter: &'static str,
    plugin: &'a str,
}

impl<W> SharedStore<'_, W> {
    fn key(&self, key: &str) -> String {
        format!("portcullis/{SCHEMA}/{}/{}/{key}", self.filter, self.plugin)
    }
}

/// To the host version 0 means that nothing is expected. One that no value ever has (versions count up from 1) is
/// checked where there is a value, and not where there is none: that makes 'write if absent'.
fn present(expected: Cas) -> Cas {
    match expected {
        Cas(0) => Cas(u32::MAX),
        version => version,
    }
}

impl<W: Wire> Store for SharedStore<'_, W> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.wire.shared(&self.key(key))
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch> {
        self.wire.set_shared(&self.key(key), value, expected.map(present))
    }
}
