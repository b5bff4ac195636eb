//! The collections of one transaction: which instances it has opened, and what it has changed.

use super::Persistent;
use super::operation::Operation;
use super::record::Record;
use super::table::{Archive, Counts, RecordKey};
use std::borrow::Cow;

/// The most operations that wait to be written; more are dropped, and counted.
const MOST_OPERATIONS: usize = 1_000;

/// The persistent collections as this transaction sees them.
#[derive(Debug, Default)]
pub(crate) struct Collections {
    /// Those that rules have opened or changed.
    open: Vec<Open>,
    /// Instances that were left for another one and have something to write.
    left: Vec<(RecordKey, Vec<Operation>)>,
    pub(crate) counts: Counts,
}

/// A collection. Until a rule opens it, it lives for the transaction alone.
#[derive(Debug)]
struct Open {
    collection: Persistent,
    key: Option<Vec<u8>>,
    record_key: Option<RecordKey>,
    /// Whether the record is to be read before the next rule runs.
    is_due: bool,
    is_new: bool,
    /// Whether it is to be written though nothing was changed, so as not to be pushed out.
    is_fading: bool,
    record: Record,
    /// What is not written yet.
    operations: Vec<Operation>,
}

/// The members that every collection has, whatever rules set (ModSecurity reference, "Persistent Storage").
const BUILT_IN: [&str; 7] =
    ["create_time", "is_new", "key", "last_update_time", "timeout", "update_counter", "update_rate"];

impl Collections {
    /// A rule says which instance of a collection this transaction is about. What was set before belongs to it.
    pub(crate) fn open(&mut self, collection: Persistent, application: &[u8], key: Vec<u8>, now: u64) {
        let Some(open) = self.get_mut(collection) else { return };
        if open.key.as_ref() == Some(&key) {
            return;
        }
        let record_key = Some(RecordKey::new(collection, application, &key));
        let key = Some(key);
        let fresh =
            Open { key, record_key, is_due: true, record: Record::new(now), ..Open::local(collection) };
        let before = std::mem::replace(open, fresh);
        match before.record_key {
            Some(record_key) if !before.operations.is_empty() => {
                self.left.push((record_key, before.operations));
            }
            Some(_) => {}
            None => open.operations = before.operations,
        }
    }

    /// Changes a collection: at once for this transaction, at the end of the phase for the others.
    pub(crate) fn change(&mut self, collection: Persistent, operation: Operation, now: u64) {
        let Some(open) = self.get_mut(collection) else { return };
        open.record.apply(&operation, now);
        if open.operations.last_mut().is_some_and(|last| last.absorb(&operation)) {
            return;
        }
        match open.operations.len() < MOST_OPERATIONS {
            true => open.operations.push(operation),
            false => self.counts.dropped += 1,
        }
    }

    /// Whether an instance was opened that has not been read yet.
    pub(crate) fn has_due(&self) -> bool {
        self.open.iter().any(|open| open.is_due)
    }

    /// Reads the instances that were opened.
    pub(crate) fn read(&mut self, archive: &mut Archive<'_>, now: u64) {
        for open in self.open.iter_mut().filter(|open| open.is_due) {
            open.is_due = false;
            let Some(key) = &open.record_key else { continue };
            if let Some((record, is_fading)) = archive.load(key, now) {
                (open.record, open.is_fading, open.is_new) = (record, is_fading, false);
            }
            for operation in &open.operations {
                open.record.apply(operation, now);
            }
        }
    }

    /// Writes what has changed, and sees from then on what others have written.
    pub(crate) fn write(&mut self, archive: &mut Archive<'_>, now: u64, timeout: u64) {
        for (key, operations) in std::mem::take(&mut self.left) {
            archive.save(&key, &operations, (now, timeout), &mut self.counts);
        }
        for open in &mut self.open {
            let Some(key) = &open.record_key else { continue };
            if open.operations.is_empty() && !open.is_fading {
                continue;
            }
            open.is_fading = false;
            let operations = std::mem::take(&mut open.operations);
            if let Some(record) = archive.save(key, &operations, (now, timeout), &mut self.counts) {
                (open.record, open.is_new) = (record, false);
            }
        }
    }

    /// The key that rules gave a collection.
    pub(crate) fn key(&self, collection: Persistent) -> Option<&[u8]> {
        self.get(collection)?.key.as_deref()
    }

    /// The members with their values, without the built-in ones.
    pub(crate) fn values(&self, collection: Persistent, now: u64) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.get(collection).into_iter().flat_map(move |open| open.record.values(now))
    }

    /// A value as it is now.
    pub(crate) fn value(&self, collection: Persistent, name: &[u8], now: u64) -> Option<&[u8]> {
        self.get(collection)?.record.value(name, now)
    }

    /// A member that every opened collection has, unless a rule has set one of that name.
    pub(crate) fn built_in(
        &self,
        collection: Persistent,
        name: &[u8],
        (now, timeout): (u64, u64),
    ) -> Option<(&'static [u8], Cow<'_, [u8]>)> {
        let open = self.get(collection)?;
        let key = open.key.as_deref()?;
        let name = BUILT_IN.iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        let record = &open.record;
        if record.value(name.as_bytes(), now).is_some() {
            return None;
        }
        let number = match *name {
            "key" => return Some((name.as_bytes(), Cow::Borrowed(key))),
            "create_time" => record.created,
            "is_new" => u64::from(open.is_new),
            "last_update_time" => record.updated,
            "timeout" => timeout,
            "update_counter" => record.updates,
            _ => record.update_rate(now),
        };
        Some((name.as_bytes(), Cow::Owned(number.to_string().into_bytes())))
    }

    fn get(&self, collection: Persistent) -> Option<&Open> {
        self.open.iter().find(|open| open.collection == collection)
    }

    fn get_mut(&mut self, collection: Persistent) -> Option<&mut Open> {
        match self.open.iter().position(|open| open.collection == collection) {
            // What is asked for last stands last.
            Some(at) => {
                let last = self.open.len() - 1;
                self.open.swap(at, last);
            }
            None => self.open.push(Open::local(collection)),
        }
        self.open.last_mut()
    }
}

impl Open {
    fn local(collection: Persistent) -> Open {
        Open {
            collection,
            key: None,
            record_key: None,
            is_due: false,
            is_new: true,
            is_fading: false,
            record: Record::default(),
            operations: Vec::new(),
        }
    }
}
