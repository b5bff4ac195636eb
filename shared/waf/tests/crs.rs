//! OWASP CRS's own regression tests, natively: paranoia level 4, DetectionOnly, as CRS's test set-up asks.
//!
//! Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[path = "crs_support/mod.rs"]
mod crs_support;

use crs_support::{case, rules, run};
use portcullis_testkit::corpus::Suite;

/// Tests that expect what a server in front of the engine does.
const SERVER: [(&str, &str); 4] = [
    ("920181-1", "Apache drops content-length where the body is chunked; the engine alone sees both headers"),
    ("920620-1", "Apache joins two content-type headers into one; the engine alone sees two"),
    ("920640-5", "a server refuses a body without content-length; the engine alone sees it"),
    ("921140-1", "a server refuses a header with a bare carriage return; the engine alone sees it"),
];

#[test]
fn regression_tests() {
    let Some(dir) = rules::dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let ruleset = rules::load(&dir, rules::Mode::Detection).unwrap();
    let cases = case::all(&dir).into_iter().map(|case| (case.name.clone(), case));
    Suite::new("crs regression")
        .floor(4_650)
        .except_all(SERVER)
        .run(cases, |case| run::judge(&ruleset, case))
        .assert_clean();
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

/// The texts that the feature embeds are the same rules.
#[cfg(feature = "crs")]
#[test]
fn embedded_rules_load() {
    let names =
        "Include @recommended-conf\nInclude @crs-setup-conf\nSecRuleEngine On\nInclude @owasp_crs/*.conf";
    let ruleset =
        portcullis_waf::Ruleset::parse(&[("names", names)], &std::collections::BTreeMap::new()).unwrap();
    assert!(ruleset.len() > 600, "only {} rules", ruleset.len());
    assert_eq!(run::status(&std::rc::Rc::new(ruleset), &case::get("/?id=1'%20or%20'1'='1")), Some(403));
}
