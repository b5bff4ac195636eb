//! The table of records in shared data: a fixed number of slots, so that memory stays level whatever clients come.

use super::Persistent;
use super::operation::Operation;
use super::record::Record;
use super::slot::Slot;
use crate::transformations::sha1;
use portcullis_core::{Cas, CasMismatch, Store};
use std::cell::Cell;
use std::hash::{DefaultHasher, Hasher};

/// How often a write is tried again because another worker was faster; each time one of them gets on.
const MOST_TRIES: usize = 1_000;
/// Keys that are longer stand as their digest.
const LONGEST_KEY: usize = 128;

/// The shape of the table. All workers of a plugin must have the same.
#[derive(Debug)]
pub struct Table {
    /// The number of slots.
    slots: u64,
    /// The most bytes of a slot.
    slot_bytes: usize,
    seed: u64,
    /// What the hash of keys begins with: the same for all workers, and unknown outside, so that nobody can choose
    /// keys that push another's record out of its slot.
    salt: Cell<Option<u64>>,
}

impl Table {
    /// The default number of slots.
    pub const SLOTS: u32 = 4_096;
    /// The default size of a slot, bytes.
    pub const SLOT_BYTES: u32 = 4_096;

    /// A table of `slots` slots of `slot_bytes` bytes each. `seed` is a random number.
    pub fn new(slots: u32, slot_bytes: u32, seed: u64) -> Table {
        Table {
            slots: u64::from(slots.max(1)),
            slot_bytes: usize::try_from(slot_bytes).unwrap_or(usize::MAX),
            seed,
            salt: Cell::new(None),
        }
    }

    fn salt(&self, store: &mut dyn Store) -> u64 {
        if let Some(salt) = self.salt.get() {
            return salt;
        }
        let _ = store.set("collections/salt", &self.seed.to_le_bytes(), Some(Cas::default()));
        let kept = store.get("collections/salt").and_then(|(bytes, _)| bytes.try_into().ok());
        let salt = kept.map_or(self.seed, u64::from_le_bytes);
        self.salt.set(Some(salt));
        salt
    }

    fn slot(&self, key: &[u8], store: &mut dyn Store) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.salt(store));
        hasher.write(key);
        format!("collections/{}", hasher.finish() % self.slots)
    }
}

impl Default for Table {
    fn default() -> Table {
        Table::new(Table::SLOTS, Table::SLOT_BYTES, 0)
    }
}

/// The key of a record: collection, application and the key that rules gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordKey(Vec<u8>);

impl RecordKey {
    pub(crate) fn new(collection: Persistent, application: &[u8], key: &[u8]) -> RecordKey {
        let whole = [collection.name().as_bytes(), application, key].map(lengthened).concat();
        match whole.len() > LONGEST_KEY {
            true => RecordKey(sha1::apply(&whole).into_owned()),
            false => RecordKey(whole),
        }
    }
}

/// With its length in front, so that no two lists of texts look the same.
fn lengthened(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..4], text].concat()
}

/// A table in a store.
pub(crate) struct Archive<'a> {
    pub(crate) table: &'a Table,
    pub(crate) store: &'a mut dyn Store,
}

/// What happened on the way, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Writes that were done again because another worker had written.
    pub(crate) conflicts: u64,
    /// Records that had to go though they were not expired.
    pub(crate) evicted: u64,
    /// Writes given up: the record is too long, or other workers were always faster.
    pub(crate) dropped: u64,
}

impl Archive<'_> {
    /// A record, and whether it is soon to be pushed out of its slot.
    pub(crate) fn load(&mut self, key: &RecordKey, now: u64) -> Option<(Record, bool)> {
        let slot = self.table.slot(&key.0, self.store);
        let (bytes, _) = self.store.get(&slot)?;
        Slot::parse(&bytes).find(&key.0, now)
    }

    /// Carries operations out on a record and gives what it is then; `None` if that could not be written.
    pub(crate) fn save(
        &mut self,
        key: &RecordKey,
        operations: &[Operation],
        (now, timeout): (u64, u64),
        counts: &mut Counts,
    ) -> Option<Record> {
        let slot = self.table.slot(&key.0, self.store);
        for _ in 0..MOST_TRIES {
            let (bytes, version) = self.store.get(&slot).unwrap_or_default();
            let slots = Slot::parse(&bytes);
            let before = slots.find(&key.0, now).map_or_else(|| Record::new(now), |(record, _)| record);
            let record = before.written(operations, now, timeout);
            let Some(written) = slots.with(&key.0, &record, now, self.table.slot_bytes) else { break };
            match self.store.set(&slot, &written.bytes, Some(version)) {
                Ok(()) => {
                    counts.evicted += written.evicted as u64;
                    return Some(record);
                }
                Err(CasMismatch) => counts.conflicts += 1,
            }
        }
        counts.dropped += 1;
        None
    }
}

/// A store that keeps nothing: collections live for the transaction alone.
pub(crate) struct Forgetful;

impl Store for Forgetful {
    fn get(&mut self, _: &str) -> Option<(Vec<u8>, Cas)> {
        None
    }

    fn set(&mut self, _: &str, _: &[u8], _: Option<Cas>) -> Result<(), CasMismatch> {
        Ok(())
    }
}
