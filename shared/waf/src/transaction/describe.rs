//! A rule that has matched, as logs tell of it: texts with their macros filled in, hidden values hidden.

use super::data::View;
use super::{Interruption, Match, Transaction};
use crate::actions::Phase;
use crate::report::{Secrets, Subject, hides, line};
use crate::ruleset::Rule;
use crate::text::Text;
use crate::variables::{Key, Selection, Variable};
use std::ops::ControlFlow;

/// How much of a text is looked through for hidden values; what stands behind is cut off unseen.
const WINDOW: usize = 2 * crate::LOG_BYTES;

impl Transaction {
    /// The line for the log in ModSecurity's format, without its end: printable ASCII, whatever the traffic.
    pub fn log_line(&self, matched: &Match) -> String {
        let is_own = |stopped: &&Interruption| matched.disruptive && stopped.rule == matched.id;
        line(matched, &self.subject(), self.interruption.as_ref().filter(is_own))
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let data = &self.data;
        let host = data.header(b"host").unwrap_or_default();
        Subject {
            client: &data.remote.0,
            hostname: if host.is_empty() { &data.server.0 } else { host },
            uri: &data.filename,
            unique_id: &data.unique_id,
        }
    }

    pub(super) fn describe(&self, rule: &Rule, phase: Phase, disruptive: bool) -> Match {
        let log = rule.actions.log.unwrap_or(true);
        let audit = rule.actions.audit.unwrap_or(log);
        if !log && !audit && self.trace.is_none() {
            return Match::unlogged(rule, phase, disruptive);
        }
        let view = View { data: &self.data, rule: Some(rule) };
        let teller = Teller::new(view);
        let text = |of: fn(&Rule) -> Option<&Text>| {
            let mut rules = rule.links.iter().rev().chain(std::iter::once(rule));
            of(rule).or_else(|| rules.find_map(of)).map(|text| teller.tell(text)).unwrap_or_default()
        };
        let tags = rule.meta.tags.iter().map(|tag| String::from_utf8_lossy(&teller.tell(tag)).into_owned());
        let last = rule.links.last().unwrap_or(rule);
        let operation = last.operation.as_deref();
        let parameter = |operation: &crate::ruleset::Operation| teller.tell(&operation.argument);
        let (variable, value) = teller.last_match();
        Match {
            id: rule.id,
            phase,
            file: rule.file.to_string(),
            line: rule.span.line,
            msg: text(|rule| rule.meta.msg.as_ref()),
            data: text(|rule| rule.meta.logdata.as_ref()),
            tags: tags.collect(),
            severity: rule.meta.severity,
            rev: rule.meta.rev.clone().unwrap_or_default().into_owned(),
            ver: rule.meta.ver.clone().unwrap_or_default().into_owned(),
            maturity: rule.meta.maturity.unwrap_or_default(),
            accuracy: rule.meta.accuracy.unwrap_or_default(),
            operator: operation.map_or("", |operation| operation.name),
            parameter: operation.filter(|_| log || audit).map(parameter).unwrap_or_default(),
            variable,
            value,
            log,
            audit,
            disruptive,
        }
    }
}

impl Match {
    /// Most rules that match only count or set: of them nothing is filled in.
    fn unlogged(rule: &Rule, phase: Phase, disruptive: bool) -> Match {
        Match {
            id: rule.id,
            phase,
            file: String::new(),
            line: rule.span.line,
            msg: Vec::new(),
            data: Vec::new(),
            tags: Vec::new(),
            severity: rule.meta.severity,
            rev: String::new(),
            ver: String::new(),
            maturity: 0,
            accuracy: 0,
            operator: "",
            parameter: Vec::new(),
            variable: Vec::new(),
            value: Vec::new(),
            log: false,
            audit: false,
            disruptive,
        }
    }
}

/// Fills in macros, and knows what is hidden.
struct Teller<'a> {
    view: View<'a>,
    secrets: Secrets<'a>,
    /// A value that matched is hidden, and so all that was captured of it.
    match_is_hidden: bool,
}

impl<'a> Teller<'a> {
    fn new(view: View<'a>) -> Teller<'a> {
        let is_hidden = |name: &[u8]| {
            let at = memchr::memchr(b':', name).unwrap_or(name.len());
            hides(name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default())
        };
        let match_is_hidden = view.data.matched_vars.iter().any(|pair| is_hidden(&pair.name));
        Teller { view, secrets: Secrets::of(view.data), match_is_hidden }
    }

    fn tell(&self, text: &Text) -> Vec<u8> {
        self.finish(text.expand_with(|selection| self.value(selection)))
    }

    /// The variable that matched last, and its value.
    fn last_match(&self) -> (Vec<u8>, Vec<u8>) {
        let Some(pair) = self.view.data.matched_vars.last() else { return Default::default() };
        let mut value = pair.value.get(..WINDOW).unwrap_or(&pair.value).to_vec();
        if self.match_is_hidden {
            value.fill(b'*');
        }
        (pair.name.clone(), self.finish(value))
    }

    fn value(&self, selection: &Selection) -> Vec<u8> {
        let mut told = Vec::new();
        let _ = selection.each(self.view, &mut |item| {
            told = item.value.get(..WINDOW).unwrap_or(&item.value).to_vec();
            let hidden = match selection.variable {
                Variable::MatchedVar | Variable::MatchedVars => self.match_is_hidden,
                Variable::Tx if is_capture(&selection.key) => {
                    self.match_is_hidden || self.secrets.has_part(&told)
                }
                variable => hides(variable.name().as_bytes(), &item.key),
            };
            if hidden {
                told.fill(b'*');
            }
            ControlFlow::Break(())
        });
        told
    }

    fn finish(&self, mut text: Vec<u8>) -> Vec<u8> {
        text.truncate(WINDOW);
        self.secrets.mask(&mut text);
        text.truncate(crate::LOG_BYTES);
        text
    }
}

fn is_capture(key: &Key) -> bool {
    matches!(key, Key::Name(name) if matches!(name.as_bytes(), [b'0'..=b'9']))
}
