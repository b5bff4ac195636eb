//! Where things lie: the repository, its built modules, the target folder, the conformance cases.

use std::path::{Path, PathBuf};

/// The repository's root folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    here.canonicalize().unwrap_or(here)
}

/// A built module: `dist/<name>.wasm`, in the folder `DIST` if the environment has it.
pub fn module(name: &str) -> PathBuf {
    let dist = std::env::var_os("DIST").map_or_else(|| root().join("dist"), PathBuf::from);
    dist.join(format!("{name}.wasm"))
}

/// The target folder that the running binary was built into; a temporary folder if it lies elsewhere.
pub fn target() -> PathBuf {
    let binary = std::env::current_exe().unwrap_or_default();
    let profile =
        binary.ancestors().find(|path| path.join("deps").is_dir() && path.join(".fingerprint").is_dir());
    match profile.and_then(Path::parent) {
        Some(target) => target.to_owned(),
        None => std::env::temp_dir().join("portcullis-target"),
    }
}

/// The folder of conformance cases: `CONFORMANCE`, else `../shared/conformance` beside the repository.
///
/// `None`, with a notice, where there is none; a test then has nothing to hold its engine against and returns.
pub fn conformance_dir() -> Option<PathBuf> {
    let given = std::env::var_os("CONFORMANCE").filter(|value| !value.is_empty()).map(PathBuf::from);
    let dir = given.unwrap_or_else(|| root().join("../shared/conformance"));
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("notice: no conformance cases at {} (set CONFORMANCE): skipped", dir.display());
    None
}
