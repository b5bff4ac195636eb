//! The dearest attack string: each string of OWASP CRS's regression tests as the value of one argument, natively.

pub mod native;
mod strings;

use native::Rules;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// What no attack string as a value may take.
const BAR: Duration = Duration::from_millis(2);
/// How many are measured again, with care, after all have been measured twice.
const FINALISTS: usize = 40;
/// How often those are measured; the least counts, for disturbances only add.
const TIMES: usize = 25;

/// What came of it.
#[derive(Debug)]
pub struct Report {
    strings: usize,
    /// The dearest of each group of rules, the dearest first.
    worst: Vec<Cost>,
}

#[derive(Debug, Clone)]
struct Cost {
    took: Duration,
    /// The file of rules whose tests hold the string, such as `942`.
    group: String,
    value: Vec<u8>,
}

impl Report {
    /// Whether none is over the bar.
    pub fn holds(&self) -> bool {
        self.worst.iter().all(|cost| cost.took <= BAR)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} strings of OWASP CRS's tests, each as one argument; the dearest of each group:",
            self.strings
        )?;
        for cost in &self.worst {
            let text = cost.value[..cost.value.len().min(60)].escape_ascii().to_string();
            let took = cost.took.as_secs_f64() * 1e3;
            writeln!(out, "  {}  {took:7.3} ms  {:5} bytes  {text}", cost.group, cost.value.len())?;
        }
        let verdict = if self.holds() { "none is over" } else { "OVER" };
        write!(out, "{verdict} the bar of {:.1} ms", BAR.as_secs_f64() * 1e3)
    }
}

/// Measures all of them.
///
/// # Errors
/// Where there is no CRS, or its tests cannot be read.
pub fn measure() -> anyhow::Result<Report> {
    let rules = Rules::crs()?;
    let strings = strings::all()?;
    let count = strings.len();
    let mut costs: Vec<Cost> = strings
        .into_iter()
        .map(|(value, group)| Cost { took: least(&rules, &value, 2), group, value })
        .collect();
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.took));
    for cost in costs.iter_mut().take(FINALISTS) {
        cost.took = least(&rules, &cost.value, TIMES);
    }
    let mut worst: BTreeMap<String, Cost> = BTreeMap::new();
    for cost in costs {
        let known = worst.entry(cost.group.clone()).or_insert_with(|| cost.clone());
        if cost.took > known.took {
            *known = cost;
        }
    }
    let mut worst: Vec<Cost> = worst.into_values().collect();
    worst.sort_by_key(|cost| std::cmp::Reverse(cost.took));
    Ok(Report { strings: count, worst })
}

/// The least of so many exchanges with this value. Each has a number behind it, so that nobody wins by remembering.
fn least(rules: &Rules, value: &[u8], times: usize) -> Duration {
    let once = |number: usize| {
        let request = native::argument(&[value, format!(" {number}").as_bytes()].concat());
        let start = Instant::now();
        std::hint::black_box(rules.exchange(&request));
        start.elapsed()
    };
    (0..times).map(once).min().unwrap_or_default()
}
