//! Runs a corpus of cases and keeps it honest.
//!
//! A run that looks green may have run nothing, or may hide behind old exceptions. Four rules prevent that:
//! 1. a [floor](Suite::floor) on the number of cases that asserted something;
//! 2. exceptions are a list of name and reason ([`Suite::except`]), or of a closed class ([`Suite::class`]);
//! 3. an excepted case that passes is a fault: the exception has outlived its reason;
//! 4. an exception whose name no case has is a fault.
//!
//! ```
//! use portcullis_testkit::corpus::{Outcome, Suite};
//!
//! let cases = [("doubles/one".to_owned(), (1, 2)), ("doubles/odd".to_owned(), (3, 7))];
//! let report = Suite::new("doubles")
//!     .floor(2)
//!     .except("doubles/odd", "the corpus is wrong here")
//!     .run(cases, |(input, expected)| {
//!         if input * 2 == *expected { Ok(Outcome::Asserted) } else { Err(format!("{}", input * 2)) }
//!     });
//! report.assert_clean();
//! assert_eq!((report.passed, report.excepted.len()), (1, 1));
//! ```

use crate::repo;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

pub use crate::repo::conformance_dir;

/// What a case that did not fail was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It asserted something, and that held.
    Asserted,
    /// It had nothing to assert beyond a default; it counts neither as passed nor towards the floor.
    Vacuous,
    /// It needs what we leave out on purpose; the text names a [`Suite::class`]. The check has made sure that the
    /// case ends as that class must (for instance: loading fails with a position).
    OfClass(String),
}

/// A corpus about to be run.
#[derive(Debug, Default)]
#[must_use = "a suite that is not run proves nothing"]
pub struct Suite {
    name: String,
    floor: usize,
    exceptions: BTreeMap<String, String>,
    classes: BTreeMap<String, String>,
    faults: Vec<String>,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The suite's name.
    pub suite: String,
    /// Cases that asserted something that held.
    pub passed: usize,
    /// Cases that failed and are not excepted.
    pub failed: Vec<Note>,
    /// Cases that failed and are excepted, with the reason.
    pub excepted: Vec<Note>,
    /// Cases with nothing to assert.
    pub vacuous: usize,
    /// Breaches of the four rules: these make a run unclean although no case failed.
    pub faults: Vec<String>,
}

/// A case's name and what is to say of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The case.
    pub name: String,
    /// The failure, or the reason of the exception.
    pub text: String,
}

impl Suite {
    /// A suite without floor or exceptions. The name stands in the table of `make conformance`.
    pub fn new(name: impl Into<String>) -> Suite {
        Suite { name: name.into(), ..Suite::default() }
    }

    /// The fewest cases that must have asserted something (passed, failed or excepted).
    pub fn floor(mut self, cases: usize) -> Suite {
        self.floor = cases;
        self
    }

    /// This case may fail, for this reason.
    pub fn except(mut self, name: impl Into<String>, reason: impl Into<String>) -> Suite {
        let (name, reason) = (name.into(), reason.into());
        if reason.trim().is_empty() {
            self.faults.push(format!("the exception `{name}` has no reason"));
        }
        if self.exceptions.insert(name.clone(), reason).is_some() {
            self.faults.push(format!("the exception `{name}` is listed twice"));
        }
        self
    }

    /// [`Suite::except`] for a list of name and reason.
    pub fn except_all<N: Into<String>, R: Into<String>>(
        self,
        list: impl IntoIterator<Item = (N, R)>,
    ) -> Suite {
        list.into_iter().fold(self, |suite, (name, reason)| suite.except(name, reason))
    }

    /// Cases of this class ([`Outcome::OfClass`]) are excepted, for this reason.
    pub fn class(mut self, class: impl Into<String>, reason: impl Into<String>) -> Suite {
        self.classes.insert(class.into(), reason.into());
        self
    }

    /// Runs every case; a case that panics has failed. Cases are name and content; names must be unique.
    pub fn run<C>(
        self,
        cases: impl IntoIterator<Item = (String, C)>,
        mut check: impl FnMut(&C) -> Result<Outcome, String>,
    ) -> Report {
        let mut run =
            Run { report: Report::default(), seen: BTreeSet::new(), used: BTreeSet::new(), suite: self };
        for (name, case) in cases {
            let outcome = catch_unwind(AssertUnwindSafe(|| check(&case)))
                .unwrap_or_else(|panic| Err(format!("panicked: {}", panic_text(&*panic))));
            run.note(name, outcome);
        }
        let report = run.close();
        report.write();
        report
    }
}

impl Report {
    /// Cases that asserted something: the number that the floor is about.
    pub fn ran(&self) -> usize {
        self.passed + self.failed.len() + self.excepted.len()
    }

    /// Fails the test, with the first failures, if a case failed or one of the four rules is broken.
    #[track_caller]
    pub fn assert_clean(&self) {
        println!("{self}");
        assert!(self.failed.is_empty() && self.faults.is_empty(), "{}", self.complaint());
    }

    fn complaint(&self) -> String {
        const SHOWN: usize = 40;
        let mut lines = vec![self.to_string()];
        lines.extend(self.faults.iter().map(|fault| format!("  rule: {fault}")));
        lines.extend(self.failed.iter().take(SHOWN).map(|note| format!("  {}: {}", note.name, note.text)));
        if self.failed.len() > SHOWN {
            lines.push(format!("  and {} more", self.failed.len() - SHOWN));
        }
        lines.join("\n")
    }

    /// Writes the report for the table of `make conformance`, if `PORTCULLIS_REPORT` is set: into that folder if
    /// it is a path (has a `/`), else into `<target>/conformance`.
    fn write(&self) {
        let Some(wish) = std::env::var_os("PORTCULLIS_REPORT").filter(|value| !value.is_empty()) else {
            return;
        };
        let dir = match wish.to_string_lossy().contains('/') {
            true => PathBuf::from(wish),
            false => repo::target().join("conformance"),
        };
        let file = dir.join(format!("{}.json", self.suite.replace(['/', ' '], "-")));
        let text = serde_json::to_string(self).expect("a report is plain data");
        std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(&file, text + "\n"))
            .expect("report folder");
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report { suite, passed, failed, excepted, vacuous, .. } = self;
        let (failed, excepted) = (failed.len(), excepted.len());
        write!(f, "{suite}: {passed} passed, {failed} failed, {excepted} excepted, {vacuous} vacuous")
    }
}

struct Run {
    suite: Suite,
    report: Report,
    seen: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Run {
    fn note(&mut self, name: String, outcome: Result<Outcome, String>) {
        if !self.seen.insert(name.clone()) {
            self.fault(format!("two cases have the name `{name}`"));
        }
        match (self.suite.exceptions.get(&name).cloned(), outcome) {
            (Some(reason), Err(_)) => self.report.excepted.push(Note { name, text: reason }),
            (Some(_), Ok(_)) => self.fault(format!("`{name}` is excepted but passes")),
            (None, Err(text)) => self.report.failed.push(Note { name, text }),
            (None, Ok(Outcome::Asserted)) => self.report.passed += 1,
            (None, Ok(Outcome::Vacuous)) => self.report.vacuous += 1,
            (None, Ok(Outcome::OfClass(class))) => self.of_class(name, class),
        }
    }

    fn of_class(&mut self, name: String, class: String) {
        match self.suite.classes.get(&class) {
            Some(reason) => self.report.excepted.push(Note { name, text: format!("{class}: {reason}") }),
            None => self.fault(format!("`{name}` is of the unknown class `{class}`")),
        }
        self.used.insert(class);
    }

    fn fault(&mut self, fault: String) {
        self.report.faults.push(fault);
    }

    fn close(mut self) -> Report {
        self.report.suite = std::mem::take(&mut self.suite.name);
        let unknown = self.suite.exceptions.keys().filter(|name| !self.seen.contains(*name));
        let unused = self.suite.classes.keys().filter(|class| !self.used.contains(*class));
        let mut faults = std::mem::take(&mut self.suite.faults);
        faults.extend(unknown.map(|name| format!("no case has the excepted name `{name}`")));
        faults.extend(unused.map(|class| format!("no case is of the class `{class}`")));
        self.report.faults.extend(faults);
        if self.report.ran() < self.suite.floor {
            let (ran, floor) = (self.report.ran(), self.suite.floor);
            self.fault(format!("only {ran} cases asserted something, the floor is {floor}"));
        }
        self.report
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no text)").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(suite: Suite, outcomes: &[(&str, Result<Outcome, String>)]) -> Report {
        let cases = outcomes.iter().map(|(name, outcome)| ((*name).to_owned(), outcome.clone()));
        suite.run(cases, Result::clone)
    }

    #[test]
    fn counts_each_kind() {
        let report = run(
            Suite::new("s").floor(3).except("b", "why").class("lua", "no Lua"),
            &[
                ("a", Ok(Outcome::Asserted)),
                ("b", Err("x".into())),
                ("c", Ok(Outcome::Vacuous)),
                ("d", Ok(Outcome::OfClass("lua".into()))),
            ],
        );
        report.assert_clean();
        assert_eq!((report.passed, report.excepted.len(), report.vacuous, report.ran()), (1, 2, 1, 3));
    }

    #[track_caller]
    fn check_fault(report: Report, expected: &str) {
        assert!(report.faults.iter().any(|fault| fault.contains(expected)), "{report:?}");
        assert!(catch_unwind(|| report.assert_clean()).is_err(), "assert_clean accepts {expected}");
    }

    #[test]
    fn each_rule_is_kept() {
        let passes = [("a", Ok(Outcome::Asserted))];
        check_fault(run(Suite::new("s").floor(2), &passes), "the floor is 2");
        check_fault(run(Suite::new("s").floor(1), &[("a", Ok(Outcome::Vacuous))]), "the floor is 1");
        check_fault(run(Suite::new("s").except("a", "why"), &passes), "excepted but passes");
        check_fault(run(Suite::new("s").except("z", "why"), &passes), "no case has the excepted name `z`");
        check_fault(run(Suite::new("s").except("a", " "), &[("a", Err(String::new()))]), "no reason");
        check_fault(run(Suite::new("s").class("lua", "none"), &passes), "no case is of the class");
        check_fault(run(Suite::new("s"), &[("a", Ok(Outcome::OfClass("lua".into())))]), "unknown class");
        check_fault(
            run(Suite::new("s"), &[("a", Ok(Outcome::Asserted)), ("a", Ok(Outcome::Asserted))]),
            "two cases",
        );
    }

    #[test]
    fn a_panic_is_a_failed_case() {
        let report = Suite::new("s").run([("a".to_owned(), ())], |()| panic!("no way"));
        assert_eq!(report.failed, [Note { name: "a".into(), text: "panicked: no way".into() }]);
    }
}
