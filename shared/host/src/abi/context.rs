//! The two contexts that the SDK calls: the root, which is a configuration, and the stream.

use super::bindings;
use super::wire::Host;
use crate::envelope;
use crate::phases::active::Active;
use crate::phases::driver::Driver;
use crate::phases::side::{Request, Response};
use crate::phases::wire::{Then, Wire};
use portcullis_core::{Background, CallFailure, CallResult, Effect, Headers, Level, MetricKind, Plugin};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType, MetricType};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The most of a call's answer that is read, bytes.
const LONGEST_ANSWER: usize = 8 << 20;

/// A root context: one configuration of one plugin.
pub struct Root<P: Plugin> {
    /// Data that the build has put into the module.
    bundled: &'static [u8],
    active: Option<Rc<Active<P>>>,
    /// Calls of the background by the host's token.
    calls: RefCell<HashMap<u32, u64>>,
}

impl<P: Plugin> Root<P> {
    /// A root context without a configuration yet, as the SDK wants it.
    pub fn boxed(bundled: &'static [u8]) -> Box<dyn RootContext> {
        Box::new(Root::<P> { bundled, active: None, calls: RefCell::default() })
    }

    fn configure(&mut self, json: &[u8]) -> bool {
        let environment: BTreeMap<String, String> = std::env::vars().collect();
        let loaded = match envelope::load_with::<P>(json, environment, Host.now(), self.bundled) {
            Ok(loaded) => loaded,
            Err(error) => {
                Host.log(Level::Error, &format!("portcullis {}: configuration refused: {error}", P::NAME));
                return false;
            }
        };
        for warning in &loaded.warnings {
            Host.log(Level::Warn, &format!("portcullis {}: {warning}", P::NAME));
        }
        let name = bindings::property(&["plugin_name"]).unwrap_or_default();
        let active = Active::new(loaded, String::from_utf8_lossy(&name).into_owned(), define);
        let active = Rc::new(active);
        if let Some(period) = active.tick_period() {
            bindings::set_tick_period(u32::try_from(period.as_millis()).unwrap_or(u32::MAX));
        }
        self.active = Some(active);
        true
    }

    fn background(&self, event: impl Fn() -> Background<'static>) {
        let Some(active) = &self.active else { return };
        for plugin in active.loaded.distinct() {
            let effects = plugin.background(event(), &mut active.store(&Host));
            self.carry_out(active, effects);
        }
    }

    fn carry_out(&self, active: &Active<P>, effects: Vec<Effect>) {
        let (calls, others): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|e| matches!(e, Effect::Call { .. }));
        active.apply(&Host, &Default::default(), None, others);
        for effect in calls {
            let Effect::Call { token, call } = effect else { continue };
            match Host.call(&call) {
                Some(id) => drop(self.calls.borrow_mut().insert(id, token)),
                None => self.call_done(token, &CallResult::Failed(CallFailure::Refused)),
            }
        }
    }

    fn call_done(&self, token: u64, result: &CallResult) {
        let Some(active) = &self.active else { return };
        let now = Host.now();
        for plugin in active.loaded.distinct() {
            let event = Background::CallDone { token, result, now };
            // A refused call of an answer's own effects would come back here: only what is not a call is carried out.
            let effects = plugin.background(event, &mut active.store(&Host));
            let effects =
                effects.into_iter().filter(|effect| !matches!(effect, Effect::Call { .. })).collect();
            active.apply(&Host, &Default::default(), None, effects);
        }
    }
}

impl<P: Plugin> Context for Root<P> {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, _trailers: usize) {
        let known = self.calls.borrow_mut().remove(&token);
        if let Some(token) = known {
            self.call_done(token, &call_result(headers, body));
        }
    }
}

impl<P: Plugin> RootContext for Root<P> {
    fn on_configure(&mut self, size: usize) -> bool {
        let json = bindings::buffer(BufferType::PluginConfiguration, 0..size).unwrap_or_default();
        self.configure(&json)
    }

    fn on_tick(&mut self) {
        let Some(active) = &self.active else { return };
        let now = Host.now();
        active.release_overdue(&Host, now, bindings::set_effective_context);
        if active.tick_period().is_none() {
            bindings::set_tick_period(0);
        }
        if active.wants_ticks() {
            self.background(|| Background::Tick { now });
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        let driver = self.active.as_ref().map(|active| Driver::new(Rc::clone(active), context));
        Some(Box::new(StreamContext { driver }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// A stream. Without a driver (its root has no configuration, which the host should not let happen) it answers 500.
struct StreamContext<P: Plugin> {
    driver: Option<Driver<P>>,
}

impl<P: Plugin> StreamContext<P> {
    fn with(&mut self, event: impl FnOnce(&mut Driver<P>) -> Then) -> Action {
        match self.driver.as_mut().map(event) {
            Some(Then::Continue) => Action::Continue,
            Some(Then::Pause) => Action::Pause,
            None => {
                bindings::send_local_response(
                    500,
                    "portcullis_unconfigured",
                    b"",
                    &bindings::serialize([].into_iter()),
                    -1,
                );
                Action::Pause
            }
        }
    }
}

impl<P: Plugin> Context for StreamContext<P> {
    fn on_http_call_response(&mut self, _token: u32, headers: usize, body: usize, _trailers: usize) {
        if let Some(driver) = &mut self.driver {
            driver.call_done(&Host, &call_result(headers, body));
        }
    }
}

impl<P: Plugin> HttpContext for StreamContext<P> {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.with(|driver| driver.request_headers(&Host, end_of_stream))
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.with(|driver| driver.body::<Request>(&Host, size, end_of_stream))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.with(|driver| driver.trailers::<Request>(&Host))
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.with(|driver| driver.response_headers(&Host, end_of_stream))
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.with(|driver| driver.body::<Response>(&Host, size, end_of_stream))
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.with(|driver| driver.trailers::<Response>(&Host))
    }

    fn on_log(&mut self) {
        if let Some(driver) = &mut self.driver {
            driver.log(&Host);
        }
    }
}

fn define(name: &str, kind: MetricKind) -> u32 {
    let kind = match kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Histogram => MetricType::Histogram,
    };
    // An id that does not exist is refused by the host when it is used, and our bindings take that as it is.
    bindings::define_metric(kind, name).unwrap_or(u32::MAX)
}

/// No headers, or the proxy's own words, mean that nobody answered.
fn call_result(headers: usize, body: usize) -> CallResult {
    if headers == 0 {
        return CallResult::Failed(CallFailure::NoAnswer);
    }
    let headers: Headers = bindings::map(MapType::HttpCallResponseHeaders)
        .and_then(crate::phases::pairs::headers_from)
        .unwrap_or_default();
    if is_of_the_proxy(&headers) {
        return CallResult::Failed(CallFailure::NoAnswer);
    }
    let body = match body {
        0 => Vec::new(),
        size => bindings::buffer(BufferType::HttpCallResponseBody, 0..size.min(LONGEST_ANSWER))
            .unwrap_or_default(),
    };
    CallResult::Answer { headers, body }
}

/// Whether the proxy wrote this answer itself, for want of one: it then sets no field but these, and a service that
/// answers by HTTP at least dates its answer (RFC 9110 section 6.6.1).
fn is_of_the_proxy(headers: &Headers) -> bool {
    let own = |name: &[u8]| matches!(name, b":status" | b"content-length" | b"content-type");
    matches!(headers.status(), Some(503 | 504)) && headers.iter().all(|(name, _)| own(name))
}
