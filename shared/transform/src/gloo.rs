//! Gloo's own form of a transformation: `transformationTemplate`, in camelCase or snake_case.

use crate::extractor::{Extractor, Source, Work};
use crate::plan::{Direction, assignment, parse_template, removal};
use crate::transformation::{BodyWork, Extractions, Merge, Order, Parse, Transformation};
use crate::wrap::Wrap;
use portcullis_core::ConfigError;
use portcullis_template::{Escaping, Notation, Syntax};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Both directions.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooConfig {
    /// Requests.
    #[serde(default, alias = "request_transformation")]
    pub request_transformation: Option<GlooTransformation>,
    /// Responses.
    #[serde(default, alias = "response_transformation")]
    pub response_transformation: Option<GlooTransformation>,
}

/// One direction: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooTransformation {
    /// Templates.
    #[serde(default, alias = "transformation_template")]
    pub transformation_template: Option<GlooTemplate>,
    /// The message as one JSON document.
    #[serde(default, alias = "header_body_transform")]
    pub header_body_transform: Option<GlooHeaderBody>,
}

/// `HeaderBodyTransform`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooHeaderBody {
    /// Whether a request's method, path and query stand in the document too.
    #[serde(default, alias = "add_request_metadata")]
    pub add_request_metadata: bool,
}

/// `TransformationTemplate`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooTemplate {
    /// Names are JSON pointers, and extractions are read by `extraction(name)` alone.
    #[serde(default, alias = "advanced_templates")]
    pub advanced_templates: bool,
    /// Parts of headers or body.
    #[serde(default)]
    pub extractors: BTreeMap<String, GlooExtraction>,
    /// Headers that are set; an empty value removes.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<GlooText>>,
    /// Headers that are added.
    #[serde(default, alias = "headers_to_append")]
    pub headers_to_append: Vec<GlooHeader>,
    /// Headers that are removed, behind those that are set.
    #[serde(default, alias = "headers_to_remove")]
    pub headers_to_remove: Vec<String>,
    /// The new body.
    #[serde(default)]
    pub body: Option<GlooText>,
    /// The body is neither held nor parsed.
    #[serde(default)]
    pub passthrough: Option<Empty>,
    /// The new body is the parsed one with the extractions in it.
    #[serde(default, alias = "merge_extractors_to_body")]
    pub merge_extractors_to_body: Option<Empty>,
    /// The new body is the parsed one with these in it.
    #[serde(default, alias = "merge_json_keys")]
    pub merge_json_keys: Option<GlooKeys>,
    /// A body that is no JSON counts as null.
    #[serde(default, alias = "ignore_error_on_parse")]
    pub ignore_error_on_parse: bool,
    /// Whether the body is parsed.
    #[serde(default, alias = "parse_body_behavior")]
    pub parse_body_behavior: GlooParse,
    /// Text is put out as it must stand in a JSON string.
    #[serde(default, alias = "escape_characters")]
    pub escape_characters: bool,
}

/// A template: Gloo's `{"text": "..."}`, or the text alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum GlooText {
    /// The text.
    Plain(String),
    /// Gloo's message.
    Message {
        /// The text.
        #[serde(default)]
        text: String,
    },
}

/// A message without fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A header that is added.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GlooHeader {
    /// Its name.
    pub key: String,
    /// Its value.
    #[serde(default)]
    pub value: Option<GlooText>,
}

/// `Extraction`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooExtraction {
    /// Reads this header.
    #[serde(default)]
    pub header: Option<String>,
    /// Reads the body.
    #[serde(default)]
    pub body: Option<Empty>,
    /// Must match all of the input, but for `REPLACE_ALL`.
    pub regex: String,
    /// The group that is taken or replaced; 0 is the whole.
    #[serde(default)]
    pub subgroup: usize,
    /// What stands in place; wanted by the two modes that replace, refused by the other.
    #[serde(default, alias = "replacement_text")]
    pub replacement_text: Option<String>,
    /// What is done.
    #[serde(default)]
    pub mode: GlooMode,
}

/// What an extractor does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GlooMode {
    /// Takes a group.
    #[default]
    Extract,
    /// Replaces a group.
    SingleReplace,
    /// Replaces all matches.
    ReplaceAll,
}

/// `mergeJsonKeys`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooKeys {
    /// By their places in the body.
    #[serde(default, alias = "json_keys")]
    pub json_keys: BTreeMap<String, GlooKey>,
}

/// A value that is put into the body.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlooKey {
    /// Makes JSON, or else text.
    pub tmpl: GlooText,
    /// Whether an empty output counts.
    #[serde(default, alias = "override_empty")]
    pub override_empty: bool,
}

/// Whether a body is parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum GlooParse {
    /// As JSON.
    #[default]
    ParseAsJson,
    /// Not.
    DontParse,
}

impl GlooText {
    fn as_str(&self) -> &str {
        match self {
            GlooText::Plain(text) | GlooText::Message { text } => text,
        }
    }
}

/// Compiles one direction; `path` is the field that errors name.
pub(crate) fn compile(
    config: &GlooTransformation,
    direction: Direction,
    path: &str,
) -> Result<Transformation, ConfigError> {
    match (&config.transformation_template, config.header_body_transform) {
        (Some(template), None) => {
            compile_template(template, direction, &format!("{path}.transformationTemplate"))
        }
        (None, Some(config)) => {
            let wrap = if config.add_request_metadata { Wrap::WithRequest } else { Wrap::Message };
            Ok(Transformation { body: BodyWork::Wrap(wrap), order: Order::Gloo, ..Transformation::default() })
        }
        _ => Err(ConfigError::new(
            path,
            "one of `transformationTemplate` and `headerBodyTransform` must stand here",
        )),
    }
}

fn compile_template(
    config: &GlooTemplate,
    direction: Direction,
    path: &str,
) -> Result<Transformation, ConfigError> {
    let syntax = Syntax {
        notation: if config.advanced_templates { Notation::Pointer } else { Notation::Dots },
        escaping: if config.escape_characters { Escaping::Json } else { Escaping::None },
    };
    let mut extractors = Vec::new();
    for (name, extraction) in &config.extractors {
        let path = format!("{path}.extractors.{name}");
        check_place(name, &path)?;
        extractors.push((name.clone(), extractor(extraction, &path)?));
    }
    let mut set = Vec::new();
    for (name, text) in &config.headers {
        let text = text.as_ref().map(GlooText::as_str);
        set.push(assignment(name, text, syntax, direction, &format!("{path}.headers.{name}"))?);
    }
    let mut append = Vec::new();
    for (index, header) in config.headers_to_append.iter().enumerate() {
        let text = header.value.as_ref().map(GlooText::as_str);
        let path = format!("{path}.headersToAppend[{index}]");
        append.push(assignment(&header.key, text, syntax, Direction::Append, &path)?);
    }
    let remove = config.headers_to_remove.iter().enumerate();
    let remove = remove
        .map(|(index, name)| removal(name, &format!("{path}.headersToRemove[{index}]")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Transformation {
        parse: parse(config),
        extractors,
        extractions: if config.advanced_templates { Extractions::Apart } else { Extractions::IntoData },
        remove,
        set,
        append,
        order: Order::Gloo,
        body: body(config, syntax, path)?,
        ..Transformation::default()
    })
}

fn parse(config: &GlooTemplate) -> Parse {
    match (config.passthrough, config.parse_body_behavior, config.ignore_error_on_parse) {
        (Some(_), ..) | (_, GlooParse::DontParse, _) => Parse::Not,
        (_, GlooParse::ParseAsJson, true) => Parse::Leniently,
        (_, GlooParse::ParseAsJson, false) => Parse::Always,
    }
}

fn body(config: &GlooTemplate, syntax: Syntax, path: &str) -> Result<BodyWork, ConfigError> {
    match (&config.body, config.passthrough, config.merge_extractors_to_body, &config.merge_json_keys) {
        (None, None, None, None) | (None, Some(_), None, None) => Ok(BodyWork::Keep),
        (Some(text), None, None, None) => {
            parse_template(text.as_str(), syntax, &format!("{path}.body")).map(BodyWork::Render)
        }
        (None, None, Some(_), None) => Ok(BodyWork::PrintData),
        (None, None, None, Some(_)) if config.parse_body_behavior == GlooParse::DontParse => {
            Err(ConfigError::new(format!("{path}.mergeJsonKeys"), "needs a body that is parsed"))
        }
        (None, None, None, Some(keys)) => merges(keys, syntax, path).map(BodyWork::Merge),
        _ => Err(ConfigError::new(
            path,
            "only one of `body`, `passthrough`, `mergeExtractorsToBody` and `mergeJsonKeys` can be given",
        )),
    }
}

fn merges(keys: &GlooKeys, syntax: Syntax, path: &str) -> Result<Vec<Merge>, ConfigError> {
    let mut merges = Vec::new();
    for (name, key) in &keys.json_keys {
        let path = format!("{path}.mergeJsonKeys.jsonKeys.{name}");
        check_place(name, &path)?;
        let template = parse_template(key.tmpl.as_str(), syntax, &path)?;
        merges.push(Merge { name: name.clone(), template, override_empty: key.override_empty });
    }
    Ok(merges)
}

/// A merged or extracted value is not put too deep.
fn check_place(name: &str, path: &str) -> Result<(), ConfigError> {
    const MOST: usize = 64;
    match name.split('.').count() > MOST {
        true => Err(ConfigError::new(path, format!("names more than {MOST} levels"))),
        false => Ok(()),
    }
}

fn extractor(config: &GlooExtraction, path: &str) -> Result<Extractor, ConfigError> {
    let source = match (&config.header, config.body) {
        (Some(_), Some(_)) => return Err(ConfigError::new(path, "reads either `header` or `body`")),
        (_, Some(_)) => Source::Body,
        (header, None) => Source::Header(header.as_deref().unwrap_or_default().to_ascii_lowercase()),
    };
    let text_path = || format!("{path}.replacementText");
    let by = config.replacement_text.as_ref().map(|text| text.as_bytes().to_vec());
    let work = match (config.mode, by) {
        (GlooMode::Extract, None) => Work::Extract { group: config.subgroup },
        (GlooMode::Extract, Some(_)) => {
            return Err(ConfigError::new(text_path(), "belongs to the modes that replace"));
        }
        (_, None) => return Err(ConfigError::new(text_path(), "is missing")),
        (GlooMode::SingleReplace, Some(by)) => Work::ReplaceOne { group: config.subgroup, by },
        (GlooMode::ReplaceAll, Some(_)) if config.subgroup != 0 => {
            return Err(ConfigError::new(
                format!("{path}.subgroup"),
                "must be 0 where all matches are replaced",
            ));
        }
        (GlooMode::ReplaceAll, Some(by)) => Work::ReplaceAll { by },
    };
    Extractor::new(source, &config.regex, work, path)
}
