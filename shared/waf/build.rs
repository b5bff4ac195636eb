//! With the feature `crs`: embeds the OWASP Core Rule Set's rules and data as the set-up obtained them.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CRS_DIR");
    if env::var_os("CARGO_FEATURE_CRS").is_none() {
        return Ok(());
    }
    let dir = crs_dir()?;
    println!("cargo::rerun-if-changed={}", dir.display());
    let (setup, rules) = layout(&dir)?;
    let mut texts = vec![("@crs-setup-conf".to_owned(), fs::read_to_string(setup)?)];
    let mut data = Vec::new();
    for file in files(&rules)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file)?;
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("conf") => texts.push((format!("@owasp_crs/{name}"), text)),
            Some("data") => data.push((name, text)),
            _ => {}
        }
    }
    if texts.len() < 10 {
        return Err(format!("{}: too few rule files for a Core Rule Set", rules.display()).into());
    }
    let source = format!("{}{}", table("TEXTS", &texts)?, table("DATA", &data)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("crs.rs"), source)?;
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

fn table(name: &str, entries: &[(String, String)]) -> Result<String, std::fmt::Error> {
    let mut source = format!("pub(super) const {name}: &[(&str, &str)] = &[\n");
    for (file, text) in entries {
        writeln!(source, "    ({file:?}, {:?}),", without_comments(text))?;
    }
    source.push_str("];\n");
    Ok(source)
}

/// Comment lines become empty ones, so that line numbers stay.
fn without_comments(text: &str) -> String {
    let blank = |line: &&str| line.trim_start().starts_with('#');
    let lines: Vec<&str> = text.lines().map(|line| if blank(&line) { "" } else { line.trim_end() }).collect();
    lines.join("\n")
}
