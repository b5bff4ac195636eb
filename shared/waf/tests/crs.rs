//! OWASP CRS's own regression tests, natively: paranoia level 4, DetectionOnly, as CRS's test set-up asks.
//!
//! Skipped with a notice where no CRS is at hand. The numbers are a ratchet: they may only get better.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[path = "crs_support/mod.rs"]
mod crs_support;

use crs_support::{case, rules, run};

/// Tests that may fail. Lower it when the engine gets better.
const MOST_FAILURES: usize = 36;

#[test]
fn regression_tests() {
    let Some(dir) = rules::dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let ruleset = rules::load(&dir, rules::Mode::Detection).unwrap();
    let cases = case::all(&dir);
    assert!(cases.len() >= 4_600, "only {} tests", cases.len());
    let (mut passed, mut vacuous, mut failed) = (0, 0, Vec::new());
    for case in &cases {
        match run::judge(&ruleset, case) {
            Ok(true) => passed += 1,
            Ok(false) => vacuous += 1,
            Err(fault) => failed.push(format!("{}: {fault}", case.name)),
        }
    }
    println!("CRS regression: {passed} passed, {} failed, {vacuous} vacuous", failed.len());
    failed.iter().for_each(|line| println!("  {line}"));
    assert!(failed.len() <= MOST_FAILURES, "{} failures, the ratchet allows {MOST_FAILURES}", failed.len());
}

#[test]
fn attacks_get_403_and_ordinary_requests_pass() {
    let Some(dir) = rules::dir() else { return };
    let ruleset = rules::load(&dir, rules::Mode::Blocking).unwrap();
    let status = |uri: &str| run::status(&ruleset, &case::get(uri));
    assert_eq!(status("/?id=1'%20or%20'1'='1"), Some(403));
    assert_eq!(status("/?q=%3Cscript%3Ealert(1)%3C/script%3E"), Some(403));
    assert_eq!(status("/?f=../../../../etc/passwd"), Some(403));
    assert_eq!(status("/?c=;cat%20/etc/passwd"), Some(403));
    assert_eq!(status("/?q=rust&page=2"), None);
    assert_eq!(status("/articles/2026/05/the-quick-brown-fox"), None);
}
