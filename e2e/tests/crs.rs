//! OWASP CRS's own regression tests through stock Envoy: paranoia level 4, nothing is stopped, as CRS's test set-up asks.
//!
//! Skipped with a notice where there is no CRS or no module with it.

use portcullis_e2e::crs::{Crs, Native, Seen, Task, blame, exceptions, folder, judge, rules, tasks};
use portcullis_e2e::signs_of_death;
use portcullis_ftw::server::{Received, receive};
use portcullis_ftw::{Case, Worth, read_dir};
use portcullis_testkit::corpus::{Outcome, Suite};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

/// The most tests that may fail because of what Envoy does to their requests.
const MOST_EXCEPTIONS: usize = 40;

struct Rig {
    crs: Crs,
    folder: PathBuf,
    cases: Vec<Case>,
}

static RIG: LazyLock<Option<Rig>> = LazyLock::new(|| {
    let folder = folder()?;
    let cases = read_dir(&folder).unwrap();
    Some(Rig { crs: Crs::start(&folder).unwrap(), folder, cases })
});

fn send<'a>(rig: &Rig, listener: &str, cases: impl Iterator<Item = &'a Case>) -> BTreeMap<String, Seen> {
    let of = |case: &Case| tasks(case).unwrap_or_default().into_iter().map(|(_, task)| task).collect();
    let tasks: Vec<Task> = cases.flat_map(|case| -> Vec<Task> { of(case) }).collect();
    rig.crs.send(listener, &tasks).unwrap()
}

#[test]
fn regression_tests() {
    let Some(rig) = &*RIG else { return };
    let exceptions = exceptions().unwrap();
    assert!(exceptions.len() <= MOST_EXCEPTIONS, "{} exceptions", exceptions.len());
    let native = Native::load(&rig.folder).unwrap();
    let seen = send(rig, "tests", rig.cases.iter());
    let cases = rig.cases.iter().map(|case| (case.name(), case));
    let mut blamed = 0;
    let report = Suite::new("crs through envoy")
        .floor(4_650)
        .except_all(exceptions.iter().map(|exception| (exception.test.clone(), exception.reason.clone())))
        .run(cases, |case| match judge(case, &seen) {
            Ok(Worth::Asserted) => Ok(Outcome::Asserted),
            Ok(Worth::Vacuous) => Ok(Outcome::Vacuous),
            // Where everything fails, Envoy is not to blame.
            Err(failure) if blamed == 2 * MOST_EXCEPTIONS => Err(failure),
            Err(failure) => {
                blamed += 1;
                let blame = blame(&rig.crs, &native, case);
                Err(format!(
                    "{failure}; {}",
                    blame.map_or_else(|reason| reason, |kind| format!("Envoy {kind:?} it"))
                ))
            }
        });
    report.assert_clean();
    for exception in &exceptions {
        let case = rig.cases.iter().find(|case| case.name() == exception.test).unwrap();
        assert_eq!(blame(&rig.crs, &native, case), Ok(exception.envoy), "{}", exception.test);
    }
}

/// The version that [`BLOCKED`] was counted in.
const VERSION: &str = "OWASP_CRS/4.25.0";
/// Tests of rules of level 1 that expect a rule of level 1 and severity CRITICAL, which alone reaches the default thresholds.
const BLOCKED: usize = 2_072;
/// Those of them that something else than CRS stops first, with its status.
const OTHERWISE: [(&str, u16, &str); 1] = [(
    "920400-1",
    400,
    "the body is longer than its length says; the recommended configuration refuses a multipart body without its end",
)];

/// At paranoia level 1 and with the default thresholds: the client gets 403, and the upstream nothing; where the rule is about the
/// response, the client gets nothing of that.
#[test]
fn critical_rules_block() {
    let Some(rig) = &*RIG else { return };
    let rules = rules(&rig.folder).unwrap();
    let excepted: BTreeSet<String> = exceptions().unwrap().into_iter().map(|except| except.test).collect();
    let decides =
        |id: &u64| rules.get(id).is_some_and(|rule| rule.severity == "CRITICAL" && rule.paranoia == 1);
    let expects =
        |case: &Case| case.stages.iter().any(|stage| stage.output.log.expect_ids.iter().any(decides));
    let level_one = |case: &Case| rules.get(&case.rule).is_some_and(|rule| rule.paranoia == 1);
    let cases: Vec<&Case> = rig.cases.iter().filter(|case| level_one(case) && expects(case)).collect();
    if rules.values().any(|rule| rule.version == VERSION) {
        assert_eq!(cases.len(), BLOCKED, "the set has changed");
    }
    let wanted = cases.iter().flat_map(|case| tasks(case).unwrap());
    let wanted: Vec<Task> = wanted.map(|(_, task)| renamed(task)).collect();
    let seen = rig.crs.send("blocking", &wanted).unwrap();
    let requests = rig.crs.upstream.requests();
    let upstream: BTreeSet<String> =
        requests.iter().filter_map(|request| request.field("x-request-id")).collect();
    let unblocked: Vec<String> = cases
        .iter()
        .filter(|case| !excepted.contains(&case.name()))
        .filter_map(|case| blocked(case, &seen, &upstream).err())
        .collect();
    println!("{} tests of critical rules, {} not blocked", cases.len(), unblocked.len());
    assert!(unblocked.is_empty(), "{}:\n{}", unblocked.len(), unblocked.join("\n"));
    assert_eq!(signs_of_death(&rig.crs.envoy), [""; 0]);
}

/// The other listener's requests reach the upstream under their own names.
fn renamed(task: Task) -> Task {
    Task { id: format!("blocking-{}", task.id), ..task }
}

fn blocked(case: &Case, seen: &BTreeMap<String, Seen>, upstream: &BTreeSet<String>) -> Result<(), String> {
    let otherwise = OTHERWISE.iter().find(|(name, ..)| *name == case.name());
    let status = otherwise.map_or(403, |(_, status, _)| *status);
    let tasks: Vec<Task> = tasks(case)?.into_iter().map(|(_, task)| renamed(task)).collect();
    let stopped: Vec<&Task> = tasks.iter().filter(|task| seen[&task.id].status == Some(status)).collect();
    if stopped.is_empty() {
        let statuses: Vec<_> = tasks.iter().map(|task| seen[&task.id].status).collect();
        return Err(format!("{}: {statuses:?}", case.name()));
    }
    for task in stopped {
        let Received::Request(request) = receive(&task.wire) else { continue };
        let answer = portcullis_ftw::upstream::answer(&request).body;
        let response = &seen[&task.id].response;
        let leaks = !answer.is_empty() && response.windows(answer.len()).any(|window| window == answer);
        if leaks || (!is_about_responses(case) && upstream.contains(&task.id)) {
            return Err(format!("{}: it came through", case.name()));
        }
    }
    Ok(())
}

fn is_about_responses(case: &Case) -> bool {
    (950_000..960_000).contains(&case.rule)
}
