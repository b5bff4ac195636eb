//! `@pm` and `@pmFromFile`: one of many phrases stands in the value, whatever the case of ASCII letters.

use super::{Captures, Compile, Recipe, Str, Test};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use portcullis_patterns::Conditions;
use std::cell::OnceCell;

/// Phrases, and what finds them, made at first use.
struct Phrases {
    source: Source,
    finder: OnceCell<Finder>,
}

/// Texts that hold the phrases.
enum Source {
    /// The operator's argument: words.
    Words(Str),
    /// The files that it names: lines.
    Lines(Vec<Str>),
}

enum Finder {
    Automaton(AhoCorasick),
    /// The phrases are more than an automaton can hold.
    OneByOne(Vec<Vec<u8>>),
}

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    if recipe.has_macros {
        return Err("`@pm` takes no macros".to_owned());
    }
    compile(Source::Words(recipe.argument.clone()), recipe.compile)
}

pub(super) fn from_file(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    compile(Source::Lines(read(recipe)?), recipe.compile)
}

/// The texts of the files that the argument names.
pub(super) fn read(recipe: &Recipe<'_>) -> Result<Vec<Str>, String> {
    let names = recipe.argument.split_ascii_whitespace();
    names.map(|name| (recipe.files)(name).ok_or_else(|| format!("there is no file `{name}`"))).collect()
}

/// The lines that are neither empty nor comments, without blanks around them.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn compile(source: Source, when: Compile) -> Result<Box<dyn Test>, String> {
    if when == Compile::Now && source.phrases()?.is_empty() {
        return Err("there is no phrase to match".to_owned());
    }
    Ok(Box::new(Phrases { source, finder: OnceCell::new() }))
}

impl Source {
    fn phrases(&self) -> Result<Vec<Vec<u8>>, String> {
        Ok(match self {
            Source::Words(text) => hex_parts(text.as_bytes())?
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
            Source::Lines(texts) => {
                texts.iter().flat_map(|text| entries(text)).map(|entry| entry.as_bytes().to_vec()).collect()
            }
        })
    }
}

/// `|41 42|` stands for the bytes that it names, as in Snort.
fn hex_parts(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    for (index, part) in text.split(|&byte| byte == b'|').enumerate() {
        if index % 2 == 0 {
            out.extend_from_slice(part);
            continue;
        }
        for pair in part.split(u8::is_ascii_whitespace).filter(|pair| !pair.is_empty()) {
            let digits = std::str::from_utf8(pair).ok().filter(|digits| digits.len() == 2);
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            out.push(
                byte.ok_or_else(|| format!("`{}` is not a byte in hex", String::from_utf8_lossy(pair)))?,
            );
        }
    }
    Ok(out)
}

impl Phrases {
    fn finder(&self) -> &Finder {
        self.finder.get_or_init(|| {
            let phrases = self.source.phrases().unwrap_or_default();
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
            match builder.build(&phrases) {
                Ok(automaton) => Finder::Automaton(automaton),
                Err(_) => Finder::OneByOne(phrases),
            }
        })
    }

    fn find<'a>(&self, input: &'a [u8]) -> Option<&'a [u8]> {
        match self.finder() {
            Finder::Automaton(automaton) => input.get(automaton.find(input)?.range()),
            Finder::OneByOne(phrases) => phrases.iter().find_map(|phrase| {
                input.windows(phrase.len()).find(|window| window.eq_ignore_ascii_case(phrase))
            }),
        }
    }
}

impl Test for Phrases {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let found = self.find(input);
        if let (Some(found), Some(captures)) = (found, captures) {
            captures.only(found);
        }
        found.is_some()
    }

    fn locate(&self, input: &[u8], _: &[u8]) -> Vec<(usize, usize)> {
        let start = input.as_ptr() as usize;
        self.find(input).map(|found| (found.as_ptr() as usize - start, found.len())).into_iter().collect()
    }

    fn conditions(&self, _: Option<&[u8]>) -> Option<Conditions> {
        let phrases = self.source.phrases().ok()?;
        Some(Conditions::of_phrases(phrases.iter().map(Vec::as_slice)))
    }
}

impl std::fmt::Debug for Phrases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let phrases = self.source.phrases().unwrap_or_default();
        f.debug_list().entries(phrases.iter().map(|phrase| phrase.escape_ascii().to_string())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::hex_parts;

    #[test]
    fn hex_between_bars() {
        assert_eq!(hex_parts(b"a|41 20|b c").unwrap(), b"aA b c");
        assert!(hex_parts(b"|4|").is_err());
    }
}
