//! Compiles the OWASP Core Rule Set, as the set-up or `CRS_DIR` has it, to the bytes that a module carries.

use portcullis_waf::{Base, Ruleset};
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The fewest texts of what can be called a Core Rule Set.
const FEWEST_TEXTS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CRS_DIR");
    let dir = crs_dir()?;
    println!("cargo::rerun-if-changed={}", dir.display());
    let (setup, rules) = layout(&dir)?;
    let mut texts = vec![("@crs-setup-conf".to_owned(), fs::read_to_string(setup)?)];
    let mut data = Vec::new();
    for file in files(&rules)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("conf") => texts.push((format!("@owasp_crs/{name}"), fs::read_to_string(&file)?)),
            Some("data") => data.push((name, fs::read_to_string(&file)?)),
            _ => {}
        }
    }
    if texts.len() < FEWEST_TEXTS {
        return Err(format!("{}: too few rule files for a Core Rule Set", rules.display()).into());
    }
    let bytes = Base::compile(&texts, &data)?;
    check(bytes.clone().leak())?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("crs.rules"), bytes)?;
    Ok(())
}

/// Together the texts are a rule set: what is wrong with them fails the build, not the start of a proxy.
fn check(bytes: &'static [u8]) -> Result<(), Box<dyn Error>> {
    let all = "Include @crs-setup-conf\nInclude @owasp_crs/*.conf";
    Ruleset::on(&Base::read(bytes)?, &[("all", all)], &BTreeMap::new())?;
    Ok(())
}

/// `CRS_DIR`, else what the set-up has put into the repository's `.tools`.
fn crs_dir() -> Result<PathBuf, Box<dyn Error>> {
    let repository = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../.tools/crs");
    let dir = env::var_os("CRS_DIR").filter(|dir| !dir.is_empty()).map_or(repository, PathBuf::from);
    match dir.is_dir() {
        true => Ok(dir.canonicalize()?),
        false => Err(format!(
            "feature `crs`: there is no folder {}: run `make setup`, or set CRS_DIR to an unpacked release of the OWASP \
             Core Rule Set or to the Go module coraza-coreruleset",
            dir.display()
        )
        .into()),
    }
}

/// The set-up example and the folder of rules: as in the Go module, in a release, or in `.tools`.
fn layout(dir: &Path) -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let layouts = [
        (dir.join("rules/@crs-setup.conf.example"), dir.join("rules/@owasp_crs")),
        (dir.join("crs-setup.conf.example"), dir.join("rules")),
        (dir.join("crs-setup.conf"), dir.join("rules")),
    ];
    let found = layouts.into_iter().find(|(setup, rules)| setup.is_file() && rules.is_dir());
    found.ok_or_else(|| format!("feature `crs`: {} holds no Core Rule Set", dir.display()).into())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files =
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.sort();
    Ok(files)
}
