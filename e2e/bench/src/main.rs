//! `bench`: see the README beside.

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use portcullis_bench::fuel::{self, Baseline, Judgement};
use portcullis_bench::run::{self, Row};
use portcullis_bench::{attacks, bars, hostile, leak, report, rows};
use portcullis_testkit::repo;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(about = "Measures Portcullis' filters against their peers, and counts the engines' instructions")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Drives filters and peers in turn and prints what each request costs (the default)
    Run(RunArguments),
    /// Looks for the attack string of OWASP CRS's tests that costs the WAF most as one value, natively
    Attacks(AttackArguments),
    /// Sends the WAF in Envoy what is made to cost, and prints the CPU time of each
    Hostile(HostileArguments),
    /// Sends the WAF in Envoy very many requests, and prints its memory over time
    Leak(LeakArguments),
    /// Counts the instructions of the engines in wasm and compares them with bench/baseline.toml
    Fuel(FuelArguments),
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Only this row (`waf get`), or the rows of this group (`waf`)
    #[arg(long, value_name = "ROW")]
    only: Option<String>,
    /// How many rounds; each is twenty turns of every contestant
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Where the figures go as JSON [default: bench.json in the target folder]
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fails where a bar is missed
    #[arg(long)]
    assert: bool,
}

#[derive(Debug, Args)]
struct HostileArguments {
    /// Fails where one costs more than 50 ms
    #[arg(long)]
    assert: bool,
}

#[derive(Debug, Args)]
struct LeakArguments {
    /// How many
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    requests: u64,
}

#[derive(Debug, Args)]
struct AttackArguments {
    /// Fails where one takes longer than 2 ms
    #[arg(long)]
    assert: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct FuelArguments {
    /// Fails where a count has grown by more than 5 %
    #[arg(long)]
    check: bool,
    /// Makes the counts of now the baseline
    #[arg(long)]
    accept: bool,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Some(Command::Run(arguments)) => run_rows(&arguments),
        Some(Command::Attacks(arguments)) => run_attacks(&arguments),
        Some(Command::Hostile(arguments)) => run_hostile(&arguments),
        Some(Command::Leak(arguments)) => run_leak(&arguments),
        Some(Command::Fuel(arguments)) => run_fuel(&arguments),
        None => run_rows(&RunArguments { only: None, rounds: 3, json: None, assert: false }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_rows(arguments: &RunArguments) -> Result<()> {
    let mut results: Vec<Row> = Vec::new();
    for group in rows::GROUPS {
        let meant = |row: &str| group.is_meant(row, arguments.only.as_deref());
        if group.rows().any(|(name, _)| meant(&name)) {
            eprintln!("measuring {} ...", group.name);
        }
        results.extend(run::group(group, meant, usize::from(arguments.rounds))?);
    }
    if results.is_empty() {
        bail!("no row `{}`", arguments.only.as_deref().unwrap_or_default());
    }
    println!("{}", report::report(&results));
    report::notes(&results).iter().for_each(|note| println!("{note}"));
    report::versions(&results).iter().for_each(|versions| println!("{versions}"));
    let json = arguments.json.clone().unwrap_or_else(|| repo::target().join("bench.json"));
    std::fs::write(&json, serde_json::to_vec_pretty(&results)?)
        .with_context(|| format!("write {}", json.display()))?;
    println!("{}", bars::judge(&results, arguments.assert)?);
    match results.iter().find(|row| row.failed) {
        Some(row) => bail!("the row `{}` could not be measured", row.name),
        None => Ok(()),
    }
}

fn run_attacks(arguments: &AttackArguments) -> Result<()> {
    let report = attacks::measure()?;
    println!("{report}");
    match report.holds() {
        false if arguments.assert => bail!("an attack string costs too much"),
        _ => Ok(()),
    }
}

fn run_hostile(arguments: &HostileArguments) -> Result<()> {
    let report = hostile::measure()?;
    println!("{}", report.table());
    match report.over() {
        count @ 1.. if arguments.assert => bail!("{count} requests cost more than 50 ms"),
        count => println!("{count} requests cost more than 50 ms"),
    }
    Ok(())
}

fn run_leak(arguments: &LeakArguments) -> Result<()> {
    let report = leak::measure(arguments.requests)?;
    println!("{report}");
    match report.is_level() {
        true => Ok(()),
        false => bail!("memory grows"),
    }
}

fn run_fuel(arguments: &FuelArguments) -> Result<()> {
    let counted = fuel::count()?;
    let accepted = match Baseline::read() {
        Err(_) if arguments.accept => counted.clone(),
        read => read?,
    };
    let lines = accepted.compare(&counted);
    println!("{}", fuel::report(&lines));
    if arguments.accept {
        counted.write()?;
        println!("accepted in {}", Baseline::path().display());
        return Ok(());
    }
    accepted.check(&counted)?;
    if lines.iter().any(|line| line.judge() == Judgement::Better) {
        println!("some are better by more than 5 %: renew with make bench-accept");
    }
    Ok(())
}
