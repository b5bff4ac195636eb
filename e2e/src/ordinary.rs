//! What honest people and programs send: requests in files, and sentences of a book as values of forms.

use crate::crs::Task;
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_http::percent;
use portcullis_testkit::repo;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The folder of the files, one for each class of requests.
const FOLDER: &str = "e2e/testdata/ordinary";
/// Between the parts of a form with files.
const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
/// Sentences of fewer or more bytes are left out: headings, and pages without a full stop.
const SENTENCE: std::ops::Range<usize> = 40..600;

/// A request of a class.
#[derive(Debug, Clone)]
pub struct Ordinary {
    /// The class.
    pub class: String,
    /// What it is, unique within the class.
    pub name: String,
    /// How many values it carries besides its headers.
    pub fields: usize,
    /// The bytes.
    pub task: Task,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    request: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    method: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    cookies: Vec<(String, String)>,
    #[serde(default)]
    query: Vec<(String, String)>,
    #[serde(default)]
    form: Vec<(String, String)>,
    #[serde(default)]
    parts: Vec<Part>,
    json: Option<String>,
    /// A body of another kind, with its type.
    text: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    file: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    value: String,
}

/// A body with its type.
type Body = (String, Vec<u8>);

/// All requests, by class; the host is one that no rule knows.
pub fn requests() -> Result<Vec<Ordinary>> {
    let folder = repo::root().join(FOLDER);
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut requests = Vec::new();
    for path in files {
        requests.extend(class(&path).with_context(|| path.display().to_string())?);
    }
    Ok(requests)
}

fn class(path: &Path) -> Result<Vec<Ordinary>> {
    let class = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let file: File = toml::from_str(&std::fs::read_to_string(path)?)?;
    let described = file.request.into_iter().enumerate();
    described.map(|(index, request)| request.ordinary(&class, index)).collect()
}

impl Described {
    fn ordinary(self, class: &str, index: usize) -> Result<Ordinary> {
        let (body, body_fields) = self.body()?;
        let task = Task { id: format!("ordinary-{class}-{index}"), wire: self.wire(body) };
        Ok(Ordinary {
            class: class.to_owned(),
            fields: self.query.len() + body_fields,
            name: self.name,
            task,
        })
    }

    /// The body with its type, and how many values it has.
    fn body(&self) -> Result<(Option<Body>, usize)> {
        let typed = |kind: &str, body: Vec<u8>| Some((kind.to_owned(), body));
        if !self.form.is_empty() {
            let body = encoded(&self.form).into_bytes();
            return Ok((typed("application/x-www-form-urlencoded", body), self.form.len()));
        }
        if !self.parts.is_empty() {
            let kind = format!("multipart/form-data; boundary={BOUNDARY}");
            return Ok((typed(&kind, multipart(&self.parts)), self.parts.len()));
        }
        if let Some(json) = &self.json {
            let value: serde_json::Value = serde_json::from_str(json).context("the JSON")?;
            return Ok((typed("application/json", json.clone().into_bytes()), leaves(&value)));
        }
        match (&self.text, &self.kind) {
            (Some(text), Some(kind)) => {
                Ok((typed(kind, text.clone().into_bytes()), message_fields(text).context("the message")?))
            }
            _ => Ok((None, 0)),
        }
    }

    fn wire(&self, body: Option<Body>) -> Vec<u8> {
        let query = match (self.query.is_empty(), self.path.contains('?')) {
            (true, _) => String::new(),
            (false, true) => format!("&{}", encoded(&self.query)),
            (false, false) => format!("?{}", encoded(&self.query)),
        };
        let mut head = format!("{} {}{query} HTTP/1.1\r\nHost: shop.example.com\r\n", self.method, self.path);
        let given = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        for (name, value) in BROWSER.iter().filter(|(name, _)| !given(name)) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        let Some((kind, body)) = body else { return format!("{head}Connection: close\r\n\r\n").into_bytes() };
        head.push_str(&format!(
            "Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        ));
        [head.into_bytes(), body].concat()
    }
}

/// What a browser sends with everything.
const BROWSER: [(&str, &str); 4] = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:137.0) Gecko/20100101 Firefox/137.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-GB,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
];

fn encoded(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| String::from_utf8_lossy(&percent::encode(text.as_bytes())).replace("%20", "+");
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn multipart(parts: &[Part]) -> Vec<u8> {
    let mut body = String::new();
    for part in parts {
        let file = part.file.as_ref().map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let kind = part.kind.as_ref().map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        body.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n{kind}\r\n{}\r\n",
            part.name, part.value
        ));
    }
    body.push_str(&format!("--{BOUNDARY}--\r\n"));
    body.into_bytes()
}

/// Values that are no objects or lists.
fn leaves(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(members) => members.values().map(leaves).sum(),
        serde_json::Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

/// The fields of the one message of a gRPC-web text body: a frame of five bytes, then tags with numbers or texts.
fn message_fields(text: &str) -> Result<usize> {
    let bytes = STANDARD.decode(text)?;
    let mut rest = bytes.get(5..).context("a frame")?;
    let mut fields = 0;
    while let Some((tag, behind)) = rest.split_first() {
        let (number, behind) = varint(behind)?;
        let skipped = if tag & 7 == 2 { number } else { 0 };
        rest = behind.get(skipped..).context("a text that is cut")?;
        fields += 1;
    }
    Ok(fields)
}

fn varint(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let length = bytes.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    ensure!(length <= bytes.len() && length <= 9, "a number that is cut");
    let number = bytes[..length].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
    Ok((number, &bytes[length..]))
}

/// So many sentences of the book that the set-up has obtained, in order; `None`, with a notice, where there is no book.
pub fn sentences(count: usize) -> Option<Vec<String>> {
    let path = repo::root().join(".tools/prose.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("notice: no prose at {} (make setup): skipped", path.display());
        return None;
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('_', "");
    let mut sentences = Vec::new();
    let mut rest = text.as_str();
    while let Some(end) = rest.find(['.', '?', '!', ';']).map(|at| at + 1) {
        let (sentence, behind) = rest.split_at(end);
        rest = behind;
        if SENTENCE.contains(&sentence.trim().len()) {
            sentences.push(sentence.trim().to_owned());
        }
    }
    sentences.truncate(count);
    Some(sentences)
}

/// A sentence as what somebody writes under an article.
pub fn comment(number: usize, sentence: &str) -> Task {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let form = vec![
        pair("author", "Isaac"),
        pair("email", "isaac@example.com"),
        pair("article", &(1000 + number % 70).to_string()),
        pair("comment", sentence),
    ];
    let described = Described {
        name: String::new(),
        method: "POST".to_owned(),
        path: "/comments".to_owned(),
        headers: Vec::new(),
        cookies: Vec::new(),
        query: Vec::new(),
        form,
        parts: Vec::new(),
        json: None,
        text: None,
        kind: None,
    };
    let body = encoded(&described.form).into_bytes();
    let body = Some(("application/x-www-form-urlencoded".to_owned(), body));
    Task { id: format!("prose-{number}"), wire: described.wire(body) }
}
