//! What matching rules do to persistent collections.

use super::{Transaction, View};
use crate::actions::{Change, Keep, SetVar};
use crate::collections::{Archive, Operation, Persistent};
use crate::operators::number;
use crate::ruleset::Rule;
use crate::text::Text;
use portcullis_core::{Fuel, OutOfFuel};

/// What a lookup in shared data costs, units of fuel.
const LOOKUP: u64 = 32 * Fuel::CALL;

impl Transaction {
    /// `setvar` on a persistent collection.
    pub(super) fn change_kept(&mut self, rule: &Rule, collection: Persistent, change: &SetVar) {
        let name = self.expanded(rule, &change.name).to_ascii_lowercase();
        let operation = match &change.change {
            Change::Set(text) => Operation::Set { value: self.expanded(rule, text), name },
            Change::Add(text) => Operation::Add { by: number(&self.expanded(rule, text)), name },
            Change::Subtract(text) => {
                Operation::Add { by: number(&self.expanded(rule, text)).saturating_neg(), name }
            }
            Change::Unset => Operation::Unset { name },
        };
        let name = operation.name().to_vec();
        let now = self.data.time.as_secs();
        self.data.collections.change(collection, operation, now);
        self.remark(8, || {
            let value = self.data.collections.value(collection, &name, now).unwrap_or_default();
            let (value, name) = (String::from_utf8_lossy(value), String::from_utf8_lossy(&name));
            format!("Saving variable: {}:{name} with value: {value}", collection.name().to_ascii_uppercase())
        });
    }

    pub(super) fn keep(&mut self, rule: &Rule, keep: &Keep) {
        let now = self.data.time.as_secs();
        match keep {
            Keep::Open { collection, key } => {
                let key = self.expanded(rule, key);
                self.remark_open(*collection, &key);
                self.data.collections.open(*collection, &self.data.web_app_id, key, now);
            }
            Keep::Expire { collection, name, seconds } => {
                let name = self.expanded(rule, name).to_ascii_lowercase();
                if let Some(seconds) = digits(&self.expanded(rule, seconds)) {
                    let at = now.saturating_add(seconds);
                    self.data.collections.change(*collection, Operation::Expire { name, at }, now);
                }
            }
            Keep::Deprecate { collection, name, by, period } => {
                let name = self.expanded(rule, name).to_ascii_lowercase();
                let (by, period) = (digits(&self.expanded(rule, by)), digits(&self.expanded(rule, period)));
                if let (Some(by), Some(period)) = (by.and_then(|by| i64::try_from(by).ok()), period) {
                    let operation = Operation::Deprecate { name, by, period };
                    self.data.collections.change(*collection, operation, now);
                }
            }
        }
    }

    /// Reads the instances that rules have opened, before the next rule looks at them.
    pub(super) fn read_kept(&mut self, archive: &mut Archive<'_>) -> Result<(), OutOfFuel> {
        if self.data.collections.has_due() {
            self.fuel.charge(LOOKUP)?;
            self.data.collections.read(archive, self.data.time.as_secs());
        }
        Ok(())
    }

    /// At the end of a phase, so that the next request sees what this one has changed.
    pub(super) fn write_kept(&mut self, archive: &mut Archive<'_>) {
        self.data.collections.write(archive, self.data.time.as_secs(), self.data.collection_timeout);
    }

    fn remark_open(&self, collection: Persistent, key: &[u8]) {
        let key = String::from_utf8_lossy(key);
        self.remark(8, || match collection {
            Persistent::Session => format!("Session ID initiated with value: '{key}'."),
            Persistent::User => format!("User collection initiated with value: '{key}'."),
            Persistent::Resource => format!("RESOURCE initiated with value: '{key}'."),
            _ => format!("Collection `{}' initialized with value: {key}", collection.name()),
        });
    }

    fn expanded(&self, rule: &Rule, text: &Text) -> Vec<u8> {
        text.expand(View { data: &self.data, rule: Some(rule) }).into_owned()
    }
}

/// What is no whole number has no effect, as in ModSecurity.
fn digits(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}
