//! Ten profiles of one CRS cost little more than one: what no directive has changed is shared.
//!
//! Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "stored_support/mod.rs"]
mod stored_support;

use portcullis_testkit::memory::Counting;
use portcullis_waf::{Base, Ruleset};
use std::collections::BTreeMap;
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
    let (mut one, mut ten) = (0, 0);
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
    }
    println!("first {first_time:?} and {one} bytes, nine more {others_time:?} and {ten} bytes");
    assert!(ten < 1 << 20, "nine profiles more hold {ten} bytes more");
    assert!(others_time < first_time * 9, "nine more in {others_time:?}, the first in {first_time:?}");
}
