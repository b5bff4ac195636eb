//! One instance of a collection: the state of one client, session, user or resource.

use super::operation::Operation;
use crate::operators::number;
use std::collections::BTreeMap;

/// The most members of a record; more are dropped.
const MOST_MEMBERS: usize = 1_000;

/// The members of a collection and its account. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    pub(crate) created: u64,
    /// When it was written last.
    pub(crate) updated: u64,
    /// How often it was written.
    pub(crate) updates: u64,
    /// It is gone after this time.
    pub(crate) expires: u64,
    /// By name, lower case.
    pub(crate) members: BTreeMap<Vec<u8>, Member>,
}

/// A member. An expiry can be set before there is a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Member {
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) expires: Option<u64>,
}

impl Record {
    pub(crate) fn new(now: u64) -> Record {
        Record { created: now, updated: now, ..Record::default() }
    }

    /// The members that have a value and are not expired.
    pub(crate) fn values(&self, now: u64) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.members.iter().filter_map(move |(name, member)| Some((&**name, member.value_at(now)?)))
    }

    pub(crate) fn value(&self, name: &[u8], now: u64) -> Option<&[u8]> {
        self.members.get(name)?.value_at(now)
    }

    pub(crate) fn apply(&mut self, operation: &Operation, now: u64) {
        let name = operation.name();
        if self.members.get(name).is_some_and(|member| member.is_expired(now)) {
            self.members.remove(name);
        }
        let before = self.value(name, now).map(number);
        match operation {
            Operation::Unset { .. } => drop(self.members.remove(name)),
            Operation::Set { value, .. } => self.set(name, value.clone()),
            Operation::Add { by, .. } => self.set(name, decimal(before.unwrap_or(0).saturating_add(*by))),
            Operation::Expire { at, .. } => {
                if let Some(member) = self.member(name) {
                    member.expires = Some(*at);
                }
            }
            Operation::Deprecate { by, period, .. } => {
                let periods = now.saturating_sub(self.updated).checked_div(*period).unwrap_or(0);
                let periods = i64::try_from(periods).unwrap_or(i64::MAX);
                if let Some(before) = before.filter(|before| *before > 0 && periods > 0) {
                    self.set(name, decimal(before.saturating_sub(by.saturating_mul(periods)).max(0)));
                }
            }
        }
    }

    /// The record after these operations, as it is written. Without any it is written as it was.
    pub(crate) fn written(mut self, operations: &[Operation], now: u64, timeout: u64) -> Record {
        if operations.is_empty() {
            return self;
        }
        self.members.retain(|_, member| !member.is_expired(now));
        for operation in operations {
            self.apply(operation, now);
        }
        self.updated = now;
        self.updates = self.updates.saturating_add(1);
        self.expires = now.saturating_add(self.timeout(timeout, now));
        self
    }

    /// Seconds without a write after which it is gone: its member `timeout`, or what is the default.
    pub(crate) fn timeout(&self, default: u64, now: u64) -> u64 {
        let own = self.value(b"timeout", now).and_then(|text| u64::try_from(number(text)).ok());
        own.filter(|seconds| *seconds > 0).unwrap_or(default)
    }

    /// Updates a minute since it was made.
    pub(crate) fn update_rate(&self, now: u64) -> u64 {
        self.updates.saturating_mul(60).checked_div(now.saturating_sub(self.created)).unwrap_or(0)
    }

    fn set(&mut self, name: &[u8], value: Vec<u8>) {
        if let Some(member) = self.member(name) {
            member.value = Some(value);
        }
    }

    fn member(&mut self, name: &[u8]) -> Option<&mut Member> {
        if self.members.len() >= MOST_MEMBERS && !self.members.contains_key(name) {
            return None;
        }
        Some(self.members.entry(name.to_vec()).or_default())
    }
}

impl Member {
    fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|at| at < now)
    }

    fn value_at(&self, now: u64) -> Option<&[u8]> {
        self.value.as_deref().filter(|_| !self.is_expired(now))
    }
}

fn decimal(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}
