//! OWASP CRS's own regression tests, natively: paranoia level 4, DetectionOnly, as CRS's test set-up asks.
//!
//! On the rules as a module carries them. Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[path = "stored_support/mod.rs"]
mod stored_support;

use portcullis_ftw::{Case, Runner, Worth, layout, read_dir};
use portcullis_testkit::corpus::{Outcome, Suite};
use std::rc::Rc;
use stored_support::{base, dir};

const BLOCKING: layout::Profile = layout::Profile { paranoia: 1, mode: layout::Mode::Blocking };

#[test]
fn regression_tests() {
    let Some(dir) = dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let runner = Runner::new(Rc::new(layout::stored(&base(&dir), layout::TESTS).unwrap()));
    let judge = |case: &Case| {
        let run = runner.run(case);
        // No case passes because the server in front kept its request from the rules, unless it is about that.
        if let Some(reason) = run.refused
            && !expects_400(case)
        {
            return Err(format!("the request did not reach the rules: {reason}"));
        }
        match run.outcome? {
            Worth::Asserted => Ok(Outcome::Asserted),
            Worth::Vacuous => Ok(Outcome::Vacuous),
        }
    };
    let cases = read_dir(&dir).unwrap().into_iter().map(|case| (case.name(), case));
    Suite::new("crs regression").floor(4_674).run(cases, judge).assert_clean();
}

#[test]
fn attacks_get_403_and_ordinary_requests_pass() {
    let Some(dir) = dir() else { return };
    let runner = Runner::new(Rc::new(layout::stored(&base(&dir), BLOCKING).unwrap()));
    assert_eq!(status(&runner, "/?id=1'%20or%20'1'='1"), Some(403));
    assert_eq!(status(&runner, "/?q=%3Cscript%3Ealert(1)%3C/script%3E"), Some(403));
    assert_eq!(status(&runner, "/?f=../../../../etc/passwd"), Some(403));
    assert_eq!(status(&runner, "/?c=;cat%20/etc/passwd"), Some(403));
    assert_eq!(status(&runner, "/?q=rust&page=2"), Some(200));
    assert_eq!(status(&runner, "/articles/2026/05/the-quick-brown-fox"), Some(200));
}

fn expects_400(case: &Case) -> bool {
    case.stages.iter().any(|stage| stage.output.status == Some(400))
}

/// The status of a browser's plain GET.
fn status(runner: &Runner, uri: &str) -> Option<u16> {
    let wire = format!(
        "GET {uri} HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11)\r\nAccept: text/html\r\n\r\n"
    );
    runner.observe(wire.as_bytes()).unwrap().status
}
