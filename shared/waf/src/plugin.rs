//! The engine as a plugin of the host: compiled settings, and what the host is told.

use crate::Phase;
use crate::audit::{Audit, Audits};
use crate::coded::AcceptEncoding;
use crate::collections::{CollectionsConfig, Table};
use crate::config::{Source, WafConfig, coraza};
use crate::metrics::Metrics;
use crate::page::Pages;
use crate::report::Report;
use crate::ruleset::{Engine, Ruleset};
use crate::stored::Base;
use crate::stream::WafStream;
use portcullis_core::{
    Background, Boot, ConfigError, Effect, Exchange, MetricId, MetricKind, MetricSpec, Needs, Plugin, Store,
};
use portcullis_seclang::ParseError;
use std::rc::Rc;
use std::time::Duration;

/// The compiled settings of one route.
#[derive(Debug)]
pub struct Waf {
    pub(crate) ruleset: Rc<Ruleset>,
    pub(crate) fuel: u64,
    pub(crate) max_body: usize,
    /// The most bytes that a decoded body has for each byte that was sent.
    pub(crate) max_inflation: usize,
    pub(crate) accept_encoding: AcceptEncoding,
    pub(crate) report: Report,
    pub(crate) pages: Pages,
    pub(crate) audit: Audit,
    pub(crate) metrics: Metrics,
    /// Where persistent collections live.
    pub(crate) table: Rc<Table>,
    late_ok: bool,
}

/// Requests that rules have looked at.
pub(crate) const INSPECTED: MetricId = MetricId(0);
/// Rules that have matched and want to be logged.
pub(crate) const MATCHES: MetricId = MetricId(1);
/// Requests whose body could not be read as what it says it is.
pub(crate) const BODY_ERRORS: MetricId = MetricId(2);
/// Requests that would have been stopped if the engine were not in `DetectionOnly`.
pub(crate) const DETECTED: MetricId = MetricId(3);
/// Exchanges stopped; the first of four, by phase.
pub(crate) const BLOCKED: u16 = 4;
/// Writes of persistent collections that were done again, because another worker had written.
pub(crate) const COLLECTION_CONFLICTS: MetricId = MetricId(8);
/// Instances of persistent collections that had to go for others, though they were not expired.
pub(crate) const COLLECTION_EVICTIONS: MetricId = MetricId(9);
/// Changes of persistent collections that were given up: the instance is too long for its slot.
pub(crate) const COLLECTION_DROPS: MetricId = MetricId(10);
/// Records of the audit log that the log, or the cluster, has taken.
pub(crate) const AUDIT_WRITTEN: MetricId = MetricId(11);
/// Records of the audit log that were lost: over `audit.perSecond`, no room, or the cluster has not taken them.
pub(crate) const AUDIT_LOST: MetricId = MetricId(12);
/// Bodies with a content coding that is not known; rules have seen the coded bytes.
pub(crate) const UNKNOWN_CODINGS: MetricId = MetricId(13);
/// Bodies whose content coding is broken or cut off; rules have seen what came before that.
pub(crate) const BROKEN_CODINGS: MetricId = MetricId(14);
/// Bodies that were too long once decoded; rules have seen their first part.
pub(crate) const DECODED_TOO_LONG: MetricId = MetricId(15);

const METRICS: [&str; 16] = [
    "inspected_requests",
    "matched_rules",
    "unreadable_bodies",
    "detected_requests",
    "blocked_requests.phase.request_headers",
    "blocked_requests.phase.request_body",
    "blocked_requests.phase.response_headers",
    "blocked_requests.phase.response_body",
    "collection_conflicts_total",
    "collection_evictions_total",
    "collection_drops_total",
    "audit_records_total",
    "audit_lost_total",
    "uninspected_bodies.reason.unknown_coding",
    "uninspected_bodies.reason.broken_coding",
    "uninspected_bodies.reason.decoded_too_long",
];

impl Plugin for Waf {
    const NAME: &'static str = "waf";
    type Config = WafConfig;
    type Stream = WafStream;
    /// coraza-proxy-wasm's.
    const FOREIGN_KEYS: &'static [&'static str] = coraza::KEYS;

    fn translate(configuration: &str) -> Result<String, ConfigError> {
        coraza::translate(configuration)
    }

    fn compile(configs: Vec<WafConfig>, boot: &Boot) -> Result<Vec<Rc<Waf>>, ConfigError> {
        let base = Base::read(boot.bundled).map_err(|error| ConfigError::new("", error))?;
        let mut known: Vec<(WafConfig, Rc<Ruleset>)> = Vec::new();
        let mut compiled = Vec::with_capacity(configs.len());
        let table =
            Rc::new(CollectionsConfig::table(configs.iter().map(|config| config.collections), boot.seed)?);
        let mut audits = Audits::default();
        for (index, config) in configs.into_iter().enumerate() {
            let ruleset = match known.iter().find(|(known, _)| known.has_rules_of(&config)) {
                Some((_, ruleset)) => Rc::clone(ruleset),
                None => {
                    let ruleset = ruleset(&base, &config, boot).map_err(|error| error.of(index))?;
                    known.push((config.clone(), Rc::clone(&ruleset)));
                    ruleset
                }
            };
            let (fuel, max_body) = (boot.fuel, boot.max_body);
            let report = Report::new(&config.log);
            let audit = audits.compile(&config.audit, ruleset.settings()).map_err(|error| error.of(index))?;
            let metrics = Metrics::compile(&config.metrics, &ruleset, METRICS.len())
                .map_err(|error| error.of(index))?;
            let pages = Pages::compile(&config.reply).map_err(|error| error.of(index))?;
            compiled.push(Rc::new(Waf {
                ruleset,
                fuel,
                max_body,
                max_inflation: config.max_inflation(),
                accept_encoding: config.accept_encoding,
                report,
                pages,
                audit,
                metrics,
                table: Rc::clone(&table),
                late_ok: config.late_ok,
            }));
        }
        Ok(compiled)
    }

    fn needs(&self) -> Needs {
        let settings = self.ruleset.settings();
        let denies_late = settings.request_body_access
            && settings.engine == Engine::On
            && self.ruleset.has_phase(Phase::RequestBody)
            && !self.late_ok;
        Needs {
            response: self.ruleset.has_phase(Phase::ResponseHeaders)
                || self.ruleset.has_phase(Phase::ResponseBody),
            addresses: true,
            properties: vec![vec!["request".to_owned(), "protocol".to_owned()]],
            metrics: METRICS
                .iter()
                .map(|name| MetricSpec { name: (*name).to_owned(), kind: MetricKind::Counter })
                .chain(self.metrics.specs().iter().cloned())
                .collect(),
            tick: (self.report.needs_ticks() || self.audit.needs_ticks()).then_some(Duration::from_secs(1)),
            held_headers: denies_late.then(|| "rules".to_owned()),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.ruleset.warnings().iter().cloned().chain(self.audit.warning()).collect()
    }

    fn stream(self: &Rc<Waf>, _exchange: &Exchange) -> WafStream {
        WafStream::new(self)
    }

    fn background(&self, event: Background<'_>, _store: &mut dyn Store) -> Vec<Effect> {
        match event {
            Background::Tick { now } => [self.report.tick(now), self.audit.tick()].concat(),
            Background::CallDone { token, result, .. } => self.audit.call_done(token, result),
        }
    }

    fn is_weaker_than(&self, default: &Waf) -> bool {
        !Rc::ptr_eq(&self.ruleset, &default.ruleset)
    }
}

fn ruleset(base: &Base, config: &WafConfig, boot: &Boot) -> Result<Rc<Ruleset>, ConfigError> {
    if config.crs.is_some() && base.is_empty() {
        let message = "this build has no OWASP CRS, take `waf-crs.wasm`";
        return Err(ConfigError::new("crs", message));
    }
    let sources = config.sources()?;
    let texts: Vec<(&str, &str)> =
        sources.iter().map(|source| (source.path.as_str(), source.text.as_str())).collect();
    Ruleset::on(base, &texts, &boot.files).map(Rc::new).map_err(|error| config_error(&error, &sources))
}

/// The path is the text's place in the configuration; a fault in a text that was included names that text.
fn config_error(error: &ParseError, sources: &[Source]) -> ConfigError {
    match sources.iter().any(|source| source.path == error.file) {
        true => {
            let place = error.span;
            ConfigError::new(
                error.file.clone(),
                format!("{}:{}: {}", place.line, place.column, error.message),
            )
        }
        false => ConfigError::new("rules", error),
    }
}
