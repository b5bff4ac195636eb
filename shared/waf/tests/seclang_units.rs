//! ModSecurity's own tests of single operators and transformations.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its data is broken")]

use portcullis_testkit::corpus::{Outcome, Suite, conformance_dir};
use portcullis_waf::operators::{Captures, Compile, Recipe, compile};
use portcullis_waf::transformations::Transformation;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    param: String,
    #[serde(default)]
    input: String,
    #[serde(default)]
    output: String,
    ret: u8,
    #[serde(default)]
    re_groups: Vec<String>,
}

#[test]
fn operators() {
    let Some(cases) = cases("operators") else { return };
    Suite::new("seclang-units operators")
        .floor(370)
        .class("geo", "a sandbox has no geolocation database")
        .run(cases, operator)
        .assert_clean();
}

#[test]
fn transformations() {
    let Some(cases) = cases("transformations") else { return };
    Suite::new("seclang-units transformations").floor(187).run(cases, transformation).assert_clean();
}

fn operator(case: &Case) -> Result<Outcome, String> {
    let argument = String::from_utf8_lossy(&bytes(&case.param)).into_owned().into();
    let recipe = Recipe { argument: &argument, has_macros: false, files: &|_| None, compile: Compile::Now };
    let test = match compile(&case.name, &recipe) {
        Ok(test) => test,
        Err(error) if case.name == "geoLookup" && error.contains("not supported") => {
            return Ok(Outcome::OfClass("geo".into()));
        }
        // A network that is none matches nothing there; here it is refused when rules load.
        Err(error) if case.name == "ipMatch" && case.ret == 0 && error.contains("is not an address") => {
            return Ok(Outcome::Asserted);
        }
        Err(error) => return Err(error),
    };
    let mut captures = Captures::default();
    let input = bytes(&case.input);
    let found = test.matches(&input, argument.as_bytes(), Some(&mut captures));
    if found != (case.ret == 1) || found != test.matches(&input, argument.as_bytes(), None) {
        return Err(format!("{found} for {:?} in {:?}", case.param, case.input));
    }
    // The corpus lists the groups that its engine stored, in order; it leaves some out.
    let mut groups = captures.groups.iter();
    let missing = case.re_groups.iter().find(|wanted| !groups.any(|group| *group == bytes(wanted)));
    match missing {
        Some(group) => Err(format!("no group {group:?} in {:?}", captures.groups)),
        None => Ok(Outcome::Asserted),
    }
}

fn transformation(case: &Case) -> Result<Outcome, String> {
    let transformation = Transformation::find(&case.name).ok_or("unknown")?;
    let (input, expected) = (bytes(&case.input), bytes(&case.output));
    let output = transformation.apply(&input);
    // ModSecurity's `ret` says "changed" for some values that did not change, but never the other way round.
    if *output != *expected || (case.ret == 0 && *output != *input) {
        let shown = [&input[..], &output, &expected].map(|text| text.escape_ascii().to_string());
        let [input, output, expected] = shown;
        return Err(format!("`{input}` gives `{output}`, not `{expected}`"));
    }
    Ok(Outcome::Asserted)
}

fn cases(folder: &str) -> Option<Vec<(String, Case)>> {
    let dir = conformance_dir()?.join("seclang-units").join(folder);
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let list: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        cases.extend(list.into_iter().enumerate().map(|(index, case)| (format!("{stem}/{index}"), case)));
    }
    Some(cases)
}

/// The bytes of a string of the corpus: `\xHH` and `\uHHHH` stand for a byte. Their reader takes any letter for a digit
/// there and stops at the first that is none.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        let (byte, length) = match rest {
            [] => return out,
            [b'\\', b'x', a, b, ..] if [a, b].iter().all(|c| c.is_ascii_alphanumeric()) => {
                (number(&[*a, *b]), 4)
            }
            [b'\\', b'u', digits @ ..]
                if digits.iter().take(4).filter(|c| c.is_ascii_alphanumeric()).count() == 4 =>
            {
                (number(&digits[..4]), 6)
            }
            [byte, ..] => (*byte, 1),
        };
        out.push(byte);
        rest = &rest[length..];
    }
}

fn number(digits: &[u8]) -> u8 {
    digits.iter().map_while(|&c| char::from(c).to_digit(16)).fold(0u32, |value, digit| value << 4 | digit)
        as u8
}
