//! The table against stores that lose races, hold rubbish or fill up.

use super::frame;
use super::operation::Operation;
use super::record::{Member, Record};
use super::slot::Slot;
use super::table::{Archive, Counts, RecordKey, Table};
use super::{Collections, Persistent};
use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use portcullis_core::{Cas, CasMismatch, MapStore, Store};
use std::collections::HashMap;

const NOW: (u64, u64) = (1_000, 60);

fn key(text: &str) -> RecordKey {
    RecordKey::new(Persistent::Ip, b"", text.as_bytes())
}

fn add(name: &str, by: i64) -> Operation {
    Operation::Add { name: name.into(), by }
}

fn save(
    table: &Table,
    store: &mut dyn Store,
    who: &str,
    operations: &[Operation],
) -> (Option<Record>, Counts) {
    let mut counts = Counts::default();
    let record = Archive { table, store }.save(&key(who), operations, NOW, &mut counts);
    (record, counts)
}

fn load(table: &Table, store: &mut dyn Store, who: &str) -> Option<Record> {
    Archive { table, store }.load(&key(who), NOW.0).map(|(record, _)| record)
}

/// A store in which another worker writes between our read and our write, as long as it has something to write.
struct Raced<'a> {
    store: MapStore,
    table: &'a Table,
    others: Vec<Vec<Operation>>,
    /// Of our reads, every so manieth is followed by a write of theirs.
    every: usize,
    reads: usize,
}

impl<'a> Raced<'a> {
    fn new(table: &'a Table, others: Vec<Vec<Operation>>, every: usize) -> Raced<'a> {
        Raced { store: MapStore::default(), table, others, every, reads: 0 }
    }
}

impl Store for Raced<'_> {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        let read = self.store.get(key);
        self.reads += usize::from(key != "collections/salt");
        if key != "collections/salt"
            && self.reads.is_multiple_of(self.every)
            && let Some(operations) = self.others.pop()
        {
            save(self.table, &mut self.store, "a", &operations).0.unwrap();
        }
        read
    }

    fn set(
        &mut self,
        key: &str,
        value: &[u8],
        expected: Option<Cas>,
    ) -> std::result::Result<(), CasMismatch> {
        self.store.set(key, value, expected)
    }
}

#[test]
fn no_increment_is_lost_to_a_faster_worker() {
    let table = Table::default();
    let mut store = Raced::new(&table, vec![vec![add("x", 1)]; 9], 1);
    let (record, counts) = save(&table, &mut store, "a", &[add("x", 1)]);
    assert_eq!(record.unwrap().value(b"x", NOW.0), Some(&b"10"[..]));
    assert_eq!(counts, Counts { conflicts: 9, ..Counts::default() });
}

#[test]
fn twenty_thousand_increments_of_two_workers_are_exact() {
    let table = Table::default();
    let others = vec![vec![add("x", 1)]; 9_900];
    let mut store = Raced::new(&table, others, 2);
    for _ in 0..10_100 {
        save(&table, &mut store, "a", &[add("x", 1)]).0.unwrap();
    }
    assert!(store.others.is_empty(), "the other worker has written everything");
    assert_eq!(load(&table, &mut store.store, "a").unwrap().value(b"x", NOW.0), Some(&b"20000"[..]));
}

#[test]
fn a_worker_that_is_always_slower_gives_up() {
    let table = Table::default();
    let others = vec![vec![add("x", 1)]; 5_000];
    let mut store = Raced::new(&table, others, 1);
    let (record, counts) = save(&table, &mut store, "a", &[add("x", 1)]);
    assert_eq!((record, counts.dropped), (None, 1));
}

/// The operations of two workers, one of which writes in the middle of the other's, come to the same as one after the other.
#[test]
fn interleaved_operations_come_to_a_serial_order() {
    arbtest(|u| {
        let table = Table::default();
        let (first, ours, others) = (operations(u)?, operations(u)?, operations(u)?);
        let mut store = Raced::new(&table, Vec::new(), 1);
        save(&table, &mut store, "a", &first);
        store.others = vec![others.clone()];
        save(&table, &mut store, "a", &ours);

        let mut serial = MapStore::default();
        for operations in [&first, &others, &ours] {
            save(&table, &mut serial, "a", operations);
        }
        assert_eq!(load(&table, &mut store.store, "a"), load(&table, &mut serial, "a"));
        Ok(())
    })
    .budget_ms(500);
}

/// What a transaction sees at once is what it finds in the store if nobody else writes, however it is noted.
#[test]
fn operations_that_absorb_each_other_come_to_the_same() {
    arbtest(|u| {
        let operations = operations(u)?;
        let mut noted: Vec<Operation> = Vec::new();
        let mut record = Record::new(NOW.0);
        for operation in &operations {
            record.apply(operation, NOW.0);
            if !noted.last_mut().is_some_and(|last| last.absorb(operation)) {
                noted.push(operation.clone());
            }
        }
        let mut again = Record::new(NOW.0);
        noted.iter().for_each(|operation| again.apply(operation, NOW.0));
        assert_eq!(record, again);
        Ok(())
    })
    .budget_ms(500);
}

fn operations(u: &mut Unstructured<'_>) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        let name = vec![*u.choose(b"abc")?];
        operations.push(match u.int_in_range(0..=4)? {
            0 => Operation::Set { name, value: u.choose(&["", "7", "x"])?.as_bytes().to_vec() },
            1 => Operation::Unset { name },
            2 => Operation::Expire { name, at: u.int_in_range(NOW.0..=1_010)? },
            3 => Operation::Deprecate { name, by: u.int_in_range(0..=3)?, period: u.int_in_range(0..=3)? },
            _ => Operation::Add { name, by: u.int_in_range(-2..=2)? },
        });
    }
    Ok(operations)
}

#[test]
fn records_read_as_they_were_written() {
    arbtest(|u| {
        let mut record = Record { created: u.arbitrary()?, updated: u.arbitrary()?, ..Record::default() };
        (record.updates, record.expires) = (u.arbitrary()?, u.arbitrary()?);
        for _ in 0..u.int_in_range(0..=5)? {
            let expires = u.arbitrary::<Option<u64>>()?.filter(|at| *at > 0);
            record.members.insert(u.arbitrary()?, Member { value: u.arbitrary()?, expires });
        }
        let bytes = frame::encode(b"key", &record).unwrap();
        assert_eq!(frame::decode(&bytes), Some(record));
        assert_eq!(frame::head(&bytes).map(|(key, _)| key), Some(&b"key"[..]));
        Ok(())
    })
    .budget_ms(300);
}

#[test]
fn what_is_read_is_untrusted() {
    arbtest(|u| {
        let mut bytes: Vec<u8> = u.arbitrary()?;
        if u.arbitrary()? {
            // A good slot with a few bytes turned.
            let record = Record::new(5).written(&[add("x", 1)], 1_000, 60);
            bytes = Slot::default().with(b"key", &record, 1_000, 4_096).unwrap().bytes;
            for _ in 0..3 {
                let at = u.choose_index(bytes.len())?;
                bytes[at] = u.arbitrary()?;
            }
            bytes.truncate(u.int_in_range(0..=bytes.len())?);
        }
        let slot = Slot::parse(&bytes);
        let _ = slot.find(b"key", 1_000);
        let written = slot.with(b"key", &Record::new(1_000).written(&[add("y", 2)], 1_000, 60), 1_000, 4_096);
        let written = written.unwrap().bytes;
        assert!(written.len() <= 4_096);
        let (record, _) = Slot::parse(&written).find(b"key", 1_000).unwrap();
        assert_eq!(record.value(b"y", 1_000), Some(&b"2"[..]));
        Ok(())
    })
    .budget_ms(500);
}

#[test]
fn another_version_of_the_layout_holds_nothing() {
    let record = Record::new(1_000).written(&[add("x", 1)], 1_000, 60);
    let mut bytes = Slot::default().with(b"key", &record, 1_000, 4_096).unwrap().bytes;
    bytes[0] += 1;
    assert_eq!(Slot::parse(&bytes).find(b"key", 1_000), None);
}

#[test]
fn a_full_slot_drops_what_was_not_written_for_longest() {
    let table = Table::new(1, 1_024, 0);
    let mut store = MapStore::default();
    let value = |length| vec![Operation::Set { name: b"x".to_vec(), value: vec![b'v'; length] }];
    for who in ["a", "b", "c"] {
        assert_eq!(save(&table, &mut store, who, &value(200)).1, Counts::default());
    }
    save(&table, &mut store, "a", &[add("y", 1)]);
    let counts = save(&table, &mut store, "d", &value(200)).1;
    assert_eq!(counts.evicted, 1);
    let held: Vec<&str> =
        ["a", "b", "c", "d"].into_iter().filter(|who| load(&table, &mut store, who).is_some()).collect();
    assert_eq!(held, ["a", "c", "d"]);
    let (record, counts) = save(&table, &mut store, "a", &value(600));
    assert_eq!((record, counts.dropped), (None, 1), "longer than half a slot");
    assert_eq!(
        load(&table, &mut store, "a").unwrap().value(b"y", NOW.0),
        Some(&b"1"[..]),
        "and the old one stays"
    );
}

#[test]
fn a_record_that_is_read_is_not_pushed_out() {
    let table = Table::new(1, 1_024, 0);
    let mut store = MapStore::default();
    save(&table, &mut store, "reader", &[add("blocked", 1)]);
    for other in 0..100 {
        save(&table, &mut store, &format!("other{other}"), &[add("x", 1)]);
        let mut collections = Collections::default();
        collections.open(Persistent::Ip, b"", b"reader".to_vec(), NOW.0);
        collections.read(&mut Archive { table: &table, store: &mut store }, NOW.0);
        assert_eq!(collections.values(Persistent::Ip, NOW.0).count(), 1, "after {other} others");
        collections.write(&mut Archive { table: &table, store: &mut store }, NOW.0, NOW.1);
    }
    assert_eq!(load(&table, &mut store, "reader").unwrap().updates, 1, "that is no update");
}

/// A store that knows how much it holds.
#[derive(Default)]
struct Weighed {
    values: HashMap<String, (Vec<u8>, u32)>,
}

impl Store for Weighed {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.values.get(key).map(|(value, version)| (value.clone(), Cas(*version)))
    }

    fn set(&mut self, key: &str, value: &[u8], _: Option<Cas>) -> std::result::Result<(), CasMismatch> {
        let entry = self.values.entry(key.to_owned()).or_default();
        *entry = (value.to_vec(), entry.1 + 1);
        Ok(())
    }
}

#[test]
fn a_million_addresses_take_no_more_than_the_table() {
    let table = Table::new(512, 4_096, 7);
    let mut store = Weighed::default();
    for address in 0..1_000_000u32 {
        let who = std::net::Ipv4Addr::from(address.wrapping_mul(2_654_435_761)).to_string();
        assert!(save(&table, &mut store, &who, &[add("requests", 1)]).0.is_some());
    }
    assert_eq!(store.values.len(), 512 + 1, "slots and the salt");
    let bytes: usize = store.values.values().map(|(value, _)| value.len()).sum();
    assert!(bytes <= 512 * 4_096 + 8 && bytes > 512 * 3_500, "{bytes}");
}

#[test]
fn workers_agree_on_the_salt_and_others_do_not_know_it() {
    let mut store = MapStore::default();
    let (first, second) = (Table::new(65_536, 4_096, 11), Table::new(65_536, 4_096, 22));
    save(&first, &mut store, "a", &[add("x", 1)]);
    save(&second, &mut store, "a", &[add("x", 1)]);
    assert_eq!(load(&first, &mut store, "a").unwrap().value(b"x", NOW.0), Some(&b"2"[..]));
    let alone = Table::new(65_536, 4_096, 22);
    assert!(load(&alone, &mut store, "a").is_some(), "the salt is the store's, not the table's");
}

#[test]
fn keys_of_different_parts_are_different() {
    let of = |application: &[u8], key: &[u8]| RecordKey::new(Persistent::Ip, application, key);
    assert_ne!(of(b"a", b"bc"), of(b"ab", b"c"));
    assert_ne!(of(b"", b"1"), RecordKey::new(Persistent::User, b"", b"1"));
    let long = vec![b'k'; 1_000];
    assert_ne!(of(b"", &long), of(b"", &long[1..]));
    assert_eq!(of(b"", &long), of(b"", &long.clone()));
}
