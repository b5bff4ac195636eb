//! A Core Rule Set as a module carries it.

use portcullis_ftw::layout;
use portcullis_waf::Base;
use std::path::{Path, PathBuf};

/// Texts by the names that `Include` takes, and data files.
pub(crate) struct Sources {
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) data: Vec<(String, String)>,
}

/// `CRS_DIR`, else `.tools/crs` in the repository, else the Go module's copy.
pub(crate) fn dir() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let cache = std::env::var_os("GOMODCACHE").map_or_else(|| home.join("go/pkg/mod"), PathBuf::from);
    let module = cache.join("github.com/corazawaf/coraza-coreruleset/v4@v4.25.0");
    let given = std::env::var_os("CRS_DIR").map(PathBuf::from);
    given.into_iter().chain([root.join(".tools/crs"), module]).find(|dir| dir.is_dir())
}

pub(crate) fn sources(dir: &Path) -> Sources {
    let layout = layout::find(dir).unwrap();
    let mut files: Vec<_> =
        std::fs::read_dir(layout.rules).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut texts = vec![("@crs-setup-conf".to_owned(), std::fs::read_to_string(layout.setup).unwrap())];
    let mut data = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("conf") => texts.push((format!("@owasp_crs/{name}"), text)),
            Some("data") => data.push((name, text)),
            _ => {}
        }
    }
    Sources { texts, data }
}

/// The rules compiled to bytes and read from these.
pub(crate) fn base(dir: &Path) -> Base {
    let Sources { texts, data } = sources(dir);
    Base::read(Base::compile(&texts, &data).unwrap().leak()).unwrap()
}
