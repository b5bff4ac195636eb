//! The directives that are no rules: each implemented, without effect here, or refused.

use super::compile::Origin;
use super::load::{Deferred, Loader};
use super::rule::{Rule, Target};
use super::{Engine, Entry, OverLimit, Removed, builder};
use crate::actions::RuleMatch;
use crate::audit::{AuditEngine, Parts};
use portcullis_seclang::{Argument, ParseError, Sign, parse_actions, parse_variables};
use std::rc::Rc;

/// What this engine makes of a directive.
#[derive(Clone, Copy)]
enum Class {
    Implemented(fn(&mut Loader<'_>, &[&str]) -> Result<(), String>),
    /// Implemented, and done when all rules are there.
    Deferred(fn(&mut Loader<'_>, &[&str]) -> Result<(), String>),
    /// Accepted with one warning, for the reason given.
    NoEffect(&'static str),
    /// An error, for the reason given.
    Refused(&'static str),
}

pub(super) fn apply(
    loader: &mut Loader<'_>,
    name: &str,
    arguments: &[Argument],
    origin: &Origin,
) -> Result<(), ParseError> {
    let Some((_, class)) = TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
        return Err(origin.fault(format!("unknown directive `{name}`")));
    };
    let values: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
    match class {
        Class::Implemented(run) => {
            run(loader, &values).map_err(|message| origin.fault(format!("{name}: {message}")))
        }
        Class::Deferred(run) => {
            let values = values.into_iter().map(str::to_owned).collect();
            let (name, origin) = (name.to_owned(), origin.clone());
            loader.deferred.push(Deferred { name, values, origin, run: *run });
            Ok(())
        }
        Class::NoEffect(reason) => {
            loader.warnings.insert(format!("{name} has no effect: {reason}"));
            Ok(())
        }
        Class::Refused(reason) => Err(origin.fault(format!("`{name}` is not supported: {reason}"))),
    }
}

const LOGS: &str = "logs go to the proxy's log";
const FILES: &str = "a sandbox writes no files";
const PCRE: &str = "patterns run in linear time";

const TABLE: &[(&str, Class)] = &[
    ("SecArgumentSeparator", Class::Implemented(argument_separator)),
    ("SecArgumentsLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.arguments_limit = n))),
    (
        "SecAuditEngine",
        Class::Implemented(|l, v| AuditEngine::parse(one(v)?).map(|e| l.settings.audit_engine = e)),
    ),
    ("SecAuditLog", Class::NoEffect(LOGS)),
    ("SecAuditLog2", Class::NoEffect(LOGS)),
    ("SecAuditLogDir", Class::NoEffect(LOGS)),
    ("SecAuditLogDirMode", Class::NoEffect(LOGS)),
    ("SecAuditLogFileMode", Class::NoEffect(LOGS)),
    ("SecAuditLogFormat", Class::Implemented(audit_format)),
    (
        "SecAuditLogParts",
        Class::Implemented(|l, v| Parts::parse(one(v)?).map(|p| l.settings.audit_parts = p)),
    ),
    ("SecAuditLogPrefix", Class::NoEffect(LOGS)),
    (
        "SecAuditLogRelevantStatus",
        Class::Implemented(|l, v| one(v).map(|text| l.settings.audit_relevant_status = text.to_owned())),
    ),
    ("SecAuditLogStorageDir", Class::NoEffect(LOGS)),
    ("SecAuditLogType", Class::NoEffect(LOGS)),
    ("SecCollectionTimeout", Class::Implemented(collection_timeout)),
    ("SecComponentSignature", Class::Implemented(component)),
    ("SecConnEngine", Class::NoEffect("connections are the proxy's")),
    ("SecCookieFormat", Class::Implemented(cookie_format)),
    ("SecDataDir", Class::NoEffect(FILES)),
    ("SecDataset", Class::Refused("data comes from `files`")),
    ("SecDebugLog", Class::NoEffect(LOGS)),
    ("SecDebugLogLevel", Class::NoEffect(LOGS)),
    ("SecGeoLookupDb", Class::Refused("there is no geolocation database")),
    ("SecGsbLookupDb", Class::Refused("Google's service is not asked")),
    ("SecHashEngine", Class::Refused("hash injection is not part of ModSecurity v3")),
    ("SecHttpBlKey", Class::Refused("a sandbox has no DNS")),
    ("SecInterceptOnError", Class::NoEffect("`onError` decides")),
    ("SecMarker", Class::Implemented(marker)),
    ("SecPcreMatchLimit", Class::NoEffect(PCRE)),
    ("SecPcreMatchLimitRecursion", Class::NoEffect(PCRE)),
    ("SecRemoteRules", Class::Refused("a sandbox fetches nothing when rules load")),
    ("SecRemoteRulesFailAction", Class::NoEffect("remote rules are refused")),
    (
        "SecRequestBodyAccess",
        Class::Implemented(|l, v| switch(v).map(|on| l.settings.request_body_access = on)),
    ),
    ("SecRequestBodyInMemoryLimit", Class::NoEffect("bodies are held in memory")),
    ("SecRequestBodyJsonDepthLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.json_depth = n))),
    ("SecRequestBodyLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.request_body_limit = n))),
    (
        "SecRequestBodyLimitAction",
        Class::Implemented(|l, v| over(v).map(|o| l.settings.request_body_over = o)),
    ),
    (
        "SecRequestBodyNoFilesLimit",
        Class::Implemented(|l, v| size(v).map(|n| l.settings.request_body_no_files_limit = n)),
    ),
    (
        "SecResponseBodyAccess",
        Class::Implemented(|l, v| switch(v).map(|on| l.settings.response_body_access = on)),
    ),
    ("SecResponseBodyLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.response_body_limit = n))),
    (
        "SecResponseBodyLimitAction",
        Class::Implemented(|l, v| over(v).map(|o| l.settings.response_body_over = o)),
    ),
    ("SecResponseBodyMimeType", Class::Implemented(mime_types)),
    ("SecResponseBodyMimeTypesClear", Class::Implemented(clear_mime_types)),
    ("SecRuleEngine", Class::Implemented(engine)),
    ("SecRuleInheritance", Class::Refused("there are no contexts to inherit from")),
    ("SecRulePerfTime", Class::NoEffect("time is not measured")),
    ("SecRuleRemoveById", Class::Deferred(remove_by_id)),
    ("SecRuleRemoveByMsg", Class::Deferred(|l, v| remove(l, v, RuleMatch::msg))),
    ("SecRuleRemoveByTag", Class::Deferred(|l, v| remove(l, v, RuleMatch::tag))),
    ("SecRuleScript", Class::Refused("there is no Lua")),
    ("SecRuleUpdateActionById", Class::Deferred(update_action)),
    ("SecRuleUpdateTargetById", Class::Deferred(|l, v| update_target(l, v, RuleMatch::ids))),
    ("SecRuleUpdateTargetByMsg", Class::Deferred(|l, v| update_target(l, v, |t| Ok(RuleMatch::msg(t))))),
    ("SecRuleUpdateTargetByTag", Class::Deferred(|l, v| update_target(l, v, |t| Ok(RuleMatch::tag(t))))),
    ("SecSensorId", Class::NoEffect(LOGS)),
    ("SecServerSignature", Class::NoEffect("the proxy writes that header")),
    ("SecStatusEngine", Class::NoEffect("nothing is reported home")),
    ("SecTmpDir", Class::NoEffect(FILES)),
    ("SecTmpSaveUploadedFiles", Class::Implemented(keep_files)),
    ("SecUnicodeCodePage", Class::NoEffect("wide forms give their low byte")),
    ("SecUnicodeMapFile", Class::NoEffect("wide forms give their low byte")),
    ("SecUploadDir", Class::NoEffect(FILES)),
    ("SecUploadFileLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.upload_file_limit = n))),
    ("SecUploadFileMode", Class::NoEffect(FILES)),
    ("SecUploadKeepFiles", Class::Implemented(keep_files)),
    ("SecWebAppId", Class::Implemented(|l, v| one(v).map(|text| l.settings.web_app_id = text.to_owned()))),
    ("SecXmlExternalEntity", Class::Implemented(external_entity)),
];

fn one<'a>(values: &[&'a str]) -> Result<&'a str, String> {
    match values {
        [value] => Ok(value),
        _ => Err("it takes one value".to_owned()),
    }
}

fn size(values: &[&str]) -> Result<usize, String> {
    let text = one(values)?;
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

fn switch(values: &[&str]) -> Result<bool, String> {
    match one(values)? {
        text if text.eq_ignore_ascii_case("On") => Ok(true),
        text if text.eq_ignore_ascii_case("Off") => Ok(false),
        text => Err(format!("`{text}` is neither `On` nor `Off`")),
    }
}

fn over(values: &[&str]) -> Result<OverLimit, String> {
    match one(values)? {
        text if text.eq_ignore_ascii_case("Reject") => Ok(OverLimit::Reject),
        text if text.eq_ignore_ascii_case("ProcessPartial") => Ok(OverLimit::ProcessPartial),
        text => Err(format!("`{text}` is neither `Reject` nor `ProcessPartial`")),
    }
}

fn engine(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    loader.settings.engine = Engine::parse(one(values)?)?;
    Ok(())
}

fn argument_separator(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match one(values)?.as_bytes() {
        [separator] => loader.settings.argument_separator = *separator,
        _ => return Err("it takes one byte".to_owned()),
    }
    Ok(())
}

fn cookie_format(_: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match one(values)? {
        "0" => Ok(()),
        text => Err(format!("format `{text}` is not supported")),
    }
}

/// Records are JSON; ModSecurity's own form of several lines has no place in a log of one line each.
fn audit_format(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match one(values)?.to_ascii_lowercase().as_str() {
        "json" | "jsonlegacy" => {}
        "native" => {
            loader.warnings.insert("SecAuditLogFormat: records are JSON in place of `Native`".to_owned());
        }
        _ => return Err("it is none of `JSON`, `JsonLegacy`, `Native`".to_owned()),
    }
    Ok(())
}

fn external_entity(_: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match switch(values)? {
        false => Ok(()),
        true => Err("external entities are never loaded".to_owned()),
    }
}

fn collection_timeout(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    let text = one(values)?;
    loader.settings.collection_timeout =
        text.parse().map_err(|_| format!("`{text}` is not a number of seconds"))?;
    Ok(())
}

/// Files are kept in memory, for `FILES_TMP_CONTENT` and `FILES_TMPNAMES`; none is written.
fn keep_files(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match one(values)? {
        text if text.eq_ignore_ascii_case("RelevantOnly") => loader.settings.keeps_files = true,
        _ => loader.settings.keeps_files |= switch(values)?,
    }
    Ok(())
}

fn component(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    loader.settings.components.push(one(values)?.to_owned());
    Ok(())
}

fn mime_types(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    let types = values.iter().flat_map(|value| value.split_ascii_whitespace());
    loader.settings.response_mime_types = types.map(str::to_ascii_lowercase).collect();
    Ok(())
}

fn clear_mime_types(loader: &mut Loader<'_>, _: &[&str]) -> Result<(), String> {
    loader.settings.response_mime_types.clear();
    Ok(())
}

fn marker(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    loader.entries.push(Entry::Marker(one(values)?.to_owned()));
    Ok(())
}

fn remove_by_id(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    let rules = RuleMatch::ids(&values.join(" "))?;
    remove_where(loader, &rules);
    Ok(())
}

fn remove(loader: &mut Loader<'_>, values: &[&str], rules: fn(&str) -> RuleMatch) -> Result<(), String> {
    remove_where(loader, &rules(one(values)?));
    Ok(())
}

fn remove_where(loader: &mut Loader<'_>, rules: &RuleMatch) {
    let removed = &mut loader.removed;
    loader.entries.retain(|entry| match entry {
        Entry::Rule(rule) if rules.means(rule) => {
            removed.push(Removed { id: rule.id, phase: rule.phase, by: rules.directive() });
            false
        }
        _ => true,
    });
}

/// `942100` or, for a link of its chain, `942100:1`.
fn update_action(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    let [which, actions] = values else { return Err("it takes an id and actions".to_owned()) };
    let (id, link) = which.split_once(':').unwrap_or((which, "0"));
    let rules = RuleMatch::ids(id)?;
    let link: usize = link.parse().map_err(|_| format!("`{link}` is not a link of a chain"))?;
    let actions = parse_actions(actions, Default::default()).map_err(|(_, message)| message)?;
    for rule in loader.rules_mut().filter(|rule| rules.means(rule)) {
        let rule = Rc::make_mut(rule);
        let rule = match link.checked_sub(1) {
            None => rule,
            Some(index) => {
                rule.links.get_mut(index).ok_or_else(|| format!("the chain has no link `{link}`"))?
            }
        };
        builder::update(rule, &actions)?;
    }
    Ok(())
}

fn update_target(
    loader: &mut Loader<'_>,
    values: &[&str],
    rules: fn(&str) -> Result<RuleMatch, String>,
) -> Result<(), String> {
    let (which, targets, replaced) = match values {
        [which, targets] => (which, targets, None),
        [which, targets, replaced] => (which, targets, Some(replaced)),
        _ => return Err("it takes rules, targets and perhaps what they replace".to_owned()),
    };
    let rules = rules(which)?;
    let read = |text: &str| parse_variables(text, Default::default()).map_err(|(_, message)| message);
    let targets = read(targets)?;
    let replaced = replaced.map(|text| read(text)).transpose()?.unwrap_or_default();
    for rule in loader.rules_mut().filter(|rule| rules.means(rule)) {
        let rule = Rc::make_mut(rule);
        for variable in &replaced {
            let gone = builder::selection(variable)?;
            rule.targets.retain(|target| target.selection != gone);
        }
        retarget(rule, &targets)?;
    }
    Ok(())
}

fn retarget(rule: &mut Rule, targets: &[portcullis_seclang::Variable]) -> Result<(), String> {
    for variable in targets {
        let selection = builder::selection(variable)?;
        match variable.sign {
            Sign::Exclude => rule.exclusions.push(selection),
            sign => rule.targets.push(Target { selection, is_count: sign == Sign::Count }),
        }
    }
    Ok(())
}
