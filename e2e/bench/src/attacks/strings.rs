//! Every string that OWASP CRS's regression tests send: arguments, fields, cookies, paths and bodies.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_http::form;
use portcullis_testkit::repo;
use serde_yaml_ng::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A longer one than this is cut, so that it fits into a request line.
const LONGEST: usize = 8 * 1024;

/// Each string with the file of rules whose tests hold it, such as `942`.
pub(super) fn all() -> Result<BTreeMap<Vec<u8>, String>> {
    let mut strings = BTreeMap::new();
    for file in files()? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file)?;
        let test: Value = serde_yaml_ng::from_str(&text).with_context(|| name.clone())?;
        let group = name.get(..3).unwrap_or_default().to_owned();
        inputs(&test, &mut |value| {
            let value = value[..value.len().min(LONGEST)].to_vec();
            if !value.is_empty() {
                strings.entry(value).or_insert_with(|| group.clone());
            }
        });
    }
    match strings.len() {
        count if count < 3000 => bail!("only {count} strings in .tools/crs/tests"),
        _ => Ok(strings),
    }
}

fn files() -> Result<Vec<PathBuf>> {
    let tests = repo::root().join(".tools/crs/tests");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(&tests).context("no .tools/crs/tests: run make setup")?.flatten() {
        let entries = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
        files.extend(entries.map(|entry| entry.path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    files.sort();
    Ok(files)
}

fn inputs(file: &Value, take: &mut impl FnMut(&[u8])) {
    let stages = |test: &Value| test["stages"].as_sequence().cloned().unwrap_or_default();
    let tests = file["tests"].as_sequence().cloned().unwrap_or_default();
    for stage in tests.iter().flat_map(stages) {
        let input = &stage["input"];
        if let Some(uri) = input["uri"].as_str() {
            let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
            take(path.as_bytes());
            arguments(query.as_bytes(), take);
        }
        if let Some(data) = input["data"].as_str() {
            take(data.as_bytes());
            arguments(data.as_bytes(), take);
        }
        for (name, value) in input["headers"].as_mapping().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            take(value.as_bytes());
            if name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("cookie")) {
                value
                    .split(';')
                    .filter_map(|pair| pair.split_once('='))
                    .for_each(|(_, value)| take(value.as_bytes()));
            }
        }
        if let Some(Ok(bytes)) = input["encoded_request"].as_str().map(|text| STANDARD.decode(text)) {
            bytes.split(|&byte| byte == b'\n').for_each(&mut *take);
        }
    }
}

fn arguments(text: &[u8], take: &mut impl FnMut(&[u8])) {
    for (name, value) in form::pairs(text, b'&') {
        take(&name);
        take(&value);
    }
}
