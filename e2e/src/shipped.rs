//! The configurations that the repository ships, made fit for a test: free ports, the modules of this build.

use anyhow::{Context, Result};
use portcullis_testkit::repo;
use std::path::PathBuf;

/// The Envoy bootstraps in `envoy-configs/`.
///
/// # Errors
/// If there are none.
pub fn shipped_files() -> Result<Vec<PathBuf>> {
    let folder = repo::root().join("envoy-configs");
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    anyhow::ensure!(!files.is_empty(), "no configuration in {}", folder.display());
    Ok(files)
}

/// The text of one of them, with free ports for its listener and admin interface, and this port of the upstream.
///
/// # Errors
/// If the file does not hold what is to be replaced.
pub fn shipped(name: &str, upstream: u16) -> Result<String> {
    let file = repo::root().join("envoy-configs").join(name);
    let mut text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let module = repo::module("x");
    let folder = module.parent().context("the folder of modules")?.display().to_string();
    let upstream = format!("port_value: {upstream} ");
    for (old, new) in [
        ("port_value: 10000 ", "port_value: 0 "),
        ("port_value: 9901 ", "port_value: 0 "),
        ("port_value: 8000 ", upstream.as_str()),
        ("filename: dist/", &format!("filename: {folder}/")),
    ] {
        anyhow::ensure!(text.contains(old), "{name} holds no `{old}`");
        text = text.replace(old, new);
    }
    Ok(text)
}
