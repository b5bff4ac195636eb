//! Instruction counts of the engines, which no machine changes: built for wasip1, run in `wasmi` with fuel.

mod baseline;
mod program;
mod wasi;

pub use baseline::{Baseline, Judgement, Line, report};
pub use program::Program;

use anyhow::{Context, Result};
use portcullis_testkit::repo;
use std::process::Command;

/// Builds the program and counts every workload.
pub fn count() -> Result<Baseline> {
    let program = Program::build()?;
    let names = program.workloads()?;
    let counts = names.into_iter().map(|name| program.count(&name).map(|count| (name, count)));
    Ok(Baseline { toolchain: toolchain()?, fuel: counts.collect::<Result<_>>()? })
}

/// `rustc --version` of the toolchain that the repository pins.
fn toolchain() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).arg("--version").current_dir(repo::root()).output().context("start rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
