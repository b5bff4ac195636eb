//! Runs rows: starts the contestants, checks that each does its work, and drives them in turn.

use crate::first::{self, First};
use crate::load::{Answer, Load, Target, Upstream};
use crate::proxies::Running;
use crate::rows::{Case, Contestant, Group, Seen, Sent};
use crate::statistics::{Difference, median, percentile};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Turns in a round: A B, A B, ...
const TURNS: usize = 20;
/// How long one contestant's turn lasts, about.
const TURN: Duration = Duration::from_millis(60);
/// Connections of the load.
const CONNECTIONS: usize = 4;
/// After this, a turn has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a row.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The filter in question first; those that could not be measured are missing.
    pub results: Vec<Figures>,
    /// Why somebody is missing, or all are.
    pub notes: Vec<String>,
    /// Whether something went wrong that is no mere absence.
    pub failed: bool,
    /// The row of a start: what its first requests cost. It has no other results.
    pub first: Option<First>,
}

impl Row {
    /// A row without figures so far.
    pub fn new(name: impl Into<String>, notes: Vec<String>) -> Row {
        Row { name: name.into(), results: Vec::new(), notes, failed: false, first: None }
    }
}

/// What was measured of one contestant.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Who.
    pub name: &'static str,
    /// CPU microseconds a request, user and system, of all its processes: the median of all turns.
    pub cpu: f64,
    /// The least of all turns: on a busy machine the truer figure, for disturbances only add.
    pub cpu_least: f64,
    /// CPU microseconds a request over the same proxy without the work: least and greatest of the rounds' medians.
    pub added: Option<(f64, f64)>,
    /// Microseconds.
    pub p50: f64,
    /// Microseconds.
    pub p99: f64,
    /// Requests a second under this load, with clients and upstream on the same machine.
    pub rate: f64,
    /// Resident bytes at the end.
    pub memory: u64,
    /// CPU seconds until ready.
    pub start_cpu: f64,
    /// Seconds until ready.
    pub start_wall: f64,
    /// Bytes of the module.
    pub module: Option<u64>,
}

/// A contestant that runs, and what was measured of it so far.
struct Runner<'a> {
    contestant: &'a Contestant,
    running: &'a Running,
    target: Target,
    expected: Answer,
    /// For each turn, so that it lasts about as long as it should.
    requests: usize,
    /// CPU microseconds a request, by round and turn.
    costs: Vec<Vec<f64>>,
    latencies: Vec<Duration>,
    wall: Duration,
}

/// Runs those rows of a group whose names are wanted.
pub fn group(group: &Group, wanted: impl Fn(&str) -> bool, rounds: usize) -> Result<Vec<Row>> {
    let rows: Vec<(String, &Case)> = group.rows().filter(|(name, _)| wanted(name)).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let upstream = Upstream::start()?;
    let mut notes = Vec::new();
    let mut started = Vec::new();
    for contestant in group.contestants {
        match contestant.proxy.start(upstream.port()) {
            Ok(running) => started.push((contestant, running)),
            Err(error) => notes.push(format!("{}: {error:#}", contestant.name)),
        }
    }
    for (contestant, running) in &started {
        asleep(group, contestant, running).with_context(|| contestant.name)?;
    }
    // Without the filter in question there is nothing to compare.
    if started.first().is_none_or(|(first, _)| first.name != group.contestants[0].name) {
        let row = |(name, _)| Row::new(name, notes.clone());
        return Ok(rows.into_iter().map(row).collect());
    }
    let run = |(name, case): (String, &Case)| {
        let mut row = Row::new(name, notes.clone());
        match self::case(group, &started, &upstream, case, rounds) {
            Ok(results) => row.results = results,
            Err(error) => {
                row.notes.push(format!("{error:#}"));
                row.failed = true;
            }
        }
        row
    };
    let mut results: Vec<Row> = rows.into_iter().map(run).collect();
    if group.first_requests {
        drop(started);
        let first = first::measure(group, &upstream);
        let name = format!("{} start", group.name);
        let notes = first.as_ref().err().map(|error| format!("{error:#}")).into_iter().collect();
        results.push(Row { failed: first.is_err(), first: first.ok(), ..Row::new(name, notes) });
    }
    Ok(results)
}

/// Fails where somebody who should do the work lets pass what the group says is to be refused.
fn asleep(group: &Group, contestant: &Contestant, running: &Running) -> Result<()> {
    let (Some(refused), Some(_)) = (group.refused, contestant.bare) else { return Ok(()) };
    match Target::new(running.port, Sent::Same(refused)).once()? {
        answer if answer.status == 403 => Ok(()),
        answer => bail!("an attack is not refused: {}", crate::load::excerpt(&answer)),
    }
}

fn case(
    group: &Group,
    started: &[(&Contestant, Running)],
    upstream: &Upstream,
    case: &Case,
    rounds: usize,
) -> Result<Vec<Figures>> {
    let mut runners = Vec::new();
    for (contestant, running) in started {
        let runner = Runner::new(contestant, running, upstream, case);
        runners.push(runner.with_context(|| contestant.name)?);
    }
    for _ in 0..rounds {
        runners.iter_mut().for_each(|runner| runner.costs.push(Vec::new()));
        for _ in 0..TURNS {
            for runner in &mut runners {
                runner.turn().with_context(|| runner.contestant.name)?;
            }
        }
    }
    for runner in &runners {
        // Whoever came between would have been measured in its place.
        runner.running.tree.owns(runner.running.port).with_context(|| runner.contestant.name)?;
    }
    let bare = |runner: &Runner| {
        let name = group.contestants[runner.contestant.bare?].name;
        runners.iter().find(|other| other.contestant.name == name).map(|other| other.costs.clone())
    };
    let bares: Vec<Option<Vec<Vec<f64>>>> = runners.iter().map(bare).collect();
    runners.into_iter().zip(bares).map(|(runner, bare)| runner.figures(bare.as_deref())).collect()
}

impl<'a> Runner<'a> {
    /// Looks whether it does its work, and how many requests make a turn.
    fn new(
        contestant: &'a Contestant,
        running: &'a Running,
        upstream: &Upstream,
        case: &Case,
    ) -> Result<Runner<'a>> {
        let target = Target::new(running.port, case.sent);
        let (expected, bytes) = upstream.watch(|| target.once())?;
        let upstream = String::from_utf8_lossy(&bytes).into_owned();
        let seen = Seen { upstream, answer: expected.clone() };
        let works = contestant.bare.is_some();
        if expected.status != 200 || (works && !(case.done)(&seen)) {
            bail!("the work is not done as it should be: {}", crate::load::excerpt(&expected));
        }
        let requests = turn_length(&target, &expected)?;
        Ok(Runner {
            contestant,
            running,
            target,
            expected,
            requests,
            costs: Vec::new(),
            latencies: Vec::new(),
            wall: Duration::ZERO,
        })
    }

    fn turn(&mut self) -> Result<()> {
        let before = self.running.tree.cpu()?;
        let load = Load { connections: CONNECTIONS, requests: self.requests, patience: PATIENCE };
        let measured = self.target.load(load, &self.expected)?;
        let used = self.running.tree.cpu()? - before;
        if let Some(round) = self.costs.last_mut() {
            round.push(used.as_secs_f64() * 1e6 / self.requests as f64);
        }
        self.latencies.extend(measured.latencies);
        self.wall += measured.wall;
        Ok(())
    }

    fn figures(mut self, bare: Option<&[Vec<f64>]>) -> Result<Figures> {
        let all: Vec<f64> = self.costs.iter().flatten().copied().collect();
        let pairs = |bare: &[Vec<f64>]| -> Vec<Vec<(f64, f64)>> {
            let rounds = self.costs.iter().zip(bare);
            rounds.map(|(own, other)| own.iter().copied().zip(other.iter().copied()).collect()).collect()
        };
        let added = bare.and_then(|bare| Difference::of(&pairs(bare)));
        let rate = self.latencies.len() as f64 / self.wall.as_secs_f64();
        Ok(Figures {
            name: self.contestant.name,
            cpu: median(&all).context("no turn")?,
            cpu_least: all.iter().copied().min_by(f64::total_cmp).context("no turn")?,
            added: added.map(|difference| (difference.least, difference.greatest)),
            p50: percentile(&mut self.latencies, 0.5).as_secs_f64() * 1e6,
            p99: percentile(&mut self.latencies, 0.99).as_secs_f64() * 1e6,
            rate,
            memory: self.running.tree.memory()?,
            start_cpu: self.running.start_cpu.as_secs_f64(),
            start_wall: self.running.start_wall.as_secs_f64(),
            module: self.running.module_size,
        })
    }
}

/// Warms up, and finds how many requests take about as long as a turn should.
fn turn_length(target: &Target, expected: &Answer) -> Result<usize> {
    let mut requests = 64;
    loop {
        let load = Load { connections: CONNECTIONS, requests, patience: PATIENCE };
        let start = Instant::now();
        target.load(load, expected)?;
        let took = start.elapsed();
        if took >= TURN / 2 || requests >= 1 << 20 {
            let fitting = requests as f64 * TURN.as_secs_f64() / took.as_secs_f64();
            return Ok((fitting as usize).max(CONNECTIONS));
        }
        requests *= 2;
    }
}
