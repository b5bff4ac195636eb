//! What the log says of a match: the line that tools for ModSecurity read, or one of JSON.

mod config;
mod escape;
mod line;
mod rate;
mod record;
mod secrets;

pub use config::{Format, LogConfig, LogLevel};
pub(crate) use line::{Subject, line, reason};
pub(crate) use rate::Rate;
pub(crate) use record::{omitted, record};
pub(crate) use secrets::{Secrets, hides};

use crate::transaction::{Match, Transaction};
use portcullis_core::{Effect, Exchange, Level};
use std::time::Duration;

/// How the matches of one route are written.
#[derive(Debug)]
pub(crate) struct Report {
    format: Format,
    /// `None` for `off`.
    level: Option<Level>,
    rate: Rate,
}

impl Report {
    pub(crate) fn new(config: &LogConfig) -> Report {
        Report { format: config.format, level: config.matches.level(), rate: Rate::new(config.per_second) }
    }

    /// Whether the account of lines wants to hear when a second is over.
    pub(crate) fn needs_ticks(&self) -> bool {
        self.level.is_some() && self.rate.is_limited()
    }

    /// The lines for those of these matches that want to be logged, as far as the account allows.
    pub(crate) fn matches(
        &self,
        exchange: &Exchange,
        transaction: &Transaction,
        matches: &[Match],
    ) -> Vec<Effect> {
        let Some(level) = self.level.filter(|level| exchange.logs(*level)) else { return Vec::new() };
        let mut effects = Vec::new();
        for matched in matches.iter().filter(|matched| matched.log) {
            let (allowed, left_out) = self.rate.take(exchange.time);
            effects.extend(left_out.map(|count| self.left_out(level, count)));
            if allowed {
                effects.push(match self.format {
                    Format::Modsecurity => Effect::Line { level, text: transaction.log_line(matched) },
                    Format::Json => Effect::Log(record(level, matched, &transaction.subject())),
                });
            }
        }
        effects
    }

    /// Time has passed: the line with the count of those that were left out, if a second with such is over.
    pub(crate) fn tick(&self, now: Duration) -> Vec<Effect> {
        let Some(level) = self.level else { return Vec::new() };
        self.rate.close(now).map(|count| self.left_out(level, count)).into_iter().collect()
    }

    fn left_out(&self, level: Level, count: u64) -> Effect {
        match self.format {
            Format::Modsecurity => Effect::Line { level, text: line::omitted(count) },
            Format::Json => Effect::Log(omitted(level, count)),
        }
    }
}
