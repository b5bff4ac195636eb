//! The engines' work, one workload a name, for the bench to count instructions by.
//!
//! `fuel list` prints the names. `fuel NAME` prints `ready` when all is set up, `warm` when caches are filled and
//! `done N` after N further operations; the bench reads the fuel used at each line.

mod exchange;
mod workloads;

use std::process::ExitCode;
use workloads::WORKLOADS;

fn main() -> ExitCode {
    let Some(wanted) = std::env::args().nth(1) else {
        eprintln!("usage: fuel list | fuel NAME");
        return ExitCode::FAILURE;
    };
    if wanted == "list" {
        WORKLOADS.iter().for_each(|workload| println!("{}", workload.name));
        return ExitCode::SUCCESS;
    }
    match WORKLOADS.iter().find(|workload| workload.name == wanted) {
        Some(workload) => {
            workload.run();
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("no workload `{wanted}`");
            ExitCode::FAILURE
        }
    }
}
