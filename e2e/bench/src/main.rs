//! `bench`: see the README beside.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use portcullis_bench::fuel::{self, Baseline, Judgement};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(about = "Measures Portcullis' filters against their peers, and counts the engines' instructions")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Counts the instructions of the engines in wasm and compares them with bench/baseline.toml
    Fuel(FuelArguments),
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
        Command::Fuel(arguments) => run_fuel(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
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
