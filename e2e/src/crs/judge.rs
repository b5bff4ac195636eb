//! Cases through Envoy, judged as go-ftw judges, and what Envoy had to do with a failure.

use super::exceptions::Kind;
use super::native::{Names, Native};
use super::proxy::{Crs, LISTENERS};
use super::traffic::{Seen, Task};
use portcullis_ftw::server::{Received, receive};
use portcullis_ftw::{Case, Observed, Stage, Worth, ids_in};
use std::collections::{BTreeMap, BTreeSet};

/// The requests of a case: its stages in order, each with one task or more.
pub fn tasks(case: &Case) -> Result<Vec<(&Stage, Task)>, String> {
    let mut tasks = Vec::new();
    for (index, stage) in case.stages.iter().enumerate() {
        if stage.input.follow_redirect == Some(true) {
            return Err("`follow_redirect` is not known here".to_owned());
        }
        for (number, wire) in stage.input.wire()?.into_iter().enumerate() {
            tasks.push((stage, Task { id: format!("{}-{index}-{number}", case.name()), wire }));
        }
    }
    Ok(tasks)
}

/// Whether all that the case expects holds of what was seen.
pub fn judge(case: &Case, seen: &BTreeMap<String, Seen>) -> Result<Worth, String> {
    let mut worth = Worth::Vacuous;
    for (stage, task) in tasks(case)? {
        let seen = seen.get(&task.id).ok_or("it was not sent")?;
        let log = seen.log.join("\n").into_bytes();
        let observed = Observed::of_log(seen.status, log, seen.response.clone());
        if stage.output.judge(&observed)? == Worth::Asserted {
            worth = Worth::Asserted;
        }
    }
    Ok(worth)
}

/// What Envoy, without the rules, does to the case's requests, if that is why it failed: the same engine, given what a
/// filter is shown, comes to the same ids as in Envoy, and is shown something else than was sent.
pub fn blame(crs: &Crs, native: &Native, case: &Case) -> Result<Kind, String> {
    let mut altered = false;
    for (stage, task) in tasks(case)? {
        let alone = |listener| crs.send_alone(listener, &task).map_err(|error| format!("{error:#}"));
        let [tests, _, recorder] = LISTENERS;
        let ((seen, _), (plain, recorded)) = (alone(tests)?, alone(recorder)?);
        let Some(recorded) = recorded else {
            let refused = plain.status.is_none_or(|status| status >= 400);
            return match refused && plain.status == seen.status && seen.log.is_empty() {
                true => Ok(Kind::Refuses),
                false => Err(format!("with rules {:?}, without {:?}, no record", seen.status, plain.status)),
            };
        };
        let ids: BTreeSet<u64> = ids_in(seen.log.join("\n").as_bytes()).into_iter().collect();
        let same = native.ids(&recorded);
        if same != ids {
            return Err(format!("in Envoy {ids:?}, natively on the recorded request {same:?}"));
        }
        // A strict server refuses what was sent: Envoy has made something else of it.
        altered |= !matches!(receive(&task.wire), Received::Request(_));
        let differs = |rule, names| native.sees_a_difference(rule, &task.wire, &recorded, names);
        let log = &stage.output.log;
        let mut rules = log.expect_ids.iter().chain(&log.no_expect_ids);
        altered |= rules.any(|rule| differs(*rule, Names::AnyCase));
        // A pattern on the log is about the rule that the test is for.
        altered |= !log.match_regex.is_empty() && differs(case.rule, Names::AsWritten);
    }
    match altered {
        true => Ok(Kind::Alters),
        false => Err("the rules are shown what was sent".to_owned()),
    }
}
