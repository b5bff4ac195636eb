//! OWASP CRS by settings, for people who do not write SecLang: the same in SecLang.

use super::RuleIds;
use crate::ruleset::parse_ids;
use crate::variables::{Key, Variable};
use portcullis_core::ConfigError;
use portcullis_seclang::{Sign, Span, parse_variables};
use serde::Deserialize;
use std::fmt::Write as _;

/// The most entries of a list, and the most bytes of one text in it.
const MOST_ENTRIES: usize = 1_000;
const LONGEST_TEXT: usize = 1_000;
/// The first of the ids that the rules made of settings have.
const FIRST_ID: usize = 190_000;
/// The first of the ids that exclusions for paths have.
const FIRST_EXCLUSION: usize = 190_100;

/// OWASP CRS, blocking at its defaults. Each field changes one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CrsConfig {
    /// The paranoia level whose rules count for blocking, 1 to 4; 1 if not given.
    pub paranoia: Option<u8>,
    /// The paranoia level whose rules run and log, `paranoia` to 4; `paranoia` if not given.
    pub detection_paranoia: Option<u8>,
    /// The anomaly score from which a request is blocked; 5 if not given.
    pub inbound_threshold: Option<u32>,
    /// The anomaly score from which a response is blocked; 4 if not given.
    pub outbound_threshold: Option<u32>,
    /// The methods that requests may have.
    pub allowed_methods: Option<Vec<String>>,
    /// The media types that request bodies may have.
    pub allowed_content_types: Option<Vec<String>>,
    /// Rules that do not count, everywhere or in places.
    pub exclude: Vec<ExcludeConfig>,
    /// The percentage of requests that the rules look at, 1 to 100.
    pub sampling: Option<u8>,
}

/// Rules that do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ExcludeConfig {
    /// By id or range of ids. Either these or `tags`.
    pub ids: Vec<RuleIds>,
    /// By tag.
    pub tags: Vec<String>,
    /// What of the request the rules leave out, like `ARGS:comment`; without it the rules are out whole.
    pub targets: Vec<String>,
    /// The paths where that holds: whole ones, or beginnings with `*` behind; without it everywhere.
    pub paths: Vec<String>,
}

impl CrsConfig {
    /// What stands in front of the rules of the configuration, and what behind.
    pub(super) fn texts(&self) -> Result<(String, String), ConfigError> {
        self.check()?;
        let mut settings =
            String::from("Include @recommended-conf\nInclude @crs-setup-conf\nSecRuleEngine On\n");
        for (number, change) in self.changes().into_iter().enumerate() {
            let id = FIRST_ID + number;
            let _ =
                writeln!(settings, "SecAction \"id:{id},phase:1,nolog,pass,t:none,setvar:'tx.{change}'\"");
        }
        let mut rules = String::from("Include @owasp_crs/*.conf\n");
        let mut id = FIRST_EXCLUSION;
        for (index, exclude) in self.exclude.iter().enumerate() {
            exclude.check().map_err(|error| error.under(&format!("crs.exclude[{index}]")))?;
            match exclude.paths.is_empty() {
                true => exclude.everywhere(&mut rules),
                false => exclude.on_paths(&mut settings, &mut id),
            }
        }
        Ok((settings, rules))
    }

    /// The variables that CRS reads its settings from.
    fn changes(&self) -> Vec<String> {
        let number = |name: &str, value: Option<u32>| value.map(|value| format!("{name}={value}"));
        let methods =
            self.allowed_methods.as_ref().map(|methods| format!("allowed_methods={}", methods.join(" ")));
        let types = self.allowed_content_types.as_ref().map(|types| {
            let types: Vec<String> =
                types.iter().map(|name| format!("|{}|", name.to_ascii_lowercase())).collect();
            format!("allowed_request_content_type={}", types.join(" "))
        });
        let changes = [
            number("blocking_paranoia_level", self.paranoia.map(u32::from)),
            number("detection_paranoia_level", self.detection_paranoia.map(u32::from)),
            number("inbound_anomaly_score_threshold", self.inbound_threshold),
            number("outbound_anomaly_score_threshold", self.outbound_threshold),
            methods,
            types,
            number("sampling_percentage", self.sampling.map(u32::from)),
        ];
        changes.into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let paranoia = self.paranoia.unwrap_or(1);
        within("crs.paranoia", self.paranoia.map(u32::from), 1, 4)?;
        within("crs.detectionParanoia", self.detection_paranoia.map(u32::from), u32::from(paranoia), 4)?;
        within("crs.inboundThreshold", self.inbound_threshold, 1, 1_000_000)?;
        within("crs.outboundThreshold", self.outbound_threshold, 1, 1_000_000)?;
        within("crs.sampling", self.sampling.map(u32::from), 1, 100)?;
        let is_method = |c: char| c.is_ascii_alphanumeric() || "!#$&*+-.^_`~".contains(c);
        let is_type = |c: char| c.is_ascii_alphanumeric() || "/+-._".contains(c);
        if let Some(methods) = &self.allowed_methods {
            texts("crs.allowedMethods", methods, "a method", is_method)?;
        }
        if let Some(types) = &self.allowed_content_types {
            texts("crs.allowedContentTypes", types, "a media type without parameters", is_type)?;
        }
        match self.exclude.len() > MOST_ENTRIES {
            true => Err(ConfigError::new("crs.exclude", format!("more than {MOST_ENTRIES} entries"))),
            false => Ok(()),
        }
    }
}

impl ExcludeConfig {
    /// The rules in the words of directives and `ctl`: `ById` or `ByTag`, and which.
    fn rules(&self) -> (&'static str, Vec<&str>) {
        match self.ids.is_empty() {
            true => ("ByTag", self.tags.iter().map(String::as_str).collect()),
            false => ("ById", self.ids.iter().map(RuleIds::text).collect()),
        }
    }

    /// Directives behind the rules.
    fn everywhere(&self, out: &mut String) {
        let (by, which) = self.rules();
        let targets: Vec<String> = self.targets.iter().map(|target| format!("!{}", target.trim())).collect();
        for rules in which {
            let _ = match targets.is_empty() {
                true => writeln!(out, "SecRuleRemove{by} \"{rules}\""),
                false => writeln!(out, "SecRuleUpdateTarget{by} \"{rules}\" \"{}\"", targets.join("|")),
            };
        }
    }

    /// A rule in front for each path.
    fn on_paths(&self, out: &mut String, id: &mut usize) {
        let (by, which) = self.rules();
        let mut ctls = String::new();
        for rules in which {
            for target in &self.targets {
                let _ = write!(ctls, ",\\\n    ctl:'ruleRemoveTarget{by}={rules};{}'", target.trim());
            }
            if self.targets.is_empty() {
                let _ = write!(ctls, ",\\\n    ctl:'ruleRemove{by}={rules}'");
            }
        }
        for path in &self.paths {
            let head = format!("id:{id},phase:1,nolog,pass,t:none{ctls}");
            let _ = match path.strip_suffix('*') {
                None => writeln!(out, "SecRule REQUEST_FILENAME \"@streq {path}\" \"{head}\""),
                // A path that only looks as if it began so leads elsewhere: it gets no exclusion.
                Some(prefix) => writeln!(
                    out,
                    "SecRule REQUEST_FILENAME \"@beginsWith {prefix}\" \"{head},chain\"\n    SecRule REQUEST_FILENAME \
                     \"!@rx (?i)\\.\\.|%2[5ef]|%5c|\\x5c\" \"t:none\"",
                ),
            };
            *id += 1;
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match (self.ids.is_empty(), self.tags.is_empty()) {
            (true, true) => return Err(ConfigError::new("", "needs `ids` or `tags`")),
            (false, false) => return Err(ConfigError::new("", "takes `ids` or `tags`, not both")),
            _ => {}
        }
        for (index, ids) in self.ids.iter().enumerate() {
            let path = format!("ids[{index}]");
            match parse_ids(ids.text()).map_err(|message| ConfigError::new(path.clone(), message))?.as_slice()
            {
                [_] => {}
                _ => return Err(ConfigError::new(path, "takes one id or range; a list has more entries")),
            }
        }
        let is_tag = |c: char| c.is_ascii_alphanumeric() || "_-./: ".contains(c);
        if !self.tags.is_empty() {
            texts("tags", &self.tags, "a tag", is_tag)?;
        }
        for (index, target) in self.targets.iter().enumerate() {
            let path = format!("targets[{index}]");
            check_target(target).map_err(|message| ConfigError::new(path, message))?;
        }
        for (index, path) in self.paths.iter().enumerate() {
            let field = format!("paths[{index}]");
            check_path(path).map_err(|message| ConfigError::new(field, message))?;
        }
        let lists = [self.ids.len(), self.targets.len(), self.paths.len()];
        match lists.iter().any(|length| *length > MOST_ENTRIES) {
            true => Err(ConfigError::new("", format!("a list of more than {MOST_ENTRIES} entries"))),
            false => Ok(()),
        }
    }
}

fn within(path: &str, value: Option<u32>, least: u32, most: u32) -> Result<(), ConfigError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(ConfigError::new(path, format!("`{value}` is not {least} to {most}")))
        }
        _ => Ok(()),
    }
}

/// A list that is not empty, of texts that need no quoting.
fn texts(path: &str, texts: &[String], what: &str, fits: impl Fn(char) -> bool) -> Result<(), ConfigError> {
    if texts.is_empty() || texts.len() > MOST_ENTRIES {
        return Err(ConfigError::new(path, format!("must have 1 to {MOST_ENTRIES} entries")));
    }
    let bad = |text: &String| text.trim().is_empty() || text.len() > LONGEST_TEXT || !text.chars().all(&fits);
    match texts.iter().position(bad) {
        Some(index) => {
            let text = texts.get(index).map_or("", String::as_str);
            Err(ConfigError::new(format!("{path}[{index}]"), format!("`{text}` is not {what}")))
        }
        None => Ok(()),
    }
}

fn check_target(target: &str) -> Result<(), String> {
    if target.len() > LONGEST_TEXT
        || target.contains(['"', '\'', ';', '%'])
        || target.contains(char::is_control)
    {
        return Err(format!("`{target}` is too long, or has a quote, `;`, `%` or control byte"));
    }
    let variables = parse_variables(target.trim(), Span::default()).map_err(|(_, message)| message)?;
    match variables.as_slice() {
        [variable] if variable.sign == Sign::Plain => {
            Variable::find(&variable.name)?;
            Key::of(variable.selector.as_ref()).map(drop)
        }
        _ => Err(format!("`{target}` is not one variable, like `ARGS:comment`")),
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_graphic() && !"\"'\\%?#*`".contains(c);
    let plain = path.strip_suffix('*').unwrap_or(path);
    match plain.starts_with('/') && plain.len() <= LONGEST_TEXT && plain.chars().all(fits) {
        true => Ok(()),
        false => Err(format!(
            "`{path}` is not a path: it begins with `/`, may end in `*`, and has no blanks, quotes, `%`, `?` or `#`"
        )),
    }
}
