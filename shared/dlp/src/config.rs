//! The settings of the filter `dlp`, and their checks.

mod compile;
#[cfg(test)]
mod tests;

use serde::Deserialize;

pub(crate) use compile::{Compiled, compile};

/// Settings of one route, or of `default`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DlpConfig {
    /// Which bodies are inspected. Default `response`.
    #[serde(default)]
    pub direction: Direction,
    /// Media types of the bodies that are inspected: `type/subtype`, `type/*` or `*/*+suffix`, in lower case. Default:
    /// text, JSON, XML, forms, server-sent events. A body without a type is inspected as text.
    #[serde(default)]
    pub content_types: Option<Vec<String>>,
    /// What becomes of a body that should be inspected and can't: compressed, a part of a whole (206), or UTF-16.
    #[serde(default)]
    pub on_uninspectable: OnUninspectable,
    /// What is looked for, and what becomes of it. Default: cards and IBANs, covered but for the last four.
    #[serde(default)]
    pub rules: Option<Vec<RuleConfig>>,
}

/// Which bodies are inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Those of requests.
    Request,
    /// Those of responses.
    #[default]
    Response,
    /// All.
    Both,
}

/// What becomes of a body that can't be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnUninspectable {
    /// A response is answered 502, a request 415.
    #[default]
    Refuse,
    /// It passes, and is counted.
    Pass,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleConfig {
    /// Its name: letters, digits and `_`; unique.
    pub name: String,
    /// What it looks for.
    pub detect: DetectConfig,
    /// What becomes of a finding. Default: covered with `*`, the last four characters and separators stay.
    #[serde(default)]
    pub action: Option<ActionConfig>,
}

/// What a rule looks for: either `detector` or `regex`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetectConfig {
    /// The name of a built-in detector.
    #[serde(default)]
    pub detector: Option<String>,
    /// How sure the detector must be, 0 to 100. Default 50: a form that other values have too counts near a word
    /// such as `card` alone.
    #[serde(default)]
    pub min_score: Option<u8>,
    /// A regex over bytes, in linear time: no look-around, no back-references.
    #[serde(default)]
    pub regex: Option<String>,
    /// The group of the regex that is the finding, by number or name. Default 0, the whole match.
    #[serde(default)]
    pub group: Option<GroupConfig>,
    /// Letters of either case are the same in the regex.
    #[serde(default)]
    pub case_insensitive: bool,
    /// The most bytes of a match of the regex, up to 512. Needed where the regex itself sets no end, or a later one;
    /// its repetitions are cut to it.
    #[serde(default)]
    pub max_length: Option<usize>,
}

/// A group of a regex.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum GroupConfig {
    /// Counted from 1.
    Number(usize),
    /// As in `(?<name>...)`.
    Name(String),
}

/// What becomes of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ActionConfig {
    /// It is covered.
    Mask(MaskConfig),
    /// It is counted and stays.
    Count {},
}

/// How a finding is covered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaskConfig {
    /// Stands in place of each byte: one visible ASCII character, no digit, no `"`, `\`, `<`, `>`, `&`. Default `*`.
    #[serde(default)]
    pub char: Option<String>,
    /// So many characters at the start stay.
    #[serde(default)]
    pub keep_first: Option<usize>,
    /// So many characters at the end stay.
    #[serde(default)]
    pub keep_last: Option<usize>,
    /// Covers so many percent of the characters, from the start, in place of the two above.
    #[serde(default)]
    pub percent: Option<u8>,
    /// What is neither letter nor digit stays.
    #[serde(default)]
    pub keep_separators: bool,
}
