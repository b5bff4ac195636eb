//! The audit log: whole exchanges as one JSON object a line, in the form of ModSecurity v3 or Coraza.

mod config;
mod coraza;
mod json;
mod modsecurity;
mod queue;
mod record;
mod settings;

pub use config::{AuditConfig, AuditFormat};
pub(crate) use settings::PartsChange;
pub use settings::{AuditEngine, Parts};

use crate::operators::{self, Compile, Recipe, Test};
use crate::plugin::{AUDIT_LOST, AUDIT_WRITTEN};
use crate::report::Rate;
use crate::ruleset::Settings;
use crate::transaction::{Match, Transaction};
use portcullis_core::{CallResult, ConfigError, Effect, Exchange, Level, MetricId};
use queue::Queue;
use record::Record;
use std::rc::Rc;

/// The most matches of one exchange that are kept for its record.
pub(crate) const MOST_MATCHES: usize = 100;

/// The audit log of one route.
#[derive(Debug)]
pub(crate) struct Audit {
    format: AuditFormat,
    sink: Sink,
    rate: Rate,
    relevant: Relevant,
}

/// `SecAuditLogRelevantStatus`.
#[derive(Debug)]
enum Relevant {
    /// There is none.
    No,
    Matching(Box<dyn Test>),
    /// The pattern cannot be used, for this reason; all errors are relevant.
    Errors(String),
}

#[derive(Debug)]
enum Sink {
    /// The proxy's log; `None` is `off`.
    Log(Option<Level>),
    Cluster(Rc<Queue>),
}

/// The audit logs of all routes; those with the same settings share a queue.
#[derive(Debug, Default)]
pub(crate) struct Audits(Vec<(AuditConfig, Rc<Queue>)>);

impl Audits {
    pub(crate) fn compile(
        &mut self,
        config: &AuditConfig,
        settings: &Settings,
    ) -> Result<Audit, ConfigError> {
        config.check()?;
        let sink = match &config.cluster {
            None => Sink::Log(config.level.level()),
            Some(cluster) => Sink::Cluster(self.queue(cluster, config)),
        };
        let relevant = Relevant::compile(&settings.audit_relevant_status);
        Ok(Audit { format: config.format, sink, rate: Rate::new(config.per_second), relevant })
    }

    fn queue(&mut self, cluster: &str, config: &AuditConfig) -> Rc<Queue> {
        if let Some((_, queue)) = self.0.iter().find(|(known, _)| known == config) {
            return Rc::clone(queue);
        }
        let queue = Rc::new(Queue::new(self.0.len() as u64, cluster, config));
        self.0.push((config.clone(), Rc::clone(&queue)));
        queue
    }
}

impl Relevant {
    fn compile(pattern: &str) -> Relevant {
        if pattern.is_empty() {
            return Relevant::No;
        }
        let argument = pattern.to_owned().into();
        let recipe =
            Recipe { argument: &argument, has_macros: false, files: &|_| None, compile: Compile::Now };
        operators::compile("rx", &recipe).map_or_else(Relevant::Errors, Relevant::Matching)
    }

    fn means(&self, status: u16) -> bool {
        match self {
            Relevant::No => false,
            Relevant::Matching(test) => test.matches(status.to_string().as_bytes(), b"", None),
            Relevant::Errors(_) => status >= 400,
        }
    }
}

impl Audit {
    /// What an operator should know of these settings.
    pub(crate) fn warning(&self) -> Option<String> {
        let Relevant::Errors(reason) = &self.relevant else { return None };
        Some(format!("SecAuditLogRelevantStatus: {reason}; all statuses from 400 on are relevant"))
    }

    /// Whether it wants to hear when a second is over.
    pub(crate) fn needs_ticks(&self) -> bool {
        matches!(self.sink, Sink::Cluster(_))
    }

    /// The exchange is over: its record, if it is to be written. `status` is what the client saw.
    pub(crate) fn finish(
        &self,
        exchange: &Exchange,
        transaction: &Transaction,
        matches: &[Match],
        status: u16,
    ) -> Vec<Effect> {
        let wanted = match transaction.audit_engine() {
            AuditEngine::Off => false,
            AuditEngine::On => true,
            AuditEngine::RelevantOnly => !matches.is_empty() || self.relevant.means(status),
        };
        match wanted {
            true => self.write(exchange, || self.render(&Record::new(transaction, matches, status))),
            false => Vec::new(),
        }
    }

    /// The call with what waits, a second after the last one at the earliest.
    pub(crate) fn tick(&self) -> Vec<Effect> {
        let Sink::Cluster(queue) = &self.sink else { return Vec::new() };
        queue.flush().map(|call| Effect::Call { token: queue.token, call }).into_iter().collect()
    }

    /// A call is over, perhaps one of ours.
    pub(crate) fn call_done(&self, token: u64, result: &CallResult) -> Vec<Effect> {
        let Sink::Cluster(queue) = &self.sink else { return Vec::new() };
        if queue.token != token {
            return Vec::new();
        }
        let taken = matches!(result, CallResult::Answer { headers, .. } if matches!(headers.status(), Some(200..=299)));
        count(if taken { AUDIT_WRITTEN } else { AUDIT_LOST }, queue.done())
    }

    fn write(&self, exchange: &Exchange, render: impl FnOnce() -> String) -> Vec<Effect> {
        if !self.rate.take(exchange.time).0 {
            return count(AUDIT_LOST, 1);
        }
        match &self.sink {
            Sink::Log(Some(level)) if exchange.logs(*level) => {
                let line = Effect::Line { level: *level, text: render() };
                [vec![line], count(AUDIT_WRITTEN, 1)].concat()
            }
            Sink::Log(_) => Vec::new(),
            Sink::Cluster(queue) => match queue.push(&render()) {
                true => Vec::new(),
                false => count(AUDIT_LOST, 1),
            },
        }
    }

    fn render(&self, record: &Record<'_>) -> String {
        match self.format {
            AuditFormat::Modsecurity => modsecurity::write(record),
            AuditFormat::Coraza => coraza::write(record),
        }
    }
}

fn count(metric: MetricId, by: u64) -> Vec<Effect> {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    if by == 0 { Vec::new() } else { vec![Effect::Count { metric, by }] }
}
