//! Rules compiled to bytes are the rules that their text means.
//!
//! Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

#[path = "stored_support/mod.rs"]
mod rules;

use portcullis_waf::{Base, Ruleset, StoredError};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const BLOCKING: &str =
    "Include @recommended-conf\nInclude @crs-setup-conf\nSecRuleEngine On\nInclude @owasp_crs/*.conf";

/// The same directives, read as text: one `Include` a file, and all files given.
fn from_text(sources: &rules::Sources, head: &str) -> Ruleset {
    let files: BTreeMap<String, String> = sources.texts.iter().chain(&sources.data).cloned().collect();
    let names = sources.texts.iter().map(|(name, _)| name).filter(|name| name.starts_with("@owasp_crs/"));
    let includes: Vec<String> = names.map(|name| format!("Include {name}")).collect();
    let text = BLOCKING.replace("Include @owasp_crs/*.conf", &includes.join("\n"));
    Ruleset::parse(&[("a", head), ("b", &text)], &files).unwrap()
}

#[track_caller]
fn same(stored: &Ruleset, text: &Ruleset) {
    let (stored, text) = (format!("{stored:#?}"), format!("{text:#?}"));
    for (line, (a, b)) in stored.lines().zip(text.lines()).enumerate() {
        assert_eq!(a, b, "line {line} of the print");
    }
    assert_eq!(stored.len(), text.len());
}

#[test]
fn stored_rules_are_the_rules_of_the_text() {
    let Some(dir) = rules::dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let (sources, base) = (rules::sources(&dir), rules::base(&dir));
    for head in [
        "",
        // Default actions that say something give each rule something of its own.
        "SecDefaultAction \"phase:1,deny,status:406,nolog,tag:'ours',setvar:tx.a=1\"\nSecDefaultAction \"phase:4,drop,t:lowercase,log\"",
    ] {
        let stored = Ruleset::on(&base, &[("a", head), ("b", BLOCKING)], &BTreeMap::new()).unwrap();
        let text = from_text(&sources, head);
        assert!(stored.len() > 600, "only {} rules", stored.len());
        same(&stored, &text);
    }
}

#[test]
fn single_files_and_data_of_the_configuration() {
    let Some(dir) = rules::dir() else { return };
    let base = rules::base(&dir);
    let one = "Include @owasp_crs/REQUEST-942-APPLICATION-ATTACK-SQLI.conf";
    let alone = Ruleset::on(&base, &[("a", one)], &BTreeMap::new()).unwrap();
    assert!((20..200).contains(&alone.len()), "{} rules", alone.len());

    let scanners = "Include @owasp_crs/REQUEST-913-SCANNER-DETECTION.conf";
    let files = BTreeMap::from([("scanners-user-agents.data".to_owned(), "our-own-scanner".to_owned())]);
    let own = format!("{:?}", Ruleset::on(&base, &[("a", scanners)], &files).unwrap());
    assert!(own.contains("our-own-scanner"));
    let missing = Ruleset::on(&base, &[("a", "\n  Include @owasp_crs/REQUEST-999.conf")], &BTreeMap::new());
    assert_eq!(
        missing.unwrap_err().to_string(),
        "a:2:3: there is no text `@owasp_crs/REQUEST-999.conf`; this build has `@builtin`, `@demo-conf`, `@ftw-conf`, \
         `@recommended-conf`, `@crs-setup-conf`, `@owasp_crs/*.conf`, and `files`"
    );
}

#[test]
fn damaged_bytes_are_refused() {
    let texts = [(
        "@a".to_owned(),
        "SecRule ARGS:/x/ \"@pm a %b\" \"id:1,phase:1,deny,setvar:tx.a=%{ARGS.b}\"".to_owned(),
    )];
    let bytes = Base::compile(&texts, &[]).unwrap();
    let include = |bytes: &[u8]| {
        let base = Base::read(bytes.to_vec().leak())?;
        let found = Ruleset::on(&base, &[("a", "Include @a")], &BTreeMap::new());
        found.map_err(|_| StoredError::Damaged).map(|ruleset| ruleset.len())
    };
    assert_eq!(include(&bytes), Ok(1));
    assert!(Base::read(&[]).unwrap().is_empty());
    assert_eq!(Base::read(b"something else").unwrap_err(), StoredError::Damaged);
    let mut other = bytes.clone();
    other[8] ^= 1;
    assert_eq!(include(&other), Err(StoredError::Version));
    for length in 16..bytes.len() {
        assert!(include(&bytes[..length]).is_err(), "cut at {length}");
    }
    // Whatever the bytes say, reading ends and does not panic.
    for place in 16..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let _ = include(&changed);
        }
    }
}

/// Reading takes a small part of what parsing takes: a VM starts with it, several times.
#[test]
fn reading_is_quick() {
    let Some(dir) = rules::dir() else { return };
    let sources = rules::sources(&dir);
    let bytes: &'static [u8] = Base::compile(&sources.texts, &sources.data).unwrap().leak();
    let best = |mut run: Box<dyn FnMut()>| {
        let once = |run: &mut Box<dyn FnMut()>| {
            let start = Instant::now();
            run();
            start.elapsed()
        };
        (0..3).map(|_| once(&mut run)).min().unwrap_or(Duration::MAX)
    };
    let stored = best(Box::new(move || {
        let base = Base::read(bytes).unwrap();
        Ruleset::on(&base, &[("a", BLOCKING)], &BTreeMap::new()).unwrap();
    }));
    let text = best(Box::new(move || drop(from_text(&sources, ""))));
    println!("stored {stored:?}, text {text:?}, {} bytes", bytes.len());
    assert!(stored * 8 < text, "{stored:?} against {text:?}");
}
