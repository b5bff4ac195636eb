//! One exchange as the host drives it.

mod bodies;

use crate::Phase;
use crate::audit::MOST_MATCHES;
use crate::page::incident;
use crate::plugin::{
    BLOCKED, BODY_ERRORS, COLLECTION_CONFLICTS, COLLECTION_DROPS, COLLECTION_EVICTIONS, DETECTED, INSPECTED,
    MATCHES, Waf,
};
use crate::ruleset::{Engine, OverLimit};
use crate::transaction::{Interruption, Match, Response, Transaction};
use portcullis_core::{
    Access, Body, Effect, Exchange, Failure, FailureKind, Flow, MetricId, OutOfFuel, Over, Property,
    RequestVerdict, ResponseVerdict, Store, Stream, Summary, Verdict,
};
use std::rc::Rc;

/// The most rule ids that filter state holds.
const MOST_IDS: usize = 50;

/// The state of one exchange.
#[derive(Debug)]
pub struct WafStream {
    waf: Rc<Waf>,
    transaction: Transaction,
    ids: Vec<u64>,
    /// The matches for the audit log.
    audited: Vec<Match>,
    detected: bool,
    body_failed: bool,
}

impl WafStream {
    pub(crate) fn new(waf: &Rc<Waf>) -> WafStream {
        WafStream {
            waf: Rc::clone(waf),
            transaction: Transaction::new(&waf.ruleset, waf.fuel),
            ids: Vec::new(),
            audited: Vec::new(),
            detected: false,
            body_failed: false,
        }
    }

    fn feed_request(&mut self, exchange: &Exchange, store: &mut dyn Store) -> Result<(), OutOfFuel> {
        let transaction = &mut self.transaction;
        transaction.process_start(exchange.time, incident(exchange).as_bytes());
        transaction.process_connection(endpoint(&exchange.source), endpoint(&exchange.destination));
        let protocol = exchange.property(Property(0)).unwrap_or(b"HTTP/1.1");
        transaction.process_uri(target(exchange), exchange.request.method(), protocol)?;
        // A host that is there and empty is another thing than none.
        if let Some(host) = exchange.request.get(":authority") {
            transaction.add_request_header(b"host", host);
        }
        for (name, value) in exchange.request.iter().filter(|(name, _)| !name.starts_with(b":")) {
            transaction.add_request_header(name, value);
        }
        if is_chunked(exchange, protocol) {
            transaction.add_request_header(b"transfer-encoding", b"chunked");
        }
        transaction.phases(&self.waf.table, store).process_request_headers().map(drop)
    }

    /// The verdict after a phase has run.
    fn verdict<E>(&mut self, exchange: &Exchange, phase: Phase, run: Result<(), OutOfFuel>) -> Verdict<E> {
        let matches = self.transaction.take_matches();
        let counts = self.collection_counts();
        let mut verdict = match (run, self.transaction.interruption()) {
            (Err(fault), _) => Verdict::fail(Failure::new(FailureKind::Fuel, fault.to_string())),
            (Ok(()), Some(interruption)) => self.waf.pages.verdict(interruption, exchange),
            (Ok(()), None) => Verdict::proceed(),
        };
        verdict.effects.extend(counts);
        let logged = matches.iter().filter(|matched| matched.log).count();
        if logged > 0 {
            verdict
                .effects
                .push(Effect::Count { metric: MATCHES, by: i64::try_from(logged).unwrap_or(i64::MAX) });
        }
        verdict.effects.extend(self.waf.report.matches(exchange, &self.transaction, &matches));
        verdict.effects.extend(self.waf.metrics.matched(exchange, &matches));
        self.detected |= matches.iter().any(|matched| matched.disruptive);
        let room = MOST_IDS.saturating_sub(self.ids.len());
        self.ids.extend(matches.iter().filter(|matched| matched.log).map(|matched| matched.id).take(room));
        self.keep_for_audit(matches);
        if let Some(interruption) = self.transaction.interruption() {
            verdict.effects.extend(self.waf.metrics.interrupted(exchange, interruption));
            let metric = MetricId(BLOCKED + u16::from(phase.number() - 1).min(3));
            verdict.effects.push(Effect::Count { metric, by: 1 });
            verdict.effects.extend(self.states());
        }
        verdict
    }

    fn keep_for_audit(&mut self, matches: Vec<Match>) {
        let room = MOST_MATCHES.saturating_sub(self.audited.len());
        self.audited.extend(matches.into_iter().filter(|matched| matched.audit).take(room));
    }

    fn collection_counts(&mut self) -> impl Iterator<Item = Effect> + use<> {
        let counts = self.transaction.take_collection_counts();
        let counts = [
            (COLLECTION_CONFLICTS, counts.conflicts),
            (COLLECTION_EVICTIONS, counts.evicted),
            (COLLECTION_DROPS, counts.dropped),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        counts.map(|(metric, count)| Effect::Count { metric, by: i64::try_from(count).unwrap_or(i64::MAX) })
    }

    /// Filter state for access logs and later filters.
    fn states(&self) -> Vec<Effect> {
        let action = match (self.transaction.interruption(), self.detected) {
            (Some(Interruption { response: Response::Deny(_), .. }), _) => "deny",
            (Some(Interruption { response: Response::Drop, .. }), _) => "drop",
            (Some(Interruption { response: Response::Redirect { .. }, .. }), _) => "redirect",
            (None, true) if self.transaction.engine() == Engine::DetectionOnly => "detect",
            (None, _) => "pass",
        };
        let ids: Vec<String> = self.ids.iter().map(u64::to_string).collect();
        let mut states = vec![
            Effect::State { field: "action", value: action.as_bytes().to_vec() },
            Effect::State { field: "rule_ids", value: ids.join(",").into_bytes() },
        ];
        const INBOUND: [&str; 3] =
            ["blocking_inbound_anomaly_score", "inbound_anomaly_score", "anomaly_score"];
        const OUTBOUND: [&str; 2] = ["blocking_outbound_anomaly_score", "outbound_anomaly_score"];
        let score =
            |names: &[&str]| names.iter().find_map(|name| self.transaction.tx(name)).map(<[u8]>::to_vec);
        states.extend(score(&INBOUND).map(|value| Effect::State { field: "anomaly_score", value }));
        states.extend(score(&OUTBOUND).map(|value| Effect::State { field: "outbound_anomaly_score", value }));
        states
    }

    fn wish(&self, exchange: &Exchange) -> Option<Body> {
        let (limit, over) = self.transaction.wants_request_body()?;
        let over = match (over, self.transaction.engine()) {
            (OverLimit::Reject, Engine::On) => Over::Refuse,
            _ => Over::Pass,
        };
        let max = limit.min(self.waf.max_body);
        exchange.request_body.present.then_some(Body::Whole { max, access: Access::Read, over })
    }
}

impl Stream for WafStream {
    fn request_headers(&mut self, exchange: &Exchange, store: &mut dyn Store) -> RequestVerdict {
        let run = self.feed_request(exchange, store);
        let mut verdict: RequestVerdict = self.verdict(exchange, Phase::RequestHeaders, run);
        if self.transaction.engine() != Engine::Off {
            verdict.effects.push(Effect::Count { metric: INSPECTED, by: 1 });
            verdict.effects.extend(self.waf.metrics.request());
        }
        verdict.body = self.wish(exchange);
        if verdict.flow == Flow::Continue {
            verdict.edits.extend(self.narrowed(exchange));
        }
        verdict
    }

    fn request_body(&mut self, exchange: &Exchange, bytes: &[u8], _: &mut dyn Store) -> RequestVerdict {
        let run = self.read_request_body(exchange, bytes);
        if exchange.request_body.truncated {
            self.transaction.mark_request_body_cut();
        }
        self.body_verdict(exchange, Phase::RequestBody, run)
    }

    fn request_end(&mut self, exchange: &Exchange, store: &mut dyn Store) -> RequestVerdict {
        if exchange.request_body.aborted {
            return RequestVerdict::proceed();
        }
        self.transaction.process_time(exchange.time);
        let run = self.transaction.phases(&self.waf.table, store).process_request_body().map(drop);
        let mut verdict: RequestVerdict = self.verdict(exchange, Phase::RequestBody, run);
        if self.transaction.body_error().is_some() && !self.body_failed {
            self.body_failed = true;
            verdict.effects.push(Effect::Count { metric: BODY_ERRORS, by: 1 });
        }
        if self.transaction.interruption().is_none() && (!self.ids.is_empty() || self.detected) {
            verdict.effects.extend(self.states());
        }
        if self.detected && self.transaction.engine() == Engine::DetectionOnly {
            verdict.effects.push(Effect::Count { metric: DETECTED, by: 1 });
        }
        verdict
    }

    fn response_headers(&mut self, exchange: &Exchange, store: &mut dyn Store) -> ResponseVerdict {
        for (name, value) in exchange.response.iter().filter(|(name, _)| !name.starts_with(b":")) {
            self.transaction.add_response_header(name, value);
        }
        let status = exchange.response.status().unwrap_or(0);
        self.transaction.process_time(exchange.time);
        let run = self
            .transaction
            .phases(&self.waf.table, store)
            .process_response_headers(status, b"HTTP/1.1")
            .map(drop);
        let mut verdict: ResponseVerdict = self.verdict(exchange, Phase::ResponseHeaders, run);
        if let Some((limit, over)) = self.transaction.wants_response_body()
            && exchange.response_body.present
        {
            let over = match (over, self.transaction.engine()) {
                (OverLimit::Reject, Engine::On) => Over::Refuse,
                _ => Over::Pass,
            };
            verdict.body =
                Some(Body::Whole { max: limit.min(self.waf.max_body), access: Access::Read, over });
        }
        verdict
    }

    fn response_body(&mut self, exchange: &Exchange, bytes: &[u8], _: &mut dyn Store) -> ResponseVerdict {
        let run = self.read_response_body(exchange, bytes);
        self.body_verdict(exchange, Phase::ResponseBody, run)
    }

    fn response_end(&mut self, exchange: &Exchange, store: &mut dyn Store) -> ResponseVerdict {
        if exchange.response_body.aborted {
            return ResponseVerdict::proceed();
        }
        self.transaction.process_time(exchange.time);
        let run = self.transaction.phases(&self.waf.table, store).process_response_body().map(drop);
        self.verdict(exchange, Phase::ResponseBody, run)
    }

    fn log(&mut self, exchange: &Exchange, summary: &Summary, store: &mut dyn Store) -> Vec<Effect> {
        self.transaction.process_time(exchange.time);
        let run = self.transaction.phases(&self.waf.table, store).process_logging();
        let verdict: RequestVerdict = self.verdict_of_logging(exchange, run);
        let own = self.transaction.interruption().map(Interruption::status);
        let status = summary.status.or(own).unwrap_or_default();
        let record = self.waf.audit.finish(exchange, &self.transaction, &self.audited, status);
        [verdict.effects, record].concat()
    }
}

impl WafStream {
    /// Phase 5 can stop nothing, so that its matches are only noted; running out of fuel there is no failure.
    fn verdict_of_logging(&mut self, exchange: &Exchange, _: Result<(), OutOfFuel>) -> RequestVerdict {
        let matches = self.transaction.take_matches();
        let mut verdict = RequestVerdict::proceed();
        verdict.effects.extend(self.waf.report.matches(exchange, &self.transaction, &matches));
        verdict.effects.extend(self.collection_counts());
        verdict.effects.extend(self.waf.metrics.matched(exchange, &matches));
        let room = MOST_IDS.saturating_sub(self.ids.len());
        self.ids.extend(matches.iter().filter(|matched| matched.log).map(|matched| matched.id).take(room));
        self.keep_for_audit(matches);
        // What phases 3 to 5 have added still reaches the access log.
        if self.transaction.interruption().is_some() || !self.ids.is_empty() {
            verdict.effects.extend(self.states());
        }
        verdict
    }
}

/// The target of the request line. That of `CONNECT` is an authority and no path.
fn target(exchange: &Exchange) -> &[u8] {
    match exchange.request.path() {
        b"" if exchange.request.method() == b"CONNECT" => exchange.request.authority(),
        path => path,
    }
}

/// Envoy takes `transfer-encoding` away before any filter. In HTTP/1.1 a body without a length can only have been chunked,
/// and rules ask for that: a POST with neither field would look odd.
fn is_chunked(exchange: &Exchange, protocol: &[u8]) -> bool {
    let has = |name: &str| exchange.request.get(name).is_some();
    protocol == b"HTTP/1.1"
        && exchange.request_body.present
        && !has("content-length")
        && !has("transfer-encoding")
}

/// `ip:port` or `[ip]:port` as address and port.
fn endpoint(text: &str) -> (&str, &str) {
    let (address, port) = text.rsplit_once(':').unwrap_or((text, ""));
    (address.trim_start_matches('[').trim_end_matches(']'), port)
}
