//! The engines use no more instructions than `bench/baseline.toml` accepts.

use portcullis_bench::fuel::{self, Baseline};

#[test]
fn no_workload_uses_more_than_was_accepted() {
    let accepted = Baseline::read().unwrap();
    let counted = fuel::count().unwrap();
    println!("{}", fuel::report(&accepted.compare(&counted)));
    if let Err(error) = accepted.check(&counted) {
        panic!("{error:#}");
    }
}
