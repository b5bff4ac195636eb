//! `ctl`: changes of the engine for one transaction.

use super::Keep;
use crate::audit::{AuditEngine, PartsChange};
use crate::ruleset::{Engine, IdRange, XmlArguments, parse_ids};
use crate::stored::{Str, stored_enum, stored_struct};
use crate::variables::{Key, Selection, Variable};
use portcullis_seclang::{Sign, Span, parse_variables};

/// A change for the rest of the transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ctl {
    RuleEngine(Engine),
    RequestBodyAccess(bool),
    RequestBodyProcessor(&'static str),
    ForceRequestBodyVariable(bool),
    ResponseBodyAccess(bool),
    Remove(Removal),
    AuditEngine(AuditEngine),
    AuditLogParts(PartsChange),
    /// It concerns logs that the host writes; nothing to do.
    NoEffect,
    XmlArguments(XmlArguments),
    RequestBodyLimit(usize),
    ResponseBodyLimit(usize),
    ResponseBodyProcessor(&'static str),
    /// Persistent collections.
    Keep(Keep),
}

/// Rules, or some of their targets, that do not count any more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Removal {
    pub(crate) rules: RuleMatch,
    /// `None` removes the rules whole.
    pub(crate) target: Option<Selection>,
}

/// Which rules.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RuleMatch {
    Ids(Vec<IdRange>),
    Tag(Str),
    Msg(Str),
}

stored_enum!(Ctl {
    0 => RuleEngine(engine),
    1 => RequestBodyAccess(on),
    2 => RequestBodyProcessor(name),
    3 => ForceRequestBodyVariable(on),
    4 => ResponseBodyAccess(on),
    5 => Remove(removal),
    6 => NoEffect,
    7 => Keep(keep),
    8 => AuditEngine(engine),
    9 => AuditLogParts(change),
    10 => XmlArguments(which),
    11 => RequestBodyLimit(bytes),
    12 => ResponseBodyLimit(bytes),
    13 => ResponseBodyProcessor(name),
});
stored_struct!(Removal { rules, target });
stored_enum!(RuleMatch { 0 => Ids(ranges), 1 => Tag(tag), 2 => Msg(msg) });

impl Ctl {
    /// Reads `name=value`.
    pub(crate) fn parse(text: &str) -> Result<Ctl, String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not what `ctl` takes"))?;
        let (name, value) = (name.trim(), value.trim());
        Ok(match name.to_ascii_lowercase().as_str() {
            "ruleengine" => Ctl::RuleEngine(Engine::parse(value)?),
            "requestbodyaccess" => Ctl::RequestBodyAccess(switch(value)?),
            "responsebodyaccess" => Ctl::ResponseBodyAccess(switch(value)?),
            "forcerequestbodyvariable" => Ctl::ForceRequestBodyVariable(switch(value)?),
            "requestbodyprocessor" => Ctl::RequestBodyProcessor(processor(value)?),
            "auditengine" => Ctl::AuditEngine(AuditEngine::parse(value)?),
            "auditlogparts" => Ctl::AuditLogParts(PartsChange::parse(value)?),
            "parsexmlintoargs" => Ctl::XmlArguments(XmlArguments::parse(value)?),
            "responsebodyprocessor" => match processor(value)? {
                name @ ("JSON" | "XML") => Ctl::ResponseBodyProcessor(name),
                _ => return Err(format!("`{value}` is not a processor of responses")),
            },
            "requestbodylimit" => Ctl::RequestBodyLimit(limit(value)?),
            "responsebodylimit" => Ctl::ResponseBodyLimit(limit(value)?),
            // The response's text is always there, whatever its processor would make of it.
            "forceresponsebodyvariable" => switch(value).map(|_| Ctl::NoEffect)?,
            "debugloglevel" => limit(value).map(|_| Ctl::NoEffect)?,
            "hashengine" | "hashenforcement" if switch(value) == Ok(false) => Ctl::NoEffect,
            "hashengine" | "hashenforcement" => {
                return Err(format!("`ctl:{name}`: hash injection is not part of ModSecurity v3"));
            }
            "ruleremovebyid" => Ctl::remove(RuleMatch::ids(value)?),
            "ruleremovebytag" => Ctl::remove(RuleMatch::tag(value)),
            "ruleremovebymsg" => Ctl::remove(RuleMatch::msg(value)),
            "ruleremovetargetbyid" => Ctl::remove_target(value, RuleMatch::ids)?,
            "ruleremovetargetbytag" => Ctl::remove_target(value, |text| Ok(RuleMatch::tag(text)))?,
            "ruleremovetargetbymsg" => Ctl::remove_target(value, |text| Ok(RuleMatch::msg(text)))?,
            _ => return Err(format!("`ctl:{name}` is not supported")),
        })
    }

    fn remove(rules: RuleMatch) -> Ctl {
        Ctl::Remove(Removal { rules, target: None })
    }

    fn remove_target(text: &str, rules: impl Fn(&str) -> Result<RuleMatch, String>) -> Result<Ctl, String> {
        let fault = || format!("`{text}` needs rules and a target with `;` between");
        let (which, target) = text.split_once(';').ok_or_else(fault)?;
        let variables = parse_variables(target.trim(), Span::default()).map_err(|(_, message)| message)?;
        let [variable] = variables.as_slice() else { return Err(fault()) };
        if variable.sign == Sign::Count {
            return Err(fault());
        }
        let found = Variable::find(&variable.name)?;
        let key = match found {
            Variable::Xml | Variable::ResponseXml => Key::path(variable.selector.as_ref())?,
            _ => Key::of(variable.selector.as_ref())?,
        };
        let target = Selection { variable: found, key };
        Ok(Ctl::Remove(Removal { rules: rules(which.trim())?, target: Some(target) }))
    }
}

impl RuleMatch {
    pub(crate) fn ids(text: &str) -> Result<RuleMatch, String> {
        Ok(RuleMatch::Ids(parse_ids(text)?))
    }

    pub(crate) fn tag(text: &str) -> RuleMatch {
        RuleMatch::Tag(text.to_owned().into())
    }

    pub(crate) fn msg(text: &str) -> RuleMatch {
        RuleMatch::Msg(text.to_owned().into())
    }

    /// The directive that removes rules so, as ModSecurity's debug log names it.
    pub(crate) fn directive(&self) -> &'static str {
        match self {
            RuleMatch::Ids(_) => "an SecRuleRemove",
            RuleMatch::Tag(_) => "a SecRuleRemoveByTag",
            RuleMatch::Msg(_) => "a SecRuleRemoveByMsg",
        }
    }

    /// Whether it means this rule.
    pub(crate) fn means(&self, rule: &crate::ruleset::Rule) -> bool {
        match self {
            RuleMatch::Ids(ranges) => ranges.iter().any(|range| range.contains(&rule.id)),
            RuleMatch::Tag(tag) => rule.meta.tags.iter().any(|text| text.written() == tag),
            RuleMatch::Msg(msg) => rule.meta.msg.as_ref().is_some_and(|text| text.written() == msg),
        }
    }
}

pub(crate) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("`{text}` is neither `On` nor `Off`")),
    }
}

fn limit(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

fn processor(text: &str) -> Result<&'static str, String> {
    const KNOWN: [&str; 6] = ["URLENCODED", "JSON", "XML", "MULTIPART", "GRAPHQL", "RAW"];
    let found = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("`{text}` is not a body processor"))
}
