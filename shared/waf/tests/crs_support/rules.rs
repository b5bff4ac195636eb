//! CRS as a rule set, with the settings that its tests want.

use portcullis_waf::{ParseError, Ruleset};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    /// Paranoia level 4, nothing is stopped.
    Detection,
    /// CRS's defaults.
    Blocking,
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

pub(crate) fn load(dir: &Path, mode: Mode) -> Result<Rc<Ruleset>, ParseError> {
    let module = dir.join("rules/@owasp_crs");
    let rules = if module.is_dir() { module } else { dir.join("rules") };
    let setups = ["rules/@crs-setup.conf.example", "crs-setup.conf.example", "crs-setup.conf"];
    let setup = setups.iter().map(|name| dir.join(name)).find(|path| path.is_file()).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(rules).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut texts = vec![("settings".to_owned(), "Include @recommended-conf".to_owned())];
    let engine = match mode {
        Mode::Detection => TEST_SETTINGS,
        Mode::Blocking => "SecRuleEngine On",
    };
    texts.push(("setup".to_owned(), std::fs::read_to_string(setup).unwrap()));
    texts.push(("engine".to_owned(), engine.to_owned()));
    let mut data = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        match name.ends_with(".conf") {
            true => texts.push((name, text)),
            false => drop(data.insert(name, text)),
        }
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ruleset::parse(&texts, &data).map(Rc::new)
}

/// The limits and the paranoia level that the regression tests assume (CRS's documentation of its test set-up).
const TEST_SETTINGS: &str = r#"
SecRuleEngine DetectionOnly
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,ctl:ruleRemoveById=910000,\
    setvar:tx.blocking_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
"#;
