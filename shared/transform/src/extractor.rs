//! Extractors: a regex over a header or the body that takes a part out, or replaces parts.

use portcullis_core::{ConfigError, Fuel, Headers, OutOfFuel};
use regex::bytes::{Captures, Regex, RegexBuilder};

/// A compiled extractor. Regexes run in linear time over bytes: no look-around, no back references.
#[derive(Debug)]
pub(crate) struct Extractor {
    source: Source,
    regex: Regex,
    work: Work,
}

/// What an extractor reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The first field of this name (lower case); none is empty text.
    Header(String),
    /// The body's bytes.
    Body,
}

/// What an extractor gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// This group, if the regex matches the whole input; else nothing.
    Extract { group: usize },
    /// The input with this group replaced, if the first match is the whole input; else the input.
    ReplaceOne { group: usize, by: Vec<u8> },
    /// The input with all matches replaced that are not empty.
    ReplaceAll { by: Vec<u8> },
}

/// Bounds the memory of one regex, bytes.
const REGEX_SIZE: usize = 1 << 20;

impl Extractor {
    /// Compiles; `path` is the field that errors name.
    pub(crate) fn new(source: Source, regex: &str, work: Work, path: &str) -> Result<Extractor, ConfigError> {
        // Matching the whole input is a wish of the regex itself, so that alternatives are tried until one does.
        let text = match work {
            Work::Extract { .. } => format!(r"\A(?:{regex})\z"),
            _ => regex.to_owned(),
        };
        let field = format!("{path}.regex");
        // Checked as it stands first: brackets that close the wrapper's own must not slip through.
        compile(regex, &field)?;
        let compiled = compile(&text, &field)?;
        let groups = compiled.captures_len() - 1;
        match work {
            Work::Extract { group } | Work::ReplaceOne { group, .. } if group > groups => {
                Err(ConfigError::new(
                    format!("{path}.subgroup"),
                    format!("group {group} requested for regex with only {groups} sub groups"),
                ))
            }
            _ => Ok(Extractor { source, regex: compiled, work }),
        }
    }

    pub(crate) fn reads_body(&self) -> bool {
        self.source == Source::Body
    }

    /// What it gives for a message. Costs a unit of fuel for each byte that it reads and writes.
    pub(crate) fn run(&self, headers: &Headers, body: &[u8], fuel: &Fuel) -> Result<Vec<u8>, OutOfFuel> {
        let input = match &self.source {
            Source::Body => body,
            Source::Header(name) => match headers.get(name) {
                Some(value) => value,
                None => return Ok(Vec::new()),
            },
        };
        fuel.charge_call(input.len())?;
        let output = match &self.work {
            Work::Extract { group } => extract(&self.regex, input, *group),
            Work::ReplaceOne { group, by } => replace_one(&self.regex, input, *group, by),
            Work::ReplaceAll { by } => return replace_all(&self.regex, input, by, fuel),
        };
        fuel.charge(output.len() as u64)?;
        Ok(output)
    }
}

fn compile(regex: &str, path: &str) -> Result<Regex, ConfigError> {
    let mut builder = RegexBuilder::new(regex);
    let compiled = builder.unicode(false).size_limit(REGEX_SIZE).nest_limit(100).build();
    compiled
        .map_err(|error| ConfigError::new(path, format!("invalid regex: {}", last_line(&error.to_string()))))
}

/// Of the regex crate's errors, which draw the place over several lines, the line that says what is wrong.
fn last_line(error: &str) -> &str {
    let line = error.lines().last().unwrap_or(error).trim();
    line.strip_prefix("error: ").unwrap_or(line)
}

fn extract(regex: &Regex, input: &[u8], group: usize) -> Vec<u8> {
    let captures = regex.captures(input);
    captures
        .and_then(|captures| captures.get(group))
        .map(|found| found.as_bytes().to_vec())
        .unwrap_or_default()
}

fn replace_one(regex: &Regex, input: &[u8], group: usize, by: &[u8]) -> Vec<u8> {
    let Some(captures) = regex.captures(input) else { return input.to_vec() };
    if captures.get(0).is_none_or(|whole| whole.len() != input.len()) {
        return input.to_vec();
    }
    // A group that took no part stands at the end.
    let (start, end) =
        captures.get(group).map_or((input.len(), input.len()), |found| (found.start(), found.end()));
    let (before, after) = (input.get(..start).unwrap_or_default(), input.get(end..).unwrap_or_default());
    [before, by, after].concat()
}

fn replace_all(regex: &Regex, input: &[u8], by: &[u8], fuel: &Fuel) -> Result<Vec<u8>, OutOfFuel> {
    let mut out = Vec::with_capacity(input.len());
    let mut done = 0;
    for captures in regex.captures_iter(input) {
        let Some(whole) = captures.get(0).filter(|whole| !whole.is_empty()) else { continue };
        out.extend_from_slice(input.get(done..whole.start()).unwrap_or_default());
        let before = out.len();
        expand(by, &captures, input, &mut out);
        fuel.charge_call(out.len() - before)?;
        done = whole.end();
    }
    out.extend_from_slice(input.get(done..).unwrap_or_default());
    Ok(out)
}

/// Replacement text as ECMAScript has it: `$1` to `$99`, `$&`, `` $` ``, `$'`, `$$`; another `$` is itself.
fn expand(by: &[u8], captures: &Captures<'_>, input: &[u8], out: &mut Vec<u8>) {
    let (start, end) = captures.get(0).map_or((0, 0), |whole| (whole.start(), whole.end()));
    let mut rest = by;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'$' {
            out.push(byte);
            continue;
        }
        let (text, length) = match rest {
            [b'$', ..] => (&b"$"[..], 1),
            [b'&', ..] => (input.get(start..end).unwrap_or_default(), 1),
            [b'`', ..] => (input.get(..start).unwrap_or_default(), 1),
            [b'\'', ..] => (input.get(end..).unwrap_or_default(), 1),
            _ => group(rest, captures).unwrap_or((b"$", 0)),
        };
        out.extend_from_slice(text);
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// The group that one or two digits name, and how many digits those are.
fn group<'t>(rest: &[u8], captures: &Captures<'t>) -> Option<(&'t [u8], usize)> {
    let digit = |index: usize| {
        rest.get(index).filter(|byte| byte.is_ascii_digit()).map(|byte| usize::from(byte - b'0'))
    };
    let one = digit(0)?;
    let two = digit(1).map(|second| one * 10 + second).filter(|number| *number < captures.len());
    let (number, length) = two.map_or((one, 1), |number| (number, 2));
    let found = (1..captures.len()).contains(&number).then(|| captures.get(number));
    Some((found?.map(|found| found.as_bytes()).unwrap_or_default(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(regex: &str, work: Work, input: &str, expected: &str) {
        let extractor = Extractor::new(Source::Body, regex, work, "x").unwrap();
        let output = extractor.run(&Headers::new(), input.as_bytes(), &Fuel::new(10_000)).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn extracts_where_all_of_the_input_matches() {
        check("a(b|bc)(c?)", Work::Extract { group: 2 }, "abc", "c");
        check("(b)", Work::Extract { group: 1 }, "abc", "");
        check("a|ab", Work::Extract { group: 0 }, "ab", "ab");
    }

    #[test]
    fn replacements_know_their_match() {
        let all = |by: &str| Work::ReplaceAll { by: by.into() };
        check("(b)(c)?", all("[$1|$2|$&|$$|$9]"), "abd", "a[b||b|$|$9]d");
        check("x*", all("-"), "axb", "a-b");
        check("b", all("<$`|$'>"), "abc", "a<a|c>c");
    }

    #[test]
    fn a_regex_that_cannot_be_is_refused_in_one_line() {
        let error = Extractor::new(Source::Body, "a)(b", Work::Extract { group: 0 }, "x").unwrap_err();
        assert_eq!(error.to_string(), "x.regex: invalid regex: unopened group");
        let error = Extractor::new(Source::Body, "(?=a)", Work::Extract { group: 0 }, "x").unwrap_err();
        assert!(error.to_string().starts_with("x.regex: invalid regex: look-around"), "{error}");
    }
}
