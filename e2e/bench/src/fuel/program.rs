//! The program with the engines: built for wasm32-wasip1, run in `wasmi` with fuel.

use super::wasi;
use anyhow::{Context, Result, bail};
use portcullis_testkit::repo;
use std::path::PathBuf;
use std::process::Command;
use wasmi::{CompilationMode, Config, Engine, Linker, Module, Store};

/// More than any workload uses: a program that runs away ends.
const TANK: u64 = 1 << 40;

/// A program, ready to run.
#[derive(Debug)]
pub struct Program {
    module: Module,
}

/// What a run can see and leaves behind.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) arguments: Vec<String>,
    /// Each write to standard output, and the fuel left then.
    pub(super) lines: Vec<(String, u64)>,
    pub(super) errors: String,
}

impl Program {
    /// Builds it with the toolchain that builds the filters, by cargo, quick where nothing has changed.
    pub fn build() -> Result<Program> {
        let target = target_folder();
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(repo::root()).args(["build", "--quiet", "--locked", "--profile", "fuel"]);
        command.args(["--target", "wasm32-wasip1", "-p", "portcullis-fuel", "--features", "program"]);
        command.arg("--target-dir").arg(&target);
        // A flag for the machine's own code, such as one for coverage, is none for this.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        let output = command.output().context("start cargo")?;
        if !output.status.success() {
            bail!("the fuel program does not build:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        let file = target.join("wasm32-wasip1/fuel/fuel.wasm");
        Program::new(&std::fs::read(&file).with_context(|| format!("read {}", file.display()))?)
    }

    /// A program from its bytes.
    pub fn new(wasm: &[u8]) -> Result<Program> {
        let mut config = Config::default();
        // Translated before the start, or the first call of each function would pay for its translation.
        config.consume_fuel(true).compilation_mode(CompilationMode::Eager);
        Ok(Program { module: Module::new(&Engine::new(&config), wasm).context("load the fuel program")? })
    }

    /// The names of its workloads.
    pub fn workloads(&self) -> Result<Vec<String>> {
        let state = self.run("list")?;
        let text: Vec<String> = state.lines.into_iter().map(|(text, _)| text).collect();
        Ok(text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect())
    }

    /// Instructions of one operation of this workload: at most so many, for wasmi charges a block when it is entered,
    /// whatever part of it then runs.
    pub fn count(&self, workload: &str) -> Result<u64> {
        let state = self.run(workload).with_context(|| format!("workload `{workload}`"))?;
        per_operation(&state.lines).with_context(|| format!("workload `{workload}` says {:?}", state.lines))
    }

    fn run(&self, argument: &str) -> Result<State> {
        let arguments = ["fuel", argument].map(str::to_owned).to_vec();
        let engine = self.module.engine();
        let mut store = Store::new(engine, State { arguments, ..State::default() });
        store.set_fuel(TANK)?;
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker, &self.module)?;
        let instance = linker.instantiate_and_start(&mut store, &self.module)?;
        let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
        match start.call(&mut store, ()) {
            Ok(()) => Ok(store.into_data()),
            Err(error) if error.i32_exit_status() == Some(0) => Ok(store.into_data()),
            Err(error) => bail!("{error} {}", store.data().errors.trim_end()),
        }
    }
}

/// A folder of its own, or a `cargo test` with another profile's lock would wait for it.
fn target_folder() -> PathBuf {
    repo::target().join("fuel")
}

/// From the lines that a workload prints: the fuel between `warm` and `done N`, over N.
fn per_operation(lines: &[(String, u64)]) -> Option<u64> {
    let left_at = |word: &str| lines.iter().find(|(text, _)| text.split(' ').next() == Some(word));
    let (_, warm) = left_at("warm")?;
    let (done, end) = left_at("done")?;
    let count: u64 = done.split(' ').nth(1)?.parse().ok()?;
    warm.checked_sub(*end)?.checked_div(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
        pairs.iter().map(|(text, left)| ((*text).to_owned(), *left)).collect()
    }

    #[test]
    fn an_operation_is_what_lies_between_warm_and_done() {
        assert_eq!(per_operation(&lines(&[("ready", 1000), ("warm", 900), ("done 4", 500)])), Some(100));
        assert_eq!(per_operation(&lines(&[("ready", 1000), ("warm", 900)])), None);
        assert_eq!(per_operation(&lines(&[("warm", 900), ("done 0", 500)])), None);
    }

    /// Prints `warm`, counts to the number in `loops`, prints `done 1`.
    fn counting(loops: u32) -> Vec<u8> {
        let text = format!(
            r#"(module
              (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 100) "warm\ndone 1\n")
              (func $say (param i32 i32)
                (i32.store (i32.const 0) (local.get 0))
                (i32.store (i32.const 4) (local.get 1))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
              (func (export "_start") (local $n i32)
                (if (i32.ne (call $yield) (i32.const 52)) (then unreachable))
                (call $say (i32.const 100) (i32.const 5))
                (local.set $n (i32.const {loops}))
                (loop $again
                  (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                  (br_if $again (local.get $n)))
                (call $say (i32.const 105) (i32.const 7))))"#
        );
        text.into_bytes()
    }

    #[test]
    fn fuel_counts_instructions_and_repeats_exactly() {
        let count = |loops| Program::new(&counting(loops)).unwrap().count("any").unwrap();
        assert_eq!(count(1000), count(1000));
        let (once, twice) = (count(1000), count(2000));
        assert!(twice - once >= 2000 && twice - once <= 10_000, "{once} and {twice}");
    }

    #[test]
    fn a_program_that_traps_says_so() {
        let program =
            Program::new(br#"(module (memory (export "memory") 1) (func (export "_start") unreachable))"#);
        assert!(program.unwrap().count("any").unwrap_err().to_string().contains("any"));
    }
}
