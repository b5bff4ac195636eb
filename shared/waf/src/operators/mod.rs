//! Operators: one file each, and the table of their names.

mod automaton;
mod backtracked;
mod begins_with;
mod captures;
mod contains;
mod contains_word;
mod detect_sqli;
mod detect_xss;
mod digits;
mod ends_with;
mod ip_match;
pub mod libinjection;
mod numeric;
mod pattern;
mod pm;
mod rest_path;
mod rx;
mod rx_global;
mod streq;
mod unconditional;
mod validate_byte_range;
mod validate_nid;
mod validate_url_encoding;
mod validate_utf8_encoding;
mod verify;
mod verify_cc;
mod verify_cpf;
mod verify_ssn;
mod verify_svnr;
mod within;

pub use captures::Captures;
pub(crate) use numeric::number;
pub(crate) use pm::entries;

use portcullis_patterns::Conditions;

/// A compiled operator. It sees one value at a time and keeps nothing of it.
pub trait Test: std::fmt::Debug {
    /// Whether the value matches. `argument` is the rule's argument with its macros filled in; operators that compile
    /// it when the rules load take no notice. Groups are written only where they are wanted.
    fn matches(&self, input: &[u8], argument: &[u8], captures: Option<&mut Captures>) -> bool;

    /// Offsets and lengths of what it found in a value that matches, for traces; empty for operators that look at the
    /// value as a whole.
    fn locate(&self, _input: &[u8], _argument: &[u8]) -> Vec<(usize, usize)> {
        Vec::new()
    }

    /// What a value must have to match, where that is cheaper to ask. `argument` is `None` if it has macros.
    fn conditions(&self, argument: Option<&[u8]>) -> Option<Conditions> {
        let _ = argument;
        None
    }

    /// Names of groups behind the whole match, for `ARGS_PATH`.
    fn group_names(&self) -> &[String] {
        &[]
    }

    /// Units of fuel for a byte of a value.
    fn weight(&self) -> usize {
        1
    }

    /// Units of fuel for the values since the last call, beyond those for their bytes.
    fn debt(&self) -> u64 {
        0
    }

    /// What whoever loads the rule should know.
    fn warning(&self) -> Option<String> {
        None
    }
}

/// A text that is part of the module, or was given.
pub type Str = std::borrow::Cow<'static, str>;
/// Where operators that read files find them.
pub type Files<'a> = &'a dyn Fn(&str) -> Option<Str>;

/// When patterns are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compile {
    /// When the rules load, so that a pattern that is none is found then.
    Now,
    /// At first use: for rules that are part of the build, which a test compiles.
    Lazily,
}

/// What an operator is made from.
pub struct Recipe<'a> {
    /// The argument as written; with macros in it if `has_macros`.
    pub argument: &'a Str,
    /// Whether the argument is known only when a request comes.
    pub has_macros: bool,
    /// For `@pmFromFile` and its like.
    pub files: Files<'a>,
    /// For `@rx`.
    pub compile: Compile,
}

type Make = fn(&Recipe<'_>) -> Result<Box<dyn Test>, String>;

/// Compiles the operator of this name, without regard to case. The error says what is wrong with it.
pub fn compile(name: &str, recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, make)) = TABLE.iter().find(|(known, _)| *known == lower) {
        return make(recipe);
    }
    match REFUSED.iter().find(|(known, _)| *known == lower) {
        Some((_, reason)) => Err(format!("operator `@{name}` is not supported: {reason}")),
        None => Err(format!("unknown operator `@{name}`")),
    }
}

/// The name as ModSecurity's logs spell it.
pub(crate) fn spelling(name: &str) -> &'static str {
    SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().unwrap_or("Rx")
}

/// Whether the operator of this name reads the files that its argument names.
pub(crate) fn reads_files(name: &str) -> bool {
    FROM_FILE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

const FROM_FILE: [&str; 4] = ["ipmatchf", "ipmatchfromfile", "pmf", "pmfromfile"];

/// The names of all operators, lower case.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

const SPELLINGS: &[&str] = &[
    "BeginsWith",
    "Contains",
    "ContainsWord",
    "DetectSQLi",
    "DetectXSS",
    "EndsWith",
    "Eq",
    "Ge",
    "Gt",
    "IpMatch",
    "IpMatchF",
    "IpMatchFromFile",
    "Le",
    "Lt",
    "NoMatch",
    "Pm",
    "PmF",
    "PmFromFile",
    "RestPath",
    "Rx",
    "RxGlobal",
    "StrEq",
    "StrMatch",
    "UnconditionalMatch",
    "ValidateByteRange",
    "ValidateNid",
    "ValidateUrlEncoding",
    "ValidateUtf8Encoding",
    "VerifyCC",
    "VerifyCPF",
    "VerifySSN",
    "VerifySVNR",
    "Within",
];

const TABLE: &[(&str, Make)] = &[
    ("beginswith", begins_with::make),
    ("contains", contains::make),
    ("containsword", contains_word::make),
    ("detectsqli", detect_sqli::make),
    ("detectxss", detect_xss::make),
    ("endswith", ends_with::make),
    ("eq", numeric::eq),
    ("ge", numeric::ge),
    ("gt", numeric::gt),
    ("ipmatch", ip_match::make),
    ("ipmatchf", ip_match::from_file),
    ("ipmatchfromfile", ip_match::from_file),
    ("le", numeric::le),
    ("lt", numeric::lt),
    ("nomatch", unconditional::never),
    ("pm", pm::make),
    ("pmf", pm::from_file),
    ("pmfromfile", pm::from_file),
    ("restpath", rest_path::make),
    ("rx", rx::make),
    ("rxglobal", rx_global::make),
    ("streq", streq::make),
    ("strmatch", contains::make),
    ("unconditionalmatch", unconditional::always),
    ("validatebyterange", validate_byte_range::make),
    ("validatenid", validate_nid::make),
    ("validateurlencoding", validate_url_encoding::make),
    ("validateutf8encoding", validate_utf8_encoding::make),
    ("verifycc", verify_cc::make),
    ("verifycpf", verify_cpf::make),
    ("verifyssn", verify_ssn::make),
    ("verifysvnr", verify_svnr::make),
    ("within", within::make),
];

/// What a sandbox cannot do, and why.
const REFUSED: &[(&str, &str)] = &[
    ("fuzzyhash", "it needs the ssdeep library"),
    ("geolookup", "it needs a geolocation database"),
    ("gsblookup", "it needs Google's service"),
    ("inspectfile", "a sandbox runs no programs"),
    ("rbl", "a sandbox has no DNS"),
    ("validatedtd", "external schemas are not loaded"),
    ("validatehash", "hash injection is not part of ModSecurity v3"),
    ("validateschema", "external schemas are not loaded"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_operator_has_its_spelling() {
        for name in super::names() {
            assert!(super::spelling(name).eq_ignore_ascii_case(name), "{name}");
        }
    }
}
