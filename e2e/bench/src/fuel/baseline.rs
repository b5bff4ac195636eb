//! `bench/baseline.toml`: what each workload may use, and the judgement of a new count against it.

use crate::table::{grouped, right, table};
use anyhow::{Context, Result, bail};
use comfy_table::{Cell, Table};
use portcullis_testkit::repo;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A count may grow or shrink by a twentieth before somebody has to look.
const TOLERANCE: f64 = 0.05;

const HEAD: &str = "# Instructions (fuel of wasmi) that one operation of each workload uses: `bench fuel --check` fails where a count\n\
                    # has grown by more than 5 %. Renewed by `make bench-accept`, in the change that makes it necessary.\n\n";

/// Accepted counts, and what they were counted with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The compiler, as `rustc --version` says: another one makes other instructions.
    pub toolchain: String,
    /// By name of workload.
    pub fuel: BTreeMap<String, u64>,
}

/// What came of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Within the tolerance.
    Same,
    /// Uses less than the tolerance allows: the baseline should be renewed, or the gain can be lost unseen.
    Better,
    /// Uses more than the tolerance allows.
    Worse,
    /// The program has it, the baseline has not.
    New,
    /// The baseline has it, the program has not.
    Gone,
}

/// A workload with both counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name.
    pub workload: String,
    /// What is accepted.
    pub accepted: Option<u64>,
    /// What was counted.
    pub counted: Option<u64>,
}

impl Baseline {
    /// The file.
    pub fn path() -> PathBuf {
        repo::root().join("bench/baseline.toml")
    }

    /// Reads the file.
    pub fn read() -> Result<Baseline> {
        let path = Baseline::path();
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("read {}: `make bench-accept` makes it", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{}", path.display()))
    }

    /// Writes the file.
    pub fn write(&self) -> Result<()> {
        let path = Baseline::path();
        std::fs::create_dir_all(path.parent().context("folder of the baseline")?)?;
        std::fs::write(&path, format!("{HEAD}{}", toml::to_string(self)?)).context("write the baseline")
    }

    /// Fails where a workload needs a look, or the compiler is another than that of the baseline.
    pub fn check(&self, counted: &Baseline) -> Result<()> {
        if self.toolchain != counted.toolchain {
            bail!(
                "the baseline was counted with {}, this is {}: renew with make bench-accept",
                self.toolchain,
                counted.toolchain
            );
        }
        let lines = self.compare(counted);
        let failed: Vec<&str> =
            lines.iter().filter(|line| !line.judge().passes()).map(|line| line.workload.as_str()).collect();
        if failed.is_empty() {
            return Ok(());
        }
        bail!("a look is needed at {}; where the change is meant, run make bench-accept", failed.join(", "))
    }

    /// Every workload of either side, by name.
    pub fn compare(&self, counted: &Baseline) -> Vec<Line> {
        let names: std::collections::BTreeSet<&String> =
            self.fuel.keys().chain(counted.fuel.keys()).collect();
        let line = |name: &String| Line {
            workload: name.clone(),
            accepted: self.fuel.get(name).copied(),
            counted: counted.fuel.get(name).copied(),
        };
        names.into_iter().map(line).collect()
    }
}

impl Line {
    /// Counted over accepted.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.counted? as f64 / self.accepted? as f64)
    }

    /// What to make of it.
    pub fn judge(&self) -> Judgement {
        match self.ratio() {
            None if self.accepted.is_none() => Judgement::New,
            None => Judgement::Gone,
            Some(ratio) if ratio > 1.0 + TOLERANCE => Judgement::Worse,
            Some(ratio) if ratio < 1.0 - TOLERANCE => Judgement::Better,
            Some(_) => Judgement::Same,
        }
    }
}

impl Judgement {
    /// Whether the check passes.
    pub fn passes(self) -> bool {
        matches!(self, Judgement::Same | Judgement::Better)
    }

    fn remark(self) -> &'static str {
        match self {
            Judgement::Same => "",
            Judgement::Better => "better: renew with make bench-accept",
            Judgement::Worse => "WORSE by more than 5 %",
            Judgement::New => "NOT IN THE BASELINE: make bench-accept",
            Judgement::Gone => "IN THE BASELINE ONLY: make bench-accept",
        }
    }
}

/// The lines as a table.
pub fn report(lines: &[Line]) -> Table {
    let number = |count: Option<u64>| right(count.map_or_else(|| "-".to_owned(), grouped));
    let mut table = table(["workload", "accepted", "counted", "ratio", ""]);
    for line in lines {
        let ratio = line.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"));
        let remark = Cell::new(line.judge().remark());
        table.add_row([
            Cell::new(&line.workload),
            number(line.accepted),
            number(line.counted),
            right(ratio),
            remark,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(fuel: &[(&str, u64)]) -> Baseline {
        let fuel = fuel.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Baseline { toolchain: "rustc 1".to_owned(), fuel }
    }

    #[test]
    fn a_twentieth_more_is_worse_and_a_twentieth_less_asks_for_renewal() {
        let accepted = baseline(&[("a", 1000), ("b", 1000), ("c", 1000), ("d", 1000), ("gone", 1)]);
        let counted = baseline(&[("a", 1050), ("b", 1051), ("c", 950), ("d", 949), ("new", 1)]);
        let judged: Vec<Judgement> = accepted.compare(&counted).iter().map(Line::judge).collect();
        let expected = [
            Judgement::Same,
            Judgement::Worse,
            Judgement::Same,
            Judgement::Better,
            Judgement::Gone,
            Judgement::New,
        ];
        assert_eq!(judged, expected);
        assert_eq!(judged.iter().filter(|judgement| judgement.passes()).count(), 3);
        let message = accepted.check(&counted).unwrap_err().to_string();
        assert!(message.starts_with("a look is needed at b, gone, new;"), "{message}");
        assert!(accepted.check(&accepted).is_ok());
    }

    #[test]
    fn another_compiler_asks_for_renewal() {
        let other = Baseline { toolchain: "rustc 2".to_owned(), ..baseline(&[("a", 1)]) };
        assert!(baseline(&[("a", 1)]).check(&other).is_err());
    }

    #[test]
    fn the_file_reads_back_as_written() {
        let accepted = baseline(&[("waf get", 123_456)]);
        let text = format!("{HEAD}{}", toml::to_string(&accepted).unwrap());
        assert_eq!(toml::from_str::<Baseline>(&text).unwrap(), accepted);
    }

    #[test]
    fn the_table_shows_counts_and_ratio() {
        let lines = baseline(&[("waf get", 1_000_000)]).compare(&baseline(&[("waf get", 1_200_000)]));
        let text = report(&lines).to_string();
        for part in ["waf get", "1 000 000", "1 200 000", "1.200", "WORSE"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
