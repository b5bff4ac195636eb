//! What matching rules change: captures, variables, the engine itself.

use super::{Pair, Transaction, View};
use crate::actions::{Change, Collection, Ctl, SetVar};
use crate::operators::{Captures, number};
use crate::ruleset::{Engine, Rule};
use std::borrow::Cow;

/// The most variables that rules may set; more are dropped. CRS uses a few hundred.
const MOST_VARIABLES: usize = 10_000;

impl Transaction {
    /// `TX:0` to `TX:9`; those that this match has not are unset.
    pub(super) fn set_captures(&mut self, captures: &Captures) {
        for index in 0..10u8 {
            let name = [b'0' + index];
            match captures.groups.get(usize::from(index)) {
                Some(group) => self.data.tx.insert(&name, group.clone()),
                None => self.data.tx.remove(&name),
            };
        }
    }

    /// `ARGS_PATH`: the groups that the operator has names for.
    pub(super) fn set_path_arguments(&mut self, rule: &Rule, captures: &Captures) {
        let names = rule.operation.as_ref().map_or(&[][..], |operation| operation.test.group_names());
        for (name, group) in names.iter().zip(captures.groups.iter().skip(1)) {
            self.data.args_path.retain(|pair| pair.name != name.as_bytes());
            self.data.args_path.push(Pair::new(name.as_bytes(), group.clone()));
        }
    }

    pub(super) fn set_variable(&mut self, rule: &Rule, change: &SetVar) {
        if let Collection::Kept(collection) = change.collection {
            return self.change_kept(rule, collection, change);
        }
        let view = View { data: &self.data, rule: Some(rule) };
        let name = change.name.expand(view);
        let expand = |text: &crate::text::Text| text.expand(view).into_owned();
        let map = match change.collection {
            Collection::Env => &self.data.env,
            _ => &self.data.tx,
        };
        let before = || map.get(&name).map_or(0, number);
        let value = match &change.change {
            Change::Unset => None,
            Change::Set(text) => Some(expand(text)),
            Change::Add(text) => Some(decimal(before().saturating_add(number(&text.expand(view))))),
            Change::Subtract(text) => Some(decimal(before().saturating_sub(number(&text.expand(view))))),
        };
        let has_room = map.len() < MOST_VARIABLES || map.get(&name).is_some();
        // What the name was made of may be about to change.
        let name: Cow<'_, [u8]> = match (change.name.fixed(), change.collection) {
            (Some(name), Collection::Tx) => Cow::Borrowed(name),
            (_, Collection::Tx) => Cow::Owned(name.into_owned()),
            _ => Cow::Owned(name.to_ascii_lowercase()),
        };
        let map = match change.collection {
            Collection::Env => &mut self.data.env,
            _ => &mut self.data.tx,
        };
        let remark = value.as_ref().filter(|_| self.trace.is_some()).map(|value| {
            let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
            let value = String::from_utf8_lossy(value);
            match change.collection {
                Collection::Env => format!("Setting environment variable: {name} to {value}"),
                _ => format!("Saving variable: TX:{name} with value: {value}"),
            }
        });
        match value {
            Some(value) if has_room => map.insert(&name, value),
            Some(_) => {}
            None => map.remove(&name),
        }
        if let Some(remark) = remark {
            self.remark(8, || remark);
        }
    }

    pub(super) fn control(&mut self, rule: &Rule, ctl: &Ctl) {
        match ctl {
            Ctl::RuleEngine(engine) => {
                self.remark(8, || {
                    let name = match engine {
                        Engine::On => "Enabled",
                        Engine::Off => "Disabled",
                        Engine::DetectionOnly => "DetectionOnly",
                    };
                    format!("Setting SecRuleEngine to {name} as requested by a ctl:ruleEngine action")
                });
                self.engine = *engine;
            }
            Ctl::RequestBodyAccess(on) => self.request_body_access = *on,
            Ctl::ResponseBodyAccess(on) => self.response_body_access = *on,
            Ctl::RequestBodyProcessor(name) => self.data.body_processor = name,
            Ctl::ForceRequestBodyVariable(on) => self.data.force_request_body = *on,
            Ctl::Remove(removal) => {
                if !self.removals.contains(removal) {
                    self.removals.push(removal.clone());
                }
            }
            Ctl::AuditEngine(engine) => self.audit_engine = *engine,
            Ctl::AuditLogParts(change) => self.audit_parts = self.audit_parts.changed(change),
            Ctl::NoEffect => {}
            Ctl::XmlArguments(which) => self.xml_into_arguments = *which,
            Ctl::RequestBodyLimit(bytes) => self.request_body_limit = *bytes,
            Ctl::ResponseBodyLimit(bytes) => self.response_body_limit = *bytes,
            Ctl::ResponseBodyProcessor(name) => self.data.response_processor = name,
            Ctl::Keep(keep) => self.keep(rule, keep),
        }
    }
}

fn decimal(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}
