//! OWASP CRS's regression tests through real Envoy: what go-ftw would send, over sockets; the ids from Envoy's log.

mod exceptions;
mod judge;
mod native;
mod proxy;
mod recorded;
mod rules;
mod traffic;

pub use exceptions::{Exception, Kind, exceptions};
pub use judge::{blame, judge, tasks};
pub use native::{Names, Native};
pub use proxy::{Crs, LISTENERS, ORDINARY};
pub use recorded::Recorded;
pub use rules::{About, rules};
pub use traffic::{Seen, Task, send};

use portcullis_testkit::repo;
use std::path::PathBuf;

/// `CRS_DIR`, else `.tools/crs`: the rules that `waf-crs.wasm` was built from, and their tests.
///
/// `None`, with a notice, where there is no CRS, or no module with it.
pub fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("CRS_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = given.unwrap_or_else(|| repo::root().join(".tools/crs"));
    if folder.is_dir() && repo::module("waf-crs").is_file() {
        return Some(folder);
    }
    eprintln!("notice: no OWASP CRS at {} or no waf-crs.wasm: skipped", folder.display());
    None
}
