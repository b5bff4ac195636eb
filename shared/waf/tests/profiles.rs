//! Ten profiles of one CRS cost little more than one: what no directive has changed is shared.
//!
//! Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "stored_support/mod.rs"]
mod stored_support;

use portcullis_testkit::memory::Counting;
use portcullis_waf::{Base, Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: Counting = Counting::new();

/// Profiles as operators write them: another level, other exclusions, a rule of its own.
fn profile(base: &Base, number: usize) -> Ruleset {
    let settings = format!(
        "Include @recommended-conf\nInclude @crs-setup-conf\nSecRuleEngine On\n\
         SecAction \"id:900000,phase:1,nolog,pass,setvar:tx.blocking_paranoia_level={}\"\n\
         SecRule ARGS:own{number} \"@rx ^[a-z]{{{number}}}$\" \"id:1000,phase:2,deny\"\n\
         SecRule REQUEST_FILENAME \"@streq /p{number}\" \"id:1001,phase:1,nolog,pass,ctl:ruleRemoveTargetById=942100;ARGS:a\"\n",
        number % 4 + 1
    );
    let changes = format!(
        "SecRuleRemoveById 94211{number} 942{number}00-942{number}99\n\
         SecRuleUpdateTargetByTag attack-sqli \"!ARGS:comment{number}\"\n\
         SecRuleUpdateActionById 949110 \"status:4{number}0\"\n"
    );
    let texts =
        [("settings", settings.as_str()), ("rules", "Include @owasp_crs/*.conf"), ("changes", &changes)];
    Ruleset::on(base, &texts, &BTreeMap::new()).unwrap()
}

/// The first request makes what waits for it.
fn serve(ruleset: Ruleset) -> Rc<Ruleset> {
    let ruleset = Rc::new(ruleset);
    let mut transaction = Transaction::new(&ruleset, 1 << 40);
    transaction.process_uri(b"/search?q=shoes&page=2", b"GET", b"HTTP/1.1").unwrap();
    transaction.add_request_header(b"host", b"shop.example.com");
    transaction.add_request_header(b"user-agent", b"Mozilla/5.0 (X11)");
    transaction.add_request_header(b"accept", b"text/html");
    assert!(transaction.process_request_headers().unwrap().is_none());
    assert!(transaction.process_request_body().unwrap().is_none());
    ruleset
}

#[test]
fn ten_profiles_share_their_rules() {
    let Some(dir) = stored_support::dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let stored_support::Sources { texts, data } = stored_support::sources(&dir);
    let bytes: &'static [u8] = Base::compile(&texts, &data).unwrap().leak();
    drop((texts, data));

    let (mut first_time, mut others_time) = (Duration::MAX, Duration::MAX);
    let (mut one, mut ten, mut served) = (0, 0, 0);
    for _ in 0..3 {
        let (start, before) = (Instant::now(), MEMORY.held());
        let base = Base::read(bytes).unwrap();
        let first = profile(&base, 0);
        first_time = first_time.min(start.elapsed());
        one = MEMORY.held() - before;

        let (start, before) = (Instant::now(), MEMORY.held());
        let others: Vec<Ruleset> = (1..10).map(|number| profile(&base, number)).collect();
        others_time = others_time.min(start.elapsed());
        ten = MEMORY.held() - before;
        assert!(first.len() > 600 && others.iter().all(|other| other.len() > 600));
        let first = serve(first);
        let before = MEMORY.held();
        let others: Vec<Rc<Ruleset>> = others.into_iter().map(serve).collect();
        served = MEMORY.held() - before;
        assert!(first.len() > 600 && others.len() == 9);
    }
    println!(
        "first {first_time:?} and {one} bytes, nine more {others_time:?} and {ten} bytes, {served} at work"
    );
    assert!(ten < 1 << 20, "nine profiles more hold {ten} bytes more");
    assert!(served < 2 << 20, "nine profiles more hold {served} bytes more at work");
    assert!(others_time < first_time * 9, "nine more in {others_time:?}, the first in {first_time:?}");
}
