//! A configuration that has been checked and compiled.

use super::limits::MOST_BODY;
use super::{Common, Limits, Mode};
use crate::route::{Matcher, View};
use portcullis_core::{Headers, Level, OnError, Over, Plugin};
use std::rc::Rc;

/// The host decides whether a body is too long before it asks the filter, as soon as a piece would pass its limit. So a
/// body that shall pass in part is let go this much earlier: the longest piece that the host reads at once, bytes.
const LONGEST_PIECE: usize = 64 << 10;

/// A configuration that has been checked and compiled.
pub struct Loaded<P> {
    /// `limits`.
    pub limits: Limits,
    /// `holdHeaders`.
    pub hold_headers: bool,
    /// `hostBufferLimit`, bytes.
    pub host_buffer_limit: Option<usize>,
    /// `log.level`.
    pub log_level: Level,
    /// What an operator should know, a line each.
    pub warnings: Vec<String>,
    routes: Vec<Route<P>>,
    default: Route<P>,
}

/// The settings of a route, or of `default`.
pub struct Route<P> {
    /// The compiled settings.
    pub plugin: Rc<P>,
    /// The place in `routes`; `None` for `default`.
    pub index: Option<usize>,
    /// Whether verdicts are carried out.
    pub mode: Mode,
    /// What an error does.
    pub on_error: OnError,
    pub(super) matcher: Option<Matcher>,
    /// Guards less than `default`, so a disguised path does not reach it.
    pub(super) weaker: bool,
}

impl<P: Plugin> Loaded<P> {
    pub(super) fn new(
        common: Common,
        routes: Vec<Route<P>>,
        default: Route<P>,
        warnings: Vec<String>,
    ) -> Loaded<P> {
        Loaded {
            limits: common.limits,
            hold_headers: common.hold_headers,
            host_buffer_limit: common.host_buffer_limit,
            log_level: common.log_level,
            warnings,
            routes,
            default,
        }
    }

    /// All compiled settings, routes in order, `default` last.
    pub fn settings(&self) -> impl Iterator<Item = &Rc<P>> {
        self.routes.iter().chain([&self.default]).map(|route| &route.plugin)
    }

    /// All compiled settings, those that routes share but once.
    pub fn distinct(&self) -> impl Iterator<Item = &Rc<P>> {
        self.settings().enumerate().filter_map(|(index, plugin)| {
            let seen = self.settings().take(index).any(|earlier| Rc::ptr_eq(earlier, plugin));
            (!seen).then_some(plugin)
        })
    }

    /// The settings for a request: the first route that matches, or `default`. `property` reads a property of the
    /// host; it is asked only for what routes match on.
    pub fn choose(&self, request: &Headers, property: impl Fn(&[&str]) -> Option<Vec<u8>>) -> &Route<P> {
        if self.routes.is_empty() {
            return &self.default;
        }
        let view = View::new(request, &property);
        self.routes
            .iter()
            .find(|route| {
                let disguised = route.weaker && view.is_disguised();
                !disguised && route.matcher.as_ref().is_some_and(|matcher| matcher.matches(&view))
            })
            .unwrap_or(&self.default)
    }

    /// The most bytes of a body that the host may hold for one stream.
    pub fn max_held(&self, over: Over) -> usize {
        let limit = self.host_buffer_limit.unwrap_or(usize::MAX).min(MOST_BODY);
        match over {
            Over::Refuse => limit,
            Over::Pass => limit.saturating_sub(LONGEST_PIECE).max(limit / 2),
        }
    }

    /// `limits.maxBody`, bytes.
    pub fn max_body(&self) -> usize {
        self.limits.max_body
    }
}
