//! The directives that are no rules: each implemented, without effect here, or refused.

use super::compile::Origin;
use super::load::Loader;
use super::{CookieFormat, Engine, Entry, OverLimit, XmlArguments};
use crate::audit::{AuditEngine, Parts};
use portcullis_seclang::{Argument, ParseError};

/// What this engine makes of a directive.
#[derive(Clone, Copy)]
enum Class {
    Implemented(fn(&mut Loader<'_>, &[&str]) -> Result<(), String>),
    /// Implemented: it changes rules, when all are there.
    Change,
    /// What it names is somewhere else here, which one warning says.
    Mapped(&'static str),
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
        // The compiler has made a change of it.
        Class::Change => Ok(()),
        Class::Mapped(place) => {
            loader.warnings.insert(format!("{name}: {place}"));
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
const CONNECTIONS: &str = "connections are the proxy's";
const HASHES: &str = "hash injection is not part of ModSecurity v3";
const FILES: &str = "a sandbox writes no files";
const PCRE: &str = "patterns run in linear time";

const TABLE: &[(&str, Class)] = &[
    ("SecArgumentSeparator", Class::Implemented(argument_separator)),
    ("SecArgumentsLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.arguments_limit = n))),
    (
        "SecAuditEngine",
        Class::Implemented(|l, v| AuditEngine::parse(one(v)?).map(|e| l.settings.audit_engine = e)),
    ),
    ("SecAuditLog", Class::Mapped(LOGS)),
    ("SecAuditLog2", Class::Mapped(LOGS)),
    ("SecAuditLogDir", Class::Mapped(LOGS)),
    ("SecAuditLogDirMode", Class::NoEffect(LOGS)),
    ("SecAuditLogFileMode", Class::NoEffect(LOGS)),
    ("SecAuditLogFormat", Class::Implemented(audit_format)),
    (
        "SecAuditLogParts",
        Class::Implemented(|l, v| Parts::parse(one(v)?).map(|p| l.settings.audit_parts = p)),
    ),
    ("SecAuditLogPrefix", Class::Mapped(LOGS)),
    (
        "SecAuditLogRelevantStatus",
        Class::Implemented(|l, v| one(v).map(|text| l.settings.audit_relevant_status = text.to_owned())),
    ),
    ("SecAuditLogStorageDir", Class::Mapped(LOGS)),
    ("SecAuditLogType", Class::Mapped(LOGS)),
    ("SecCollectionTimeout", Class::Implemented(collection_timeout)),
    ("SecComponentSignature", Class::Implemented(component)),
    ("SecCacheTransformations", Class::NoEffect("transformed values are shared as the engine sees fit")),
    ("SecChrootDir", Class::NoEffect(FILES)),
    ("SecConnEngine", Class::NoEffect(CONNECTIONS)),
    ("SecConnReadStateLimit", Class::NoEffect(CONNECTIONS)),
    ("SecConnWriteStateLimit", Class::NoEffect(CONNECTIONS)),
    ("SecContentInjection", Class::Implemented(|_, v| only_off(v, "responses are not changed"))),
    ("SecCookieFormat", Class::Implemented(cookie_format)),
    ("SecCookieV0Separator", Class::Implemented(cookie_separator)),
    ("SecDataDir", Class::NoEffect(FILES)),
    ("SecDataset", Class::Refused("data comes from `files`")),
    ("SecDebugLog", Class::Mapped(LOGS)),
    ("SecDebugLogLevel", Class::Mapped(LOGS)),
    ("SecDisableBackendCompression", Class::NoEffect("bodies are decoded for the rules")),
    ("SecGeoLookupDb", Class::Refused("there is no geolocation database")),
    ("SecGsbLookupDb", Class::Refused("Google's service is not asked")),
    ("SecGuardianLog", Class::Refused("a sandbox runs no programs")),
    ("SecHashEngine", Class::Implemented(|_, v| only_off(v, HASHES))),
    ("SecHashKey", Class::Refused(HASHES)),
    ("SecHashMethodPm", Class::Refused(HASHES)),
    ("SecHashMethodRx", Class::Refused(HASHES)),
    ("SecHashParam", Class::Refused(HASHES)),
    ("SecHttpBlKey", Class::Refused("a sandbox has no DNS")),
    ("SecIgnoreRuleCompilationErrors", Class::Implemented(|l, v| switch(v).map(|on| l.ignores_errors = on))),
    ("SecInterceptOnError", Class::NoEffect("`onError` decides")),
    ("SecMarker", Class::Implemented(marker)),
    (
        "SecParseXmlIntoArgs",
        Class::Implemented(|l, v| XmlArguments::parse(one(v)?).map(|x| l.settings.xml_into_arguments = x)),
    ),
    ("SecPcreMatchLimit", Class::NoEffect(PCRE)),
    ("SecPcreMatchLimitRecursion", Class::NoEffect(PCRE)),
    ("SecReadStateLimit", Class::NoEffect(CONNECTIONS)),
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
    ("SecRequestEncoding", Class::NoEffect("values are bytes")),
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
    ("SecRuleRemoveById", Class::Change),
    ("SecRuleRemoveByMsg", Class::Change),
    ("SecRuleRemoveByTag", Class::Change),
    ("SecRuleScript", Class::Refused("there is no Lua")),
    ("SecRuleUpdateActionById", Class::Change),
    ("SecRuleUpdateTargetById", Class::Change),
    ("SecRuleUpdateTargetByMsg", Class::Change),
    ("SecRuleUpdateTargetByTag", Class::Change),
    ("SecRxPreFilter", Class::NoEffect("patterns are filtered always")),
    ("SecSensorId", Class::NoEffect(LOGS)),
    ("SecServerSignature", Class::NoEffect("the proxy writes that header")),
    ("SecStatusEngine", Class::NoEffect("nothing is reported home")),
    ("SecStreamInBodyInspection", Class::NoEffect("rules see bodies whole")),
    ("SecStreamOutBodyInspection", Class::NoEffect("rules see bodies whole")),
    ("SecTmpDir", Class::NoEffect(FILES)),
    ("SecTmpSaveUploadedFiles", Class::Implemented(keep_files)),
    ("SecUnicodeCodePage", Class::NoEffect(WIDE)),
    ("SecUnicodeMap", Class::Implemented(unicode_map)),
    ("SecUnicodeMapFile", Class::Implemented(unicode_map)),
    ("SecUploadDir", Class::NoEffect(FILES)),
    ("SecUploadFileLimit", Class::Implemented(|l, v| size(v).map(|n| l.settings.upload_file_limit = n))),
    ("SecUploadFileMode", Class::NoEffect(FILES)),
    ("SecUploadKeepFiles", Class::Implemented(keep_files)),
    ("SecWebAppId", Class::Implemented(|l, v| one(v).map(|text| l.settings.web_app_id = text.to_owned()))),
    ("SecWriteStateLimit", Class::NoEffect(CONNECTIONS)),
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

fn cookie_format(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    loader.settings.cookie_format = match one(values)? {
        "0" => CookieFormat::Netscape,
        "1" => CookieFormat::Version1,
        text => return Err(format!("`{text}` is neither `0` nor `1`")),
    };
    Ok(())
}

fn cookie_separator(_: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    match one(values)? {
        ";" => Ok(()),
        text => Err(format!("cookies are separated by `;`, not by `{text}`")),
    }
}

fn only_off(values: &[&str], reason: &str) -> Result<(), String> {
    match switch(values)? {
        false => Ok(()),
        true => Err(reason.to_owned()),
    }
}

const WIDE: &str = "full-width forms are folded, of others the low byte counts";

/// The file that ModSecurity brings is known by its name; another must be there. What it maps is not used.
fn unicode_map(loader: &mut Loader<'_>, values: &[&str]) -> Result<(), String> {
    let (file, page) = match values {
        [file, page] => (file, page),
        _ => return Err("it takes a file and a code page".to_owned()),
    };
    let _: u32 = page.parse().map_err(|_| format!("`{page}` is not a code page"))?;
    let is_own = file.rsplit('/').next() == Some("unicode.mapping");
    if !is_own && !loader.has_file(file) {
        return Err(format!("there is no file `{file}`"));
    }
    loader.warnings.insert(format!("SecUnicodeMapFile has no effect: {WIDE}"));
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The directives of ModSecurity v3 (reference manual and grammar) and of Coraza, by what becomes of them here.
    const IMPLEMENTED: &[&str] = &[
        "SecArgumentSeparator",
        "SecArgumentsLimit",
        "SecAuditEngine",
        "SecAuditLogFormat",
        "SecAuditLogParts",
        "SecAuditLogRelevantStatus",
        "SecCollectionTimeout",
        "SecComponentSignature",
        "SecContentInjection",
        "SecCookieFormat",
        "SecCookieV0Separator",
        "SecHashEngine",
        "SecIgnoreRuleCompilationErrors",
        "SecMarker",
        "SecParseXmlIntoArgs",
        "SecRequestBodyAccess",
        "SecRequestBodyJsonDepthLimit",
        "SecRequestBodyLimit",
        "SecRequestBodyLimitAction",
        "SecRequestBodyNoFilesLimit",
        "SecResponseBodyAccess",
        "SecResponseBodyLimit",
        "SecResponseBodyLimitAction",
        "SecResponseBodyMimeType",
        "SecResponseBodyMimeTypesClear",
        "SecRuleEngine",
        "SecRuleRemoveById",
        "SecRuleRemoveByMsg",
        "SecRuleRemoveByTag",
        "SecRuleUpdateActionById",
        "SecRuleUpdateTargetById",
        "SecRuleUpdateTargetByMsg",
        "SecRuleUpdateTargetByTag",
        "SecTmpSaveUploadedFiles",
        "SecUnicodeMap",
        "SecUnicodeMapFile",
        "SecUploadFileLimit",
        "SecUploadKeepFiles",
        "SecWebAppId",
        "SecXmlExternalEntity",
    ];
    const MAPPED: &[&str] = &[
        "SecAuditLog",
        "SecAuditLog2",
        "SecAuditLogDir",
        "SecAuditLogPrefix",
        "SecAuditLogStorageDir",
        "SecAuditLogType",
        "SecDebugLog",
        "SecDebugLogLevel",
    ];
    const NO_EFFECT: &[&str] = &[
        "SecAuditLogDirMode",
        "SecAuditLogFileMode",
        "SecCacheTransformations",
        "SecChrootDir",
        "SecConnEngine",
        "SecConnReadStateLimit",
        "SecConnWriteStateLimit",
        "SecDataDir",
        "SecDisableBackendCompression",
        "SecInterceptOnError",
        "SecPcreMatchLimit",
        "SecPcreMatchLimitRecursion",
        "SecReadStateLimit",
        "SecRemoteRulesFailAction",
        "SecRequestBodyInMemoryLimit",
        "SecRequestEncoding",
        "SecRulePerfTime",
        "SecRxPreFilter",
        "SecSensorId",
        "SecServerSignature",
        "SecStatusEngine",
        "SecStreamInBodyInspection",
        "SecStreamOutBodyInspection",
        "SecTmpDir",
        "SecUnicodeCodePage",
        "SecUploadDir",
        "SecUploadFileMode",
        "SecWriteStateLimit",
    ];
    const REFUSED: &[&str] = &[
        "SecDataset",
        "SecGeoLookupDb",
        "SecGsbLookupDb",
        "SecGuardianLog",
        "SecHashKey",
        "SecHashMethodPm",
        "SecHashMethodRx",
        "SecHashParam",
        "SecHttpBlKey",
        "SecRemoteRules",
        "SecRuleInheritance",
        "SecRuleScript",
    ];
    /// The loader and the parser know these by themselves.
    const ELSEWHERE: &[&str] = &["Include", "SecAction", "SecDefaultAction", "SecRule"];

    fn class(name: &str) -> Option<Class> {
        TABLE.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    }

    #[test]
    fn every_directive_stands_in_its_class() {
        for name in IMPLEMENTED {
            assert!(matches!(class(name), Some(Class::Implemented(_) | Class::Change)), "{name}");
        }
        for name in MAPPED {
            assert!(matches!(class(name), Some(Class::Mapped(_))), "{name}");
        }
        for name in NO_EFFECT {
            assert!(matches!(class(name), Some(Class::NoEffect(_))), "{name}");
        }
        for name in REFUSED {
            assert!(matches!(class(name), Some(Class::Refused(_))), "{name}");
        }
        for name in ELSEWHERE {
            assert!(class(name).is_none(), "{name}");
        }
        let listed = [IMPLEMENTED, MAPPED, NO_EFFECT, REFUSED].concat();
        for (name, _) in TABLE {
            assert!(listed.contains(name), "{name} stands in no list");
        }
        assert_eq!(listed.len(), TABLE.len());
    }
}
