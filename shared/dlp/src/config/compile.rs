//! From settings to rules: every check that a configuration can fail.

use super::{
    ActionConfig, DetectConfig, Direction, DlpConfig, GroupConfig, MaskConfig, OnUninspectable, RuleConfig,
};
use crate::detectors::{self, Score};
use crate::mask::{Keep, Mask};
use crate::rules::{Pattern, Rules, Search};
use crate::scan;
use crate::window::MOST_HELD;
use portcullis_core::ConfigError;
use portcullis_http::media::MediaType;
use portcullis_patterns::{LazyRegex, RegexOptions, Shape};
use regex::bytes::Regex;
use std::cell::RefCell;
use std::rc::Rc;

/// The longest match of a regex, so that the window holds no more than it may.
const LONGEST: usize = MOST_HELD;
/// The most rules.
const MOST_RULES: usize = 256;

/// Checked settings.
pub(crate) struct Compiled {
    pub(crate) direction: Direction,
    pub(crate) types: Types,
    pub(crate) on_uninspectable: OnUninspectable,
    pub(crate) rules: Rc<Rules>,
    /// What each rule counts as: its detector's name, or `custom`.
    pub(crate) labels: Vec<&'static str>,
}

/// Checks settings and compiles the rules.
pub(crate) fn compile(config: &DlpConfig) -> Result<Compiled, ConfigError> {
    let defaults;
    let rules = match &config.rules {
        Some(rules) => rules,
        None => {
            defaults = default_rules();
            &defaults
        }
    };
    check_rules(rules)?;
    let (mut labels, mut compiled) = (Vec::new(), Vec::new());
    for (index, rule) in rules.iter().enumerate() {
        let (label, search) =
            search(&rule.detect).map_err(|error| error.under(&format!("rules[{index}].detect")))?;
        let mask =
            action(rule.action.as_ref()).map_err(|error| error.under(&format!("rules[{index}].action")))?;
        labels.push(label);
        compiled.push((search, mask));
    }
    Ok(Compiled {
        direction: config.direction,
        types: Types::new(config.content_types.as_deref())?,
        on_uninspectable: config.on_uninspectable,
        rules: Rc::new(Rules::new(compiled)),
        labels,
    })
}

fn default_rules() -> Vec<RuleConfig> {
    let rule = |name: &str| RuleConfig {
        name: name.to_owned(),
        detect: DetectConfig { detector: Some(name.to_owned()), ..DetectConfig::default() },
        action: None,
    };
    vec![rule("card"), rule("iban")]
}

fn check_rules(rules: &[RuleConfig]) -> Result<(), ConfigError> {
    if rules.is_empty() {
        return Err(ConfigError::new("rules", "no rule; leave the field out for the default rules"));
    }
    if rules.len() > MOST_RULES {
        return Err(ConfigError::new("rules", format!("{} rules, at most {MOST_RULES}", rules.len())));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = || format!("rules[{index}].name");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if rule.name.is_empty() || rule.name.len() > 64 || !rule.name.bytes().all(plain) {
            let message = format!("`{}` is no name: 1 to 64 letters, digits and `_`", rule.name);
            return Err(ConfigError::new(path(), message));
        }
        if rules.iter().take(index).any(|earlier| earlier.name == rule.name) {
            return Err(ConfigError::new(path(), format!("`{}` is there twice", rule.name)));
        }
    }
    let detectors = rules.iter().filter(|rule| rule.detect.detector.is_some()).count();
    match detectors > scan::MOST {
        true => Err(ConfigError::new(
            "rules",
            format!("{detectors} rules with a `detector`, at most {}", scan::MOST),
        )),
        false => Ok(()),
    }
}

fn search(config: &DetectConfig) -> Result<(&'static str, Search), ConfigError> {
    match (&config.detector, &config.regex) {
        (Some(name), None) => detector(name, config),
        (None, Some(regex)) => Ok(("custom", Search::Pattern(pattern(regex, config)?))),
        _ => Err(ConfigError::new("", "one of `detector` and `regex` is needed")),
    }
}

fn detector(name: &str, config: &DetectConfig) -> Result<(&'static str, Search), ConfigError> {
    let only_regex = [
        ("group", config.group.is_some()),
        ("caseInsensitive", config.case_insensitive),
        ("maxLength", config.max_length.is_some()),
    ];
    if let Some((field, _)) = only_regex.iter().find(|(_, is_set)| *is_set) {
        return Err(ConfigError::new(*field, "only with `regex`"));
    }
    let Some(detector) = detectors::by_name(name) else {
        let known: Vec<_> = detectors::ALL.iter().map(|detector| detector.name()).collect();
        let message = format!("no detector `{name}`; there are {}", known.join(", "));
        return Err(ConfigError::new("detector", message));
    };
    let minimum = match config.min_score {
        Some(score) if score > 100 => {
            return Err(ConfigError::new("minScore", format!("{score} is more than 100")));
        }
        Some(score) => Score(score),
        None => Score::DEFAULT_MINIMUM,
    };
    Ok((detector.name(), Search::Detector { detector, minimum }))
}

fn pattern(text: &str, config: &DetectConfig) -> Result<Pattern, ConfigError> {
    if config.min_score.is_some() {
        return Err(ConfigError::new("minScore", "only with `detector`"));
    }
    let bad = |error: portcullis_patterns::PatternError| ConfigError::new("regex", error);
    let options = RegexOptions { case_insensitive: config.case_insensitive, ..RegexOptions::default() };
    let own = Shape::of(text, &options).map_err(bad)?;
    let most = longest(config.max_length, own.longest)?;
    let (bounded, shape) = Shape::bounded(text, &options, most).map_err(bad)?;
    if shape.shortest.is_none_or(|length| length == 0) {
        return Err(ConfigError::new(
            "regex",
            format!("`{text}` can match the empty text, or nothing at all"),
        ));
    }
    let compiled = LazyRegex::new(bounded, RegexOptions::PRINTED).map_err(bad)?;
    let regex = compiled
        .get()
        .map_err(|_| ConfigError::new("regex", format!("`{text}` is too large once compiled")))?;
    let group = group(config.group.as_ref(), regex)?;
    Ok(Pattern {
        longest: shape.longest.unwrap_or(LONGEST),
        first: shape.first,
        group,
        groups: RefCell::new(regex.capture_locations()),
        regex: regex.clone(),
    })
}

/// The bytes that a match may have at most.
fn longest(configured: Option<usize>, own: Option<usize>) -> Result<usize, ConfigError> {
    match (configured, own) {
        (Some(length), _) if length == 0 || length > LONGEST => {
            Err(ConfigError::new("maxLength", format!("{length} is not within 1 and {LONGEST}")))
        }
        (Some(length), _) => Ok(length),
        (None, Some(length)) if length <= LONGEST => Ok(length),
        (None, Some(length)) => {
            let message = format!("a match can have {length} bytes, more than {LONGEST}: set `maxLength`");
            Err(ConfigError::new("regex", message))
        }
        (None, None) => Err(ConfigError::new("regex", "a match can be of any length: set `maxLength`")),
    }
}

fn group(config: Option<&GroupConfig>, regex: &Regex) -> Result<usize, ConfigError> {
    let found = match config {
        None => return Ok(0),
        Some(GroupConfig::Number(number)) => (*number < regex.captures_len()).then_some(*number),
        Some(GroupConfig::Name(name)) => regex.capture_names().position(|known| known == Some(name)),
    };
    found.ok_or_else(|| match config {
        Some(GroupConfig::Name(name)) => {
            ConfigError::new("group", format!("the regex has no group `{name}`"))
        }
        _ => ConfigError::new("group", format!("the regex has {} groups", regex.captures_len() - 1)),
    })
}

fn action(config: Option<&ActionConfig>) -> Result<Option<Mask>, ConfigError> {
    match config {
        Some(ActionConfig::Count {}) => Ok(None),
        Some(ActionConfig::Mask(config)) => Ok(Some(mask(config).map_err(|error| error.under("mask"))?)),
        None => {
            Ok(Some(Mask { character: b'*', keep: Keep::Ends { first: 0, last: 4 }, keep_separators: true }))
        }
    }
}

fn mask(config: &MaskConfig) -> Result<Mask, ConfigError> {
    let text = config.char.as_deref().unwrap_or("*");
    let character = match text.as_bytes() {
        [byte] if byte.is_ascii_graphic() && !byte.is_ascii_digit() && !b"\"\\<>&".contains(byte) => *byte,
        _ => {
            let message =
                format!("`{text}` is not one visible ASCII character other than a digit and `\"\\<>&`");
            return Err(ConfigError::new("char", message));
        }
    };
    let keep = match (config.percent, config.keep_first, config.keep_last) {
        (Some(percent), None, None) if percent <= 100 => Keep::AllBut(percent),
        (Some(percent), None, None) => {
            return Err(ConfigError::new("percent", format!("{percent} is more than 100")));
        }
        (Some(_), _, _) => {
            return Err(ConfigError::new("percent", "not together with `keepFirst` or `keepLast`"));
        }
        (None, first, last) => Keep::Ends { first: first.unwrap_or(0), last: last.unwrap_or(0) },
    };
    Ok(Mask { character, keep, keep_separators: config.keep_separators })
}

/// Media types that are inspected.
pub(crate) struct Types(Vec<TypePattern>);

/// A media type with `*` for what does not matter.
enum TypePattern {
    Exact(Vec<u8>),
    /// What the type begins with: `text/`, or nothing.
    Prefix(Vec<u8>),
    /// What it ends with: `+json`.
    Suffix(Vec<u8>),
}

/// Text, JSON, XML, forms; server-sent events are of the type `text`.
const DEFAULT_TYPES: &[&str] = &[
    "text/*",
    "application/json",
    "*/*+json",
    "application/x-ndjson",
    "application/xml",
    "*/*+xml",
    "application/x-www-form-urlencoded",
    "application/javascript",
    "application/graphql",
];

impl Types {
    fn new(config: Option<&[String]>) -> Result<Types, ConfigError> {
        let Some(config) = config else {
            return Ok(Types(DEFAULT_TYPES.iter().filter_map(|text| TypePattern::parse(text)).collect()));
        };
        let parse = |(index, text): (usize, &String)| {
            TypePattern::parse(text).ok_or_else(|| {
                let message = format!("`{text}` is no media type: `type/subtype`, `type/*` or `*/*+suffix`");
                ConfigError::new(format!("contentTypes[{index}]"), message)
            })
        };
        config.iter().enumerate().map(parse).collect::<Result<_, _>>().map(Types)
    }

    /// Whether a body of this type is inspected; one without a type is.
    pub(crate) fn wants(&self, essence: Option<&[u8]>) -> bool {
        let Some(essence) = essence else { return true };
        self.0.iter().any(|pattern| match pattern {
            TypePattern::Exact(text) => essence == text,
            TypePattern::Prefix(text) => essence.starts_with(text),
            TypePattern::Suffix(text) => essence.ends_with(text),
        })
    }
}

impl TypePattern {
    fn parse(text: &str) -> Option<TypePattern> {
        if text == "*/*" {
            return Some(TypePattern::Prefix(Vec::new()));
        }
        let media = MediaType::parse(text.as_bytes()).filter(|media| media.essence() == text.as_bytes())?;
        let essence = media.essence();
        if let Some(suffix) = essence.strip_prefix(b"*/*+") {
            return Some(TypePattern::Suffix([b"+", suffix].concat()));
        }
        if let Some(prefix) = essence.strip_suffix(b"*").filter(|prefix| prefix.ends_with(b"/")) {
            return (!prefix.contains(&b'*')).then(|| TypePattern::Prefix(prefix.to_vec()));
        }
        (!essence.contains(&b'*')).then(|| TypePattern::Exact(essence.to_vec()))
    }
}
