//! Whether memory grows with the number of requests: many, each new, and the proxy's memory over time.

use crate::load::{Load, Target, Upstream};
use crate::rows::{GROUPS, Sent, WAF_CRS};
use anyhow::{Context, Result};
use portcullis_fuel::messages::Request;
use portcullis_fuel::traffic;
use std::time::Duration;

/// How often memory is read.
const STEPS: u64 = 10;
/// After this share of the requests everything that is kept has been made.
const WARM: usize = 2;
/// How much more may be resident at the end than when all was warm, megabytes: what allocators do.
const SLACK: f64 = 8.0;
const CONNECTIONS: usize = 4;
/// A step of so many requests at the slowest.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Resident megabytes after each step, the start first.
#[derive(Debug)]
pub struct Report {
    requests: u64,
    resident: Vec<f64>,
}

impl Report {
    /// Whether memory is level.
    pub fn is_level(&self) -> bool {
        let warm = self.resident.get(WARM).copied().unwrap_or(f64::MAX);
        self.resident.last().is_some_and(|last| last - warm <= SLACK)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (step, resident) in self.resident.iter().enumerate() {
            writeln!(out, "{:>9} requests: {resident:6.1} MB", self.requests * step as u64 / STEPS)?;
        }
        let verdict = if self.is_level() { "level" } else { "GROWS" };
        write!(out, "memory is {verdict}; the bar with one worker is 150 MB")
    }
}

/// Sends so many requests to the WAF with OWASP CRS.
///
/// # Errors
/// Where there is no module, or an answer is another than it should be.
pub fn measure(requests: u64) -> Result<Report> {
    let group = GROUPS.iter().find(|group| group.name == WAF_CRS).context("no group of the WAF")?;
    let upstream = Upstream::start()?;
    let running = group.contestants[0].proxy.start(upstream.port())?;
    let megabytes = || running.tree.memory().map(|bytes| bytes as f64 / 1e6);
    let target = Target::new(running.port, Sent::Distinct(mixed));
    let expected = target.once()?;
    let mut resident = vec![megabytes()?];
    for step in 1..=STEPS {
        let load =
            Load { connections: CONNECTIONS, requests: (requests / STEPS) as usize, patience: PATIENCE };
        target.load(load, &expected)?;
        resident.push(megabytes()?);
        eprintln!(
            "{} of {requests}: {:.1} MB",
            requests * step / STEPS,
            resident.last().copied().unwrap_or_default()
        );
    }
    Ok(Report { requests, resident })
}

/// Searches, with some records and forms among them.
fn mixed(number: u64) -> Request {
    match number % 100 {
        7 | 57 => traffic::records(number),
        33 => traffic::prose_form(number),
        _ => traffic::search(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_what_comes_after_all_is_warm() {
        let level = |resident: &[f64]| Report { requests: 100, resident: resident.to_vec() }.is_level();
        assert!(level(&[60.0, 100.0, 130.0, 131.0, 137.9]));
        assert!(!level(&[60.0, 100.0, 130.0, 135.0, 138.1]));
    }
}
