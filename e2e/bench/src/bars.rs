//! The bars: what was promised, judged within one run.

use crate::rows::{WAF_CRS, WAF_CRS_PL4};
use crate::run::{Figures, Row};
use anyhow::{Result, bail};

/// What a filter that does nothing may add to a request, in CPU microseconds.
const PASSING: f64 = 10.0;
/// Which part of what libmodsecurity adds the WAF may add. The page in gzip is held against their plain page, for they
/// do not look into gzip.
const PARTS: [(&str, &str, f64); 5] = [
    ("get", "get", 15.0),
    ("json", "json", 25.0),
    ("form", "form", 10.0),
    ("page", "page", 10.0),
    ("gzip", "page", 10.0),
];
/// CPU microseconds that distinct requests may add on a machine on which libmodsecurity adds [`REFERENCE`] to a GET.
const DISTINCT: [(&str, f64); 3] =
    [("distinct-get", 200.0), ("distinct-json", 1300.0), ("distinct-form", 6000.0)];
const REFERENCE: f64 = 1900.0;
/// How many times as much paranoia level 4 may add.
const PARANOID: f64 = 2.0;
/// Resident megabytes of an Envoy with the WAF and one worker.
const MEMORY: f64 = 150.0;
/// CPU seconds until ready.
const START: f64 = 4.0;
/// CPU milliseconds of the first thousand requests, the 99th percentile.
const FIRST: f64 = 20.0;
/// The peer's name begins so.
const PEER: &str = "nginx modsecurity";

/// A bar and how it came out.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    text: String,
    value: f64,
    limit: f64,
    /// Whether it holds on any machine: a ratio, or memory. The others are printed.
    asserted: bool,
}

impl Bar {
    fn new(what: &str, value: f64, limit: f64, unit: &str) -> Bar {
        Bar {
            text: format!("{what}: {value:.1} {unit}, bar {limit:.1} {unit}"),
            value,
            limit,
            asserted: true,
        }
    }

    fn printed(self) -> Bar {
        Bar { asserted: false, ..self }
    }

    /// Not a number is over.
    fn holds(&self) -> bool {
        self.value <= self.limit
    }
}

/// Judges all that has a bar, a line each.
///
/// # Errors
/// With `assert`, where a bar is missed or nothing that has one was measured.
pub fn judge(rows: &[Row], assert: bool) -> Result<String> {
    let bars: Vec<Bar> = [passing(rows), parts(rows), distinct(rows), paranoid(rows), process(rows)].concat();
    let line = |bar: &Bar| format!("{} {}", if bar.holds() { "ok  " } else { "OVER" }, bar.text);
    let text = bars.iter().map(line).collect::<Vec<_>>().join("\n");
    let over = bars.iter().filter(|bar| bar.asserted && !bar.holds()).count();
    match (assert, bars.is_empty(), over) {
        (true, true, _) => bail!("nothing was measured that has a bar"),
        (true, _, 1..) => bail!("{text}\n{over} bars are missed"),
        _ => Ok(text),
    }
}

fn passing(rows: &[Row]) -> Vec<Bar> {
    let added = own(rows, "empty get").and_then(|figures| figures.added);
    added.map(|(least, _)| Bar::new("a passing filter adds", least, PASSING, "us")).into_iter().collect()
}

fn parts(rows: &[Row]) -> Vec<Bar> {
    let bar = |(case, theirs, part): (&str, &str, f64)| {
        let name = format!("{WAF_CRS} {case}");
        let ours = own(rows, &name)?.added?.0;
        let theirs = peer(rows, &format!("{WAF_CRS} {theirs}")).unwrap_or(f64::NAN);
        let what = format!("{name} adds 1/{:.1} of libmodsecurity's {theirs:.0} us", theirs / ours);
        Some(Bar::new(&what, ours, theirs / part, "us"))
    };
    PARTS.into_iter().filter_map(bar).collect()
}

fn distinct(rows: &[Row]) -> Vec<Bar> {
    let machine = peer(rows, &format!("{WAF_CRS} get")).unwrap_or(f64::NAN) / REFERENCE;
    let bar = |(case, limit): (&str, f64)| {
        let name = format!("{WAF_CRS} {case}");
        let ours = own(rows, &name)?.added?.0;
        Some(Bar::new(
            &format!("{name} adds (bar {limit:.0} us on the reference machine)"),
            ours,
            limit * machine,
            "us",
        ))
    };
    DISTINCT.into_iter().filter_map(bar).collect()
}

fn paranoid(rows: &[Row]) -> Vec<Bar> {
    let bar = |(case, _, _): (&str, &str, f64)| {
        let name = format!("{WAF_CRS_PL4} {case}");
        let (high, low) = (own(rows, &name)?.added?.0, own(rows, &format!("{WAF_CRS} {case}"))?.added?.0);
        Some(Bar::new(
            &format!("{name} adds {:.1} times what level 1 does", high / low),
            high,
            PARANOID * low,
            "us",
        ))
    };
    PARTS.into_iter().filter_map(bar).collect()
}

/// The process: memory, start, first requests.
fn process(rows: &[Row]) -> Vec<Bar> {
    let of_group = |row: &&Row| row.name.starts_with(&format!("{WAF_CRS} "));
    let figures: Vec<&Figures> = rows.iter().filter(of_group).filter_map(|row| row.results.first()).collect();
    let most = |value: fn(&Figures) -> f64| figures.iter().map(|figures| value(figures)).reduce(f64::max);
    let memory = most(|figures| figures.memory as f64 / 1e6);
    let start = most(|figures| figures.start_cpu);
    let first = rows.iter().find_map(|row| row.first);
    let name = |what: &str| format!("{WAF_CRS} {what}");
    let bars = [
        memory.map(|value| Bar::new(&name("resident memory"), value, MEMORY, "MB")),
        start.map(|value| Bar::new(&name("CPU until ready"), value, START, "s").printed()),
        first.map(|first| {
            let what =
                format!("p99 of the first thousand (p50 {:.2} ms, worst {:.1} ms)", first.p50, first.worst);
            Bar::new(&name(&what), first.p99, FIRST, "ms").printed()
        }),
    ];
    bars.into_iter().flatten().collect()
}

/// The filter in question of a row.
fn own<'a>(rows: &'a [Row], name: &str) -> Option<&'a Figures> {
    rows.iter().find(|row| row.name == name)?.results.first()
}

/// What libmodsecurity adds in a row.
fn peer(rows: &[Row], name: &str) -> Option<f64> {
    let row = rows.iter().find(|row| row.name == name)?;
    Some(row.results.iter().find(|figures| figures.name.starts_with(PEER))?.added?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::first::First;

    fn row(name: &str, ours: f64, theirs: f64) -> Row {
        let figures =
            |name, added: f64| Figures { name, added: Some((added, added + 1.0)), ..Figures::default() };
        Row { results: vec![figures("waf-crs", ours), figures(PEER, theirs)], ..Row::new(name, Vec::new()) }
    }

    #[track_caller]
    fn check(rows: &[Row], over: &[&str]) {
        let text = judge(rows, false).unwrap();
        let found: Vec<&str> = text.lines().filter(|line| line.starts_with("OVER")).collect();
        assert_eq!(found.len(), over.len(), "{text}");
        assert!(over.iter().zip(&found).all(|(part, line)| line.contains(part)), "{text}");
    }

    #[test]
    fn a_passing_filter_may_add_ten_microseconds() {
        check(&[row("empty get", 9.9, 0.0)], &[]);
        check(&[row("empty get", 10.1, 0.0)], &["passing filter"]);
        assert!(judge(&[row("empty get", 10.1, 0.0)], true).is_err());
        assert!(judge(&[row("dlp get", 1.0, 1.0)], true).unwrap_err().to_string().contains("nothing"));
    }

    #[test]
    fn the_waf_is_held_against_its_peer_in_the_same_run() {
        check(&[row("waf-crs get", 126.0, 1900.0), row("waf-crs json", 560.0, 14_100.0)], &[]);
        check(&[row("waf-crs get", 127.0, 1900.0), row("waf-crs json", 570.0, 14_100.0)], &["get", "json"]);
        let alone = Row {
            results: row("waf-crs get", 1.0, 1.0).results[..1].to_vec(),
            ..Row::new("waf-crs get", vec![])
        };
        check(&[alone], &["get"]);
    }

    #[test]
    fn distinct_requests_are_held_against_a_machine_like_this() {
        let twice_as_slow = row("waf-crs get", 1.0, 3800.0);
        check(&[twice_as_slow.clone(), row("waf-crs distinct-get", 399.0, 0.0)], &[]);
        check(&[twice_as_slow, row("waf-crs distinct-get", 401.0, 0.0)], &["distinct-get"]);
    }

    #[test]
    fn level_four_is_held_against_level_one() {
        let low = row("waf-crs form", 100.0, 2000.0);
        check(&[low.clone(), row("waf-crs-pl4 form", 199.0, 1.0)], &[]);
        check(&[low, row("waf-crs-pl4 form", 201.0, 1.0)], &["pl4 form"]);
    }

    #[test]
    fn what_only_this_machine_knows_is_printed_and_not_asserted() {
        let mut get = row("waf-crs get", 1.0, 1900.0);
        get.results[0].start_cpu = 4.1;
        let first = Some(First { p50: 1.0, p99: 21.0, worst: 40.0 });
        let start = Row { first, ..Row::new("waf-crs start", Vec::new()) };
        check(&[get.clone(), start], &["CPU until ready", "first thousand"]);
        assert!(judge(&[get.clone()], true).is_ok());
        get.results[0].memory = 151_000_000;
        assert!(judge(&[get], true).is_err());
    }
}
