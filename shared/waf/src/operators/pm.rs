//! `@pm` and `@pmFromFile`: one of many phrases stands in the value, whatever the case of ASCII letters.

use super::{Captures, Recipe, Test};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::cell::OnceCell;

/// Phrases, and the automaton over them, made at first use.
struct Phrases {
    phrases: Vec<Vec<u8>>,
    automaton: OnceCell<Option<AhoCorasick>>,
}

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    if recipe.has_macros {
        return Err("`@pm` takes no macros".to_owned());
    }
    let text = hex_parts(recipe.argument.as_bytes())?;
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    compile(words.map(<[u8]>::to_vec).collect())
}

pub(super) fn from_file(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let text = read(recipe)?;
    compile(entries(&text).map(|entry| entry.as_bytes().to_vec()).collect())
}

/// The texts of the files that the argument names, joined.
pub(super) fn read(recipe: &Recipe<'_>) -> Result<String, String> {
    let mut text = String::new();
    for name in recipe.argument.split_ascii_whitespace() {
        let file = (recipe.files)(name).ok_or_else(|| format!("there is no file `{name}`"))?;
        text.push_str(&file);
        text.push('\n');
    }
    Ok(text)
}

/// The lines that are neither empty nor comments, without blanks around them.
pub(super) fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn compile(phrases: Vec<Vec<u8>>) -> Result<Box<dyn Test>, String> {
    match phrases.is_empty() {
        true => Err("there is no phrase to match".to_owned()),
        false => Ok(Box::new(Phrases { phrases, automaton: OnceCell::new() })),
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
    /// The automaton; `None` only if the phrases are more than it can hold, and then they are looked for one by one.
    fn automaton(&self) -> Option<&AhoCorasick> {
        let build = || {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
            builder.build(&self.phrases).ok()
        };
        self.automaton.get_or_init(build).as_ref()
    }

    fn find<'a>(&self, input: &'a [u8]) -> Option<&'a [u8]> {
        match self.automaton() {
            Some(automaton) => input.get(automaton.find(input)?.range()),
            None => self.phrases.iter().find_map(|phrase| {
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
}

impl std::fmt::Debug for Phrases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} phrases", self.phrases.len())
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
