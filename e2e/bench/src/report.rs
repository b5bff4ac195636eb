//! Rows as a table for people.

use crate::proxies::{crs_version, nginx_version};
use crate::run::{Figures, Row};
use crate::table::{right, table};
use comfy_table::{Cell, Table};

/// All rows, a line for each contestant.
pub fn report(rows: &[Row]) -> Table {
    let head = [
        "row",
        "who",
        "CPU us",
        "least us",
        "added us",
        "p50 us",
        "p99 us",
        "req/s",
        "RSS MB",
        "start CPU s",
        "start s",
        "module MB",
        "filter/this",
    ];
    let mut table = table(head);
    for row in rows {
        for (index, figures) in row.results.iter().enumerate() {
            let name = if index == 0 { row.name.as_str() } else { "" };
            table.add_row(line(name, figures, row.results.first()));
        }
    }
    table
}

/// What stands below the table: who is missing, and why.
pub fn notes(rows: &[Row]) -> Vec<String> {
    rows.iter().flat_map(|row| row.notes.iter().map(|note| format!("{}: {note}", row.name))).collect()
}

/// What a comparison of WAFs compares, as far as it is there.
pub fn versions(rows: &[Row]) -> Option<String> {
    let compares =
        rows.iter().any(|row| row.results.iter().any(|figures| figures.name.contains("modsecurity")));
    let or_why = |version: anyhow::Result<String>| version.unwrap_or_else(|error| format!("{error:#}"));
    compares.then(|| format!("{}, OWASP CRS {}", or_why(nginx_version()), or_why(crs_version())))
}

fn line(row: &str, figures: &Figures, filter: Option<&Figures>) -> Vec<Cell> {
    let added =
        figures.added.map_or_else(String::new, |(least, greatest)| format!("{least:.1}..{greatest:.1}"));
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    let is_filter = filter.is_some_and(|filter| filter.name == figures.name);
    let ratio = filter.filter(|_| !is_filter).map_or_else(String::new, |filter| ratio(filter, figures));
    vec![
        Cell::new(row),
        Cell::new(figures.name),
        right(format!("{:.1}", figures.cpu)),
        right(format!("{:.1}", figures.cpu_least)),
        right(added),
        right(format!("{:.0}", figures.p50)),
        right(format!("{:.0}", figures.p99)),
        right(format!("{:.0}", figures.rate)),
        right(megabytes(figures.memory)),
        right(format!("{:.2}", figures.start_cpu)),
        right(format!("{:.2}", figures.start_wall)),
        right(figures.module.map_or_else(String::new, megabytes)),
        right(ratio),
    ]
}

/// The filter's CPU over this one's; behind it the same of what the work adds to the bare proxies, where both are known.
fn ratio(filter: &Figures, other: &Figures) -> String {
    let whole = format!("{:.2}", filter.cpu / other.cpu);
    match (filter.added, other.added) {
        (Some((ours, _)), Some((theirs, _))) if theirs > 0.0 => format!("{whole} ({:.2})", ours / theirs),
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(name: &'static str, cpu: f64, added: Option<(f64, f64)>) -> Figures {
        Figures {
            name,
            cpu,
            cpu_least: cpu - 1.0,
            added,
            p50: 100.0,
            p99: 200.0,
            rate: 10_000.0,
            memory: 50_000_000,
            start_cpu: 0.5,
            start_wall: 0.6,
            module: None,
        }
    }

    #[test]
    fn a_line_for_each_with_ratios_to_the_filter() {
        let results = vec![
            figures("waf", 90.0, Some((30.0, 32.0))),
            figures("no filter", 60.0, None),
            figures("nginx", 100.0, Some((60.0, 61.0))),
        ];
        let row = Row { results, ..Row::new("waf get", vec!["x: missing".into()]) };
        let text = report(std::slice::from_ref(&row)).to_string();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert!(lines[0].contains("waf get") && lines[0].contains("30.0..32.0"), "{text}");
        assert!(lines[1].trim_end().ends_with("1.50"), "{text}");
        assert!(lines[2].trim_end().ends_with("0.90 (0.50)"), "{text}");
        assert_eq!(notes(&[row]), ["waf get: x: missing"]);
    }
}
