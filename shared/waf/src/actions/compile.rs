//! From the syntax of actions to what they mean.

use super::{Actions, Ctl, Disruptive, Keep, Namespace, Phase, Sanitise, Scope, SetVar};
use crate::collections::Persistent;
use crate::text::Text;
use crate::transformations::Transformation;
use portcullis_seclang::Action;

impl Actions {
    /// Adds what one action says; later ones win. The error says what is wrong.
    pub(crate) fn add(&mut self, action: &Action) -> Result<(), String> {
        let name = action.name.to_ascii_lowercase();
        let value = action.text();
        if action.value.is_none() && NEEDS_VALUE.contains(&name.as_str()) {
            return Err(format!("action `{name}` needs a value"));
        }
        match name.as_str() {
            "id" => self.id = Some(number(&name, value)?),
            "phase" => self.phase = Some(Phase::parse(value)?),
            "t" => self.transformation(value)?,
            "multimatch" => self.multi_match = true,
            "capture" => self.capture = true,
            "chain" => self.chain = true,
            "log" => self.log = Some(true),
            "nolog" => self.log = Some(false),
            "status" => self.status = Some(number(&name, value)?),
            "skip" => self.skip = number(&name, value)?,
            "skipafter" => self.skip_after = Some(value.to_owned().into()),
            "pass" | "deny" | "drop" | "block" | "allow" | "redirect" => {
                self.disruptive = Some(disruptive(&name, value)?);
            }
            "setvar" => self.setvars.push(SetVar::parse(value)?),
            "setenv" => self.setvars.push(SetVar::environment(value)?),
            "ctl" => self.ctls.push(Ctl::parse(value)?),
            "initcol" => self.ctls.push(Ctl::Keep(Keep::open(value)?)),
            "setrsc" => self.ctls.push(Ctl::Keep(Keep::open_as(Persistent::Resource, value)?)),
            "setsid" => self.ctls.push(Ctl::Keep(Keep::open_as(Persistent::Session, value)?)),
            "setuid" => self.ctls.push(Ctl::Keep(Keep::open_as(Persistent::User, value)?)),
            "expirevar" => self.ctls.push(Ctl::Keep(Keep::expire(value)?)),
            "deprecatevar" => self.ctls.push(Ctl::Keep(Keep::deprecate(value)?)),
            "auditlog" => self.audit = Some(true),
            "noauditlog" => self.audit = Some(false),
            "sanitisearg" | "sanitizearg" => self.sanitises.push(Sanitise::Argument(value.to_owned().into())),
            "sanitiserequestheader" | "sanitizerequestheader" => {
                self.sanitises.push(Sanitise::RequestHeader(value.to_owned().into()));
            }
            "sanitiseresponseheader" | "sanitizeresponseheader" => {
                self.sanitises.push(Sanitise::ResponseHeader(value.to_owned().into()));
            }
            "sanitisematched" | "sanitizematched" => self.sanitises.push(Sanitise::Matched),
            "sanitisematchedbytes" | "sanitizematchedbytes" => self.sanitises.push(matched_bytes(value)?),
            "xmlns" => self.namespaces.push(namespace(value)?),
            _ => return self.describe(&name, value),
        }
        Ok(())
    }

    /// The actions that say something of the rule, and the errors.
    fn describe(&mut self, name: &str, value: &str) -> Result<(), String> {
        let meta = &mut self.meta;
        match name {
            "msg" => meta.msg = Some(Text::parse(value)?),
            "logdata" => meta.logdata = Some(Text::parse(value)?),
            "tag" => meta.tags.push(Text::parse(value)?),
            "severity" => meta.severity = Some(severity(value)?),
            "ver" => meta.ver = Some(value.to_owned().into()),
            "rev" => meta.rev = Some(value.to_owned().into()),
            "maturity" => meta.maturity = Some(number(name, value)?),
            "accuracy" => meta.accuracy = Some(number(name, value)?),
            _ => {
                return Err(match REFUSED.iter().find(|(known, _)| *known == name) {
                    Some((_, reason)) => format!("action `{name}` is not supported: {reason}"),
                    None => format!("unknown action `{name}`"),
                });
            }
        }
        Ok(())
    }

    fn transformation(&mut self, name: &str) -> Result<(), String> {
        if name.eq_ignore_ascii_case("none") {
            self.transformations.clear();
            self.clears_transformations = true;
            return Ok(());
        }
        match Transformation::find(name) {
            Some(transformation) => self.transformations.push(transformation),
            None => return Err(format!("unknown transformation `{name}`")),
        }
        Ok(())
    }
}

const NEEDS_VALUE: &[&str] = &[
    "id",
    "phase",
    "t",
    "status",
    "skip",
    "skipafter",
    "redirect",
    "sanitisearg",
    "sanitizearg",
    "sanitiserequestheader",
    "sanitizerequestheader",
    "sanitiseresponseheader",
    "sanitizeresponseheader",
    "xmlns",
    "setvar",
    "setenv",
    "initcol",
    "setrsc",
    "setsid",
    "setuid",
    "expirevar",
    "deprecatevar",
    "ctl",
    "msg",
    "logdata",
    "tag",
    "severity",
    "ver",
    "rev",
    "maturity",
    "accuracy",
];

/// What a sandbox cannot do, or what is not built, and why.
const REFUSED: &[(&str, &str)] = &[
    ("append", "it changes responses"),
    ("exec", "a sandbox runs no programs"),
    ("pause", "a filter cannot wait"),
    ("prepend", "it changes responses"),
    ("proxy", "the proxy's routes decide where a request goes"),
];

impl Phase {
    /// Reads `1` to `5`, `request`, `response` or `logging`.
    pub(crate) fn parse(text: &str) -> Result<Phase, String> {
        match text.to_ascii_lowercase().as_str() {
            "1" => Ok(Phase::RequestHeaders),
            "2" | "request" => Ok(Phase::RequestBody),
            "3" => Ok(Phase::ResponseHeaders),
            "4" | "response" => Ok(Phase::ResponseBody),
            "5" | "logging" => Ok(Phase::Logging),
            _ => Err(format!("`{text}` is not a phase")),
        }
    }

    /// 1 to 5.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

fn disruptive(name: &str, value: &str) -> Result<Disruptive, String> {
    Ok(match name {
        "pass" => Disruptive::Pass,
        "deny" => Disruptive::Deny,
        "drop" => Disruptive::Drop,
        "block" => Disruptive::Block,
        "redirect" => Disruptive::Redirect(Text::parse(value)?),
        _ => Disruptive::Allow(match value.to_ascii_lowercase().as_str() {
            "" => Scope::Transaction,
            "phase" => Scope::Phase,
            "request" => Scope::Request,
            _ => return Err(format!("`{value}` is not what `allow` takes")),
        }),
    })
}

/// Reads nothing, or `head/tail`.
fn matched_bytes(text: &str) -> Result<Sanitise, String> {
    if text.is_empty() {
        return Ok(Sanitise::MatchedBytes { head: 0, tail: 0 });
    }
    let both = text.split_once('/').and_then(|(head, tail)| Some((head.parse().ok()?, tail.parse().ok()?)));
    let (head, tail) =
        both.ok_or_else(|| format!("`{text}` is not what `sanitiseMatchedBytes` takes: it is `1/4`"))?;
    Ok(Sanitise::MatchedBytes { head, tail })
}

/// Reads `prefix=URI`, the URI perhaps in single quotes.
fn namespace(text: &str) -> Result<Namespace, String> {
    let fault = || format!("`{text}` is not what `xmlns` takes: it is `prefix=URI`");
    let (prefix, uri) = text.split_once('=').ok_or_else(fault)?;
    let uri = uri.strip_prefix('\'').and_then(|uri| uri.strip_suffix('\'')).unwrap_or(uri);
    match prefix.is_empty() || uri.is_empty() {
        true => Err(fault()),
        false => Ok(Namespace { prefix: prefix.to_owned().into(), uri: uri.to_owned().into() }),
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number that `{name}` takes"))
}

/// Syslog's levels, by number or name.
fn severity(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 8] =
        ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let by_name =
        NAMES.iter().position(|name| name.eq_ignore_ascii_case(text)).and_then(|at| u8::try_from(at).ok());
    by_name
        .or_else(|| text.parse().ok().filter(|level| *level < 8))
        .ok_or_else(|| format!("`{text}` is not a severity"))
}
