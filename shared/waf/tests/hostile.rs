//! Requests that are made to cost, through OWASP CRS with the default limits: each ends within the default fuel, with a
//! verdict. The dearest of each kind is printed, and the dearest text that was found for each group of rules.
//!
//! What is held against a limit is fuel, which repeats exactly; times are printed for the reader.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was found is for the reader of the test's output"
)]

#[path = "stored_support/mod.rs"]
mod stored_support;

use portcullis_core::Plugin;
use portcullis_ftw::{layout, read_dir};
use portcullis_testkit::bombs::{self, Bomb};
use portcullis_waf::{Interruption, Ruleset, Transaction, Waf};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use stored_support::{base, dir};

/// `limits.fuel` where the configuration says nothing.
const FUEL: u64 = <Waf as Plugin>::FUEL;
/// `limits.maxBody` likewise.
const MOST_BYTES: usize = 1 << 20;
const BLOCKING: layout::Profile = layout::Profile { paranoia: 1, mode: layout::Mode::Blocking };

/// What a request has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Refused(u16),
    /// `onError` decides.
    OutOfFuel,
}

#[derive(Debug)]
struct Spent {
    name: String,
    verdict: Verdict,
    fuel: u64,
    /// What it would use if nothing stopped it.
    needed: u64,
    time: Duration,
}

#[test]
fn structures_end_within_the_fuel_and_broken_ones_are_refused() {
    let Some(rules) = rules() else { return };
    let spent: Vec<Spent> = bombs::structures().iter().map(|bomb| spend(&rules, bomb)).collect();
    print("structures", &spent);
    for (bomb, spent) in bombs::structures().iter().zip(&spent) {
        let is_refused = matches!(spent.verdict, Verdict::Refused(400 | 403 | 413) | Verdict::OutOfFuel);
        assert!(is_refused || !bomb.is_broken, "{spent:?}");
    }
}

#[test]
fn long_texts_end_within_the_fuel() {
    let Some(rules) = rules() else { return };
    let spent: Vec<Spent> = bombs::texts().iter().map(|bomb| spend(&rules, bomb)).collect();
    print("texts of 128 KB", &spent);
    // As long as a body may be by default: nothing ordinary fails for want of fuel.
    let starved: Vec<&Spent> = spent.iter().filter(|spent| spent.verdict == Verdict::OutOfFuel).collect();
    assert!(starved.is_empty(), "{starved:?}");
}

/// Each file of request rules by itself, against all long texts and the strings of its own tests: none uses up the fuel
/// alone.
#[test]
fn no_rule_group_uses_up_the_fuel_alone() {
    const OWN: usize = 12;
    let Some(dir) = dir() else { return };
    let strings = strings(&dir);
    let mut dearest = Vec::new();
    for (group, rules) in groups(&dir) {
        let own = strings.get(&group).into_iter().flatten().take(OWN);
        let own = own.map(|text| {
            let name = text.escape_default().take(50).collect::<String>();
            bombs::repeated(&name, text.as_bytes(), 131_000)
        });
        let spent = bombs::texts().into_iter().chain(own).map(|bomb| spend(&rules, &bomb));
        let spent: Vec<Spent> =
            spent.map(|spent| Spent { name: format!("{group} {}", spent.name), ..spent }).collect();
        let over: Vec<&Spent> = spent.iter().filter(|spent| spent.verdict == Verdict::OutOfFuel).collect();
        assert!(over.is_empty(), "{over:?}");
        dearest.extend(spent.into_iter().max_by_key(|spent| spent.time));
    }
    print("the dearest of each group", &dearest);
    assert!(dearest.len() >= 12, "only {} groups", dearest.len());
}

fn rules() -> Option<Rc<Ruleset>> {
    let Some(dir) = dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return None;
    };
    Some(Rc::new(layout::stored(&base(&dir), BLOCKING).unwrap()))
}

/// The files of request rules, each with what initialises CRS alone.
fn groups(dir: &Path) -> Vec<(String, Rc<Ruleset>)> {
    let sources = layout::find(dir).unwrap().sources(BLOCKING).unwrap();
    let number = |name: &str| name.strip_prefix("REQUEST-")?.split('-').next().map(str::to_owned);
    let is_rule_file = |name: &str| name.starts_with("REQUEST-") || name.starts_with("RESPONSE-");
    let numbers = sources.texts.iter().filter_map(|(name, _)| number(name));
    let meant = numbers.filter(|number| !matches!(number.as_str(), "900" | "901" | "905" | "949" | "999"));
    let of = |group: String| {
        let mut own = sources.clone();
        own.texts.retain(|(name, _)| {
            !is_rule_file(name) || number(name).is_some_and(|number| number == group || number == "901")
        });
        let rules = Rc::new(layout::compile(&own).unwrap());
        (group, rules)
    };
    meant.map(of).collect()
}

/// Strings that CRS's tests send, the longest first, by the file of rules that they are about.
fn strings(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in read_dir(dir).unwrap() {
        let group = case.name().chars().take(3).collect::<String>();
        for input in case.stages.into_iter().map(|stage| stage.input) {
            let texts = [input.uri, input.data].into_iter().flatten();
            let query =
                |text: String| text.split_once('?').map_or(text.clone(), |(_, query)| query.to_owned());
            groups.entry(group.clone()).or_default().extend(texts.map(query).filter(|text| text.len() < 900));
        }
    }
    for strings in groups.values_mut() {
        strings.sort_by_key(|text| std::cmp::Reverse(text.len()));
        strings.dedup();
    }
    groups
}

/// Takes the request through phases 1 and 2, twice: the second time nothing is compiled any more.
fn spend(rules: &Rc<Ruleset>, bomb: &Bomb) -> Spent {
    let mut first = Transaction::new(rules, u64::MAX);
    let _ = feed(&mut first, bomb);
    let needed = u64::MAX - first.fuel_left();
    let begin = Instant::now();
    let mut transaction = Transaction::new(rules, FUEL);
    let ended = feed(&mut transaction, bomb);
    let verdict = match (ended, transaction.interruption().map(Interruption::status)) {
        (Err(_), _) => Verdict::OutOfFuel,
        (Ok(()), Some(status)) => Verdict::Refused(status),
        (Ok(()), None) => Verdict::Passed,
    };
    let fuel = FUEL - transaction.fuel_left();
    Spent { name: bomb.name.clone(), verdict, fuel, needed, time: begin.elapsed() }
}

fn feed(transaction: &mut Transaction, bomb: &Bomb) -> Result<(), portcullis_core::OutOfFuel> {
    let method: &[u8] = if bomb.body.is_empty() { b"GET" } else { b"POST" };
    transaction.process_start(Duration::from_secs(1_780_000_000), b"hostile");
    transaction.process_connection(("192.0.2.7", "40000"), ("192.0.2.1", "80"));
    transaction.process_uri(bomb.target.as_bytes(), method, b"HTTP/1.1")?;
    let length = bomb.body.len().to_string();
    let own = [
        ("host", "shop.example"),
        ("user-agent", "Mozilla/5.0"),
        ("accept", "*/*"),
        ("content-length", &length),
    ];
    let is_sent = |name: &str| name != "content-length" || !bomb.body.is_empty();
    for (name, value) in
        own.iter().filter(|(name, _)| is_sent(name) && !bomb.fields.iter().any(|(other, _)| other == name))
    {
        transaction.add_request_header(name.as_bytes(), value.as_bytes());
    }
    for (name, value) in &bomb.fields {
        transaction.add_request_header(name.as_bytes(), value.as_bytes());
    }
    if transaction.process_request_headers()?.is_some() {
        return Ok(());
    }
    let shown = bomb.body.get(..MOST_BYTES).unwrap_or(&bomb.body);
    let _ = transaction.write_request_body(shown);
    if shown.len() < bomb.body.len() {
        transaction.mark_request_body_cut();
    }
    transaction.process_request_body().map(drop)
}

fn print(title: &str, spent: &[Spent]) {
    let mut order: Vec<&Spent> = spent.iter().collect();
    order.sort_by_key(|spent| std::cmp::Reverse(spent.time));
    println!("{title}: fuel used of {FUEL}, needed, milliseconds here, verdict");
    for Spent { name, verdict, fuel, needed, time } in order {
        println!("{fuel:>10} {needed:>11} {:>8.1} ms  {name}: {verdict:?}", time.as_secs_f64() * 1e3);
    }
}
