//! Tests in go-ftw's YAML form, completed as go-ftw completes them.

use serde::Deserialize;
use serde_yaml_ng::{Mapping, Value};
use std::path::Path;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) stages: Vec<Stage>,
}

pub(crate) struct Stage {
    pub(crate) request: Request,
    pub(crate) output: Output,
}

#[derive(Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Output {
    pub(crate) log: Log,
    pub(crate) expect_error: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Log {
    pub(crate) expect_ids: Vec<u64>,
    pub(crate) no_expect_ids: Vec<u64>,
    pub(crate) match_regex: String,
    pub(crate) no_match_regex: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test_id: u64,
    stages: Vec<RawStage>,
}

#[derive(Deserialize)]
struct RawStage {
    input: Input,
    #[serde(default)]
    output: Output,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    headers: Mapping,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    encoded_request: Option<String>,
    #[serde(default)]
    autocomplete_headers: Option<bool>,
}

/// All tests below the folder.
pub(crate) fn all(dir: &Path) -> Vec<Case> {
    let tests =
        [dir.join("tests/regression/tests"), dir.join("tests")].into_iter().find(|dir| dir.is_dir()).unwrap();
    let mut files = Vec::new();
    for folder in
        std::fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let rule = file.file_stem().unwrap().to_string_lossy().into_owned();
        cases(&rule, &std::fs::read_to_string(file).unwrap())
    };
    files.iter().flat_map(read).collect()
}

/// A plain GET of a browser.
pub(crate) fn get(uri: &str) -> Request {
    let headers =
        [("Host", "shop.example.com"), ("User-Agent", "Mozilla/5.0 (X11)"), ("Accept", "text/html")];
    Request {
        method: "GET".into(),
        uri: uri.into(),
        version: "HTTP/1.1".into(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
        body: Vec::new(),
    }
}

fn cases(rule: &str, text: &str) -> Vec<Case> {
    let file: File = serde_yaml_ng::from_str(text).unwrap();
    let case = |test: Test| Case {
        name: format!("{rule}-{}", test.test_id),
        stages: test
            .stages
            .into_iter()
            .map(|raw| Stage { request: request(raw.input), output: raw.output })
            .collect(),
    };
    file.tests.into_iter().map(case).collect()
}

fn request(input: Input) -> Request {
    if let Some(encoded) = &input.encoded_request {
        let decode = portcullis_waf::transformations::Transformation::find("base64Decode").unwrap();
        return raw(&decode.apply(encoded.as_bytes()));
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => String::new(),
    };
    let mut headers: Vec<(String, Vec<u8>)> = input
        .headers
        .iter()
        .map(|(name, value)| (text(name), text(value).trim().as_bytes().to_vec()))
        .collect();
    let mut body = input.data.unwrap_or_default().into_bytes();
    let has =
        |headers: &[(String, Vec<u8>)], name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if input.autocomplete_headers.unwrap_or(true) {
        if !has(&headers, "connection") {
            headers.push(("Connection".into(), b"close".to_vec()));
        }
        if !body.is_empty() && !has(&headers, "content-type") {
            headers.push(("Content-Type".into(), b"application/x-www-form-urlencoded".to_vec()));
        }
        let form = headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value == b"application/x-www-form-urlencoded"
        });
        if form {
            body = encoded(body);
        }
        if !body.is_empty() && !has(&headers, "content-length") {
            headers.push(("Content-Length".into(), body.len().to_string().into_bytes()));
        }
    }
    Request {
        method: input.method.unwrap_or_else(|| "GET".into()),
        uri: input.uri.unwrap_or_else(|| "/".into()),
        version: input.version.unwrap_or_else(|| "HTTP/1.1".into()),
        headers,
        body,
    }
}

/// Encodes a form that is not encoded, unless all its values are empty, as go-ftw does.
fn encoded(body: Vec<u8>) -> Vec<u8> {
    let is_encoded = body.contains(&b'%') || body.contains(&b'+');
    let pairs: Vec<_> = portcullis_http::form::raw_pairs(&body, b'&').collect();
    if is_encoded || body.contains(&b';') || pairs.iter().all(|(_, value)| value.is_empty()) {
        return body;
    }
    let escape = |text: &[u8]| portcullis_http::percent::encode(text).into_owned();
    let mut pairs: Vec<_> = pairs.into_iter().map(|(n, v)| [escape(n), escape(v)].join(&b'=')).collect();
    pairs.sort();
    let joined = pairs.join(&b'&');
    String::from_utf8(joined).unwrap().replace("%20", "+").into_bytes()
}

/// Takes the bytes of a request apart.
fn raw(bytes: &[u8]) -> Request {
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(bytes.get(..split).unwrap_or_default()).into_owned();
    let mut lines = head.split("\r\n");
    let mut line = lines.next().unwrap_or_default().splitn(3, ' ').map(str::to_owned);
    let mut next = || line.next().unwrap_or_default();
    let headers = lines.filter_map(|line| line.split_once(':'));
    Request {
        method: next(),
        uri: next(),
        version: next(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.trim().as_bytes().to_vec())).collect(),
        body: bytes.get(split + 4..).unwrap_or_default().to_vec(),
    }
}
