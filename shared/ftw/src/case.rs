//! The files: schema 2 of go-ftw's tests. Fields that no version of it knows are passed over, as go-ftw does.

use crate::FtwError;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// How deep folders are searched.
const DEPTH: usize = 8;

/// One test.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The rule that it is about.
    pub rule: u64,
    /// Its number within the rule.
    pub test: u64,
    /// Its description.
    pub description: String,
    /// The file.
    pub file: PathBuf,
    /// Requests, in order.
    pub stages: Vec<Stage>,
}

/// A request and what is expected of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Stage {
    /// What is sent.
    pub input: Input,
    /// What is expected.
    #[serde(default)]
    pub output: Output,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Input {
    /// The server's address; `localhost` if left out.
    pub dest_addr: Option<String>,
    /// The server's port; 80 if left out.
    pub port: Option<u16>,
    /// `http` or `https`.
    pub protocol: Option<String>,
    /// `GET` if left out.
    pub method: Option<String>,
    /// `/` if left out.
    pub uri: Option<String>,
    /// The same request for each of these, in place of `uri`.
    pub uris: Vec<String>,
    /// `HTTP/1.1` if left out.
    pub version: Option<String>,
    /// Sent sorted by name.
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    /// Sent in this order, in place of `headers`.
    pub ordered_headers: Vec<Header>,
    /// The body; Go templates in it are carried out.
    pub data: Option<String>,
    /// The body in Base64.
    pub encoded_data: Option<String>,
    /// The whole request in Base64.
    pub encoded_request: Option<String>,
    /// Whether `Connection`, `Content-Type` and `Content-Length` are added; true if left out.
    pub autocomplete_headers: Option<bool>,
    /// The older, opposite form of `autocomplete_headers`.
    pub stop_magic: Option<bool>,
    /// Read for the schema's sake: go-ftw does nothing with it.
    pub save_cookie: Option<bool>,
    /// The request goes where the answer of the stage before sent it.
    pub follow_redirect: Option<bool>,
    /// It concerns go-ftw's own requests, which mark the log.
    pub virtual_host_mode: bool,
    /// What the upstream answers, where the case does not say so by a request to `/reflect`.
    pub response: Option<Response>,
}

/// A header of `ordered_headers`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// Its name.
    #[serde(alias = "Name")]
    pub name: String,
    /// Its value.
    #[serde(alias = "Value", default)]
    pub value: String,
}

/// What the upstream answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Response {
    /// 200 if left out.
    pub status: u16,
    /// Its headers.
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
    /// Its body in Base64.
    pub encoded_body: String,
}

/// What is expected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Output {
    /// The response's status.
    pub status: Option<u16>,
    /// A pattern that the whole response matches.
    pub response_contains: String,
    /// A pattern that a line of the log matches: the older form of `log.match_regex`.
    pub log_contains: String,
    /// A pattern that no line of the log matches: the older form of `log.no_match_regex`.
    pub no_log_contains: String,
    /// Rules in the log.
    pub log: Log,
    /// No answer that is HTTP comes.
    pub expect_error: bool,
    /// A failure is tried again once, for logs that come late; there is nothing late in a native run.
    pub retry_once: bool,
    /// No rule but the expected one is in the log.
    pub isolated: bool,
}

/// What the log holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Log {
    /// Rules that are in it, all of them.
    pub expect_ids: Vec<u64>,
    /// Rules none of which is in it.
    pub no_expect_ids: Vec<u64>,
    /// A pattern that one of its lines matches.
    pub match_regex: String,
    /// A pattern that none of its lines matches.
    pub no_match_regex: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule_id: Option<u64>,
    #[serde(default)]
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(default)]
    test_id: Option<u64>,
    #[serde(default)]
    desc: String,
    #[serde(default)]
    stages: Vec<Stage>,
}

impl Case {
    /// `942100-1`, as go-ftw names it.
    pub fn name(&self) -> String {
        format!("{}-{}", self.rule, self.test)
    }
}

/// All cases below a folder, or in a file, by file name. A CRS folder is known by its `tests`.
pub fn read_dir(path: &Path) -> Result<Vec<Case>, FtwError> {
    let mut cases = Vec::new();
    for file in find_files(path)? {
        let text =
            std::fs::read(&file).map_err(|cause| FtwError::Unreadable { path: file.clone(), cause })?;
        let malformed =
            |_| FtwError::Malformed { path: file.clone(), message: "is not UTF-8 text".to_owned() };
        cases.extend(read_text(&file, std::str::from_utf8(&text).map_err(malformed)?)?);
    }
    match cases.is_empty() {
        true => Err(FtwError::NoCases { path: path.to_owned() }),
        false => Ok(cases),
    }
}

/// The files with cases, `.yaml` and `.yml`, sorted.
pub fn find_files(path: &Path) -> Result<Vec<PathBuf>, FtwError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let known = [path.join("tests/regression/tests"), path.join("tests")];
    let root = known.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| path.to_owned());
    let mut files = Vec::new();
    collect(&root, DEPTH, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FtwError> {
    let unreadable = |cause| FtwError::Unreadable { path: folder.to_owned(), cause };
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The cases in a file's text; a file of comments alone has none.
pub fn read_text(path: &Path, text: &str) -> Result<Vec<Case>, FtwError> {
    let malformed = |message: String| FtwError::Malformed { path: path.to_owned(), message };
    let file: Option<File> = serde_yaml_ng::from_str(text).map_err(|error| malformed(one_line(&error)))?;
    let Some(file) = file else { return Ok(Vec::new()) };
    let Some(rule) = file.rule_id.or_else(|| number_in(path)) else {
        return Err(malformed(
            "neither `rule_id` nor the file's name says which rule the tests are for".to_owned(),
        ));
    };
    let case = |(index, test): (usize, Test)| Case {
        rule,
        test: test.test_id.unwrap_or(index as u64 + 1),
        description: test.desc,
        file: path.to_owned(),
        stages: test.stages,
    };
    Ok(file.tests.into_iter().enumerate().map(case).collect())
}

fn one_line(error: &serde_yaml_ng::Error) -> String {
    error.to_string().lines().collect::<Vec<_>>().join(" ")
}

/// The first number in a file's name.
fn number_in(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Names and values in the file's order; a value may look like a number, and is the text as written.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map of names and values")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Case>, String> {
        read_text(Path::new("x/942100.yml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn ids_fall_back_on_the_name_and_the_place() {
        let cases = read("tests:\n  - stages: []\n  - {test_id: 7, stages: []}\n").unwrap();
        let names: Vec<String> = cases.iter().map(Case::name).collect();
        assert_eq!(names, ["942100-1", "942100-7"]);
    }

    #[test]
    fn scalars_are_texts_as_written() {
        let cases = read(
            "tests:\n  - stages:\n      - input: {uri: 12, data: 0x10, headers: {Content-Length: 007, A: yes, B: ''}}\n",
        )
        .unwrap();
        let input = &cases[0].stages[0].input;
        assert_eq!((input.uri.as_deref(), input.data.as_deref()), (Some("12"), Some("0x10")));
        let headers: Vec<(&str, &str)> =
            input.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("Content-Length", "007"), ("A", "yes"), ("B", "")]);
    }

    #[test]
    fn comments_alone_are_no_cases() {
        assert_eq!(read("# nothing\n# here\n"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_case_is_named_in_one_line() {
        for (text, expected) in [
            (
                "tests: 1",
                "x/942100.yml: tests: invalid type: integer `1`, expected a sequence at line 1 column 8",
            ),
            (
                "tests:\n  - stages:\n      - output: {}\n",
                "x/942100.yml: tests[0].stages[0]: missing field `input`",
            ),
            ("a: [", "x/942100.yml: "),
            ("\u{0}", "x/942100.yml: "),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected) && !error.contains('\n'), "{error}");
        }
    }
}
