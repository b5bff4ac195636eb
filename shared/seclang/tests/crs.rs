//! Every file of OWASP CRS parses, and prints as it was read. Skipped with a notice where no CRS is at hand.

#![expect(clippy::unwrap_used, reason = "a test may fail where its data is broken")]

use portcullis_seclang::parse;
use std::path::{Path, PathBuf};

#[test]
fn all_of_crs_parses_and_prints() {
    let Some(dir) = crs_dir() else {
        eprintln!("notice: no OWASP CRS (set CRS_DIR): skipped");
        return;
    };
    let files = conf_files(&dir);
    assert!(files.len() >= 25, "only {} files in {}", files.len(), dir.display());
    let mut rules = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let document = parse(&file.display().to_string(), &text).unwrap();
        rules += document.directives.iter().filter(|directive| directive.is("SecRule")).count();
        let again = parse("printed", &document.to_string()).unwrap();
        assert!(document.same_text(&again), "{}", file.display());
    }
    assert!(rules >= 600, "only {rules} rules");
}

/// `CRS_DIR`, else `.tools/crs` in the repository, else the Go module's copy.
fn crs_dir() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cache = std::env::var_os("GOMODCACHE").map_or_else(|| home.join("go/pkg/mod"), PathBuf::from);
    let module = cache.join("github.com/corazawaf/coraza-coreruleset/v4@v4.25.0");
    let given = std::env::var_os("CRS_DIR").map(PathBuf::from);
    given.into_iter().chain([root.join(".tools/crs"), module]).find(|dir| dir.is_dir())
}

fn conf_files(dir: &Path) -> Vec<PathBuf> {
    let folders = [dir.to_owned(), dir.join("rules"), dir.join("rules/@owasp_crs")];
    let is_conf = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".conf") || name.ends_with(".conf.example") || name.ends_with(".conf-recommended")
    };
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    entries.map(|entry| entry.unwrap().path()).filter(is_conf).collect()
}
