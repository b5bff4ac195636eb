//! Literals found by a group of two or three of their bytes.

use super::{has, set};
use crate::conditions::{Alphabet, Atom, Conditions, rarity};
use std::collections::BTreeMap;

/// Words of a bitmap.
const WORDS: usize = 1024;
/// Marks groups of two bytes, and those of three, so that none is 0.
const PAIR: u32 = 1 << 24;
const TRIPLE: u32 = 2 << 24;

/// A literal, the end of its group in it, and the patterns that it belongs to.
type Placed<'a> = (&'a Atom, u8, Vec<u16>);

/// The literals of one alphabet.
#[derive(Debug)]
pub(super) struct Grams {
    /// Groups of three bytes that some literal is found by, hashed.
    triples: Box<[u64; WORDS]>,
    /// Groups of two bytes.
    pairs: Box<[u64; WORDS]>,
    /// Open addressing: a group and its entries.
    table: Vec<Group>,
    entries: Vec<Entry>,
    texts: Vec<u8>,
    owners: Vec<u16>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// 0 is free.
    gram: u32,
    first: u32,
    count: u32,
}

/// A literal and the patterns that it belongs to.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The four bytes up to the end of its group, or fewer where it begins within them.
    tail: u32,
    /// The bits of them that count.
    mask: u32,
    text: u32,
    first_owner: u32,
    owners: u16,
    length: u8,
    /// From its beginning to the end of its group.
    end: u8,
    left: bool,
    right: bool,
}

impl Grams {
    pub(super) fn new(conditions: &[&Conditions], alphabet: Alphabet) -> Grams {
        let mut atoms: BTreeMap<&Atom, Vec<u16>> = BTreeMap::new();
        for (number, conditions) in conditions.iter().enumerate() {
            let Ok(number) = u16::try_from(number) else { break };
            for atom in conditions.need(alphabet).map(|need| need.atoms.as_slice()).unwrap_or_default() {
                atoms.entry(atom).or_default().push(number);
            }
        }
        let mut groups: BTreeMap<u32, Vec<Placed<'_>>> = BTreeMap::new();
        for (atom, owners) in atoms {
            let load = |gram: u32| groups.get(&gram).map_or(0, Vec::len);
            if let Some((gram, end)) = gram_of(atom, load) {
                groups.entry(gram).or_default().push((atom, end, owners));
            }
        }
        let size = (groups.len() * 2).next_power_of_two();
        let mut grams = Grams {
            triples: Box::new([0; WORDS]),
            pairs: Box::new([0; WORDS]),
            table: vec![Group::default(); size],
            entries: Vec::new(),
            texts: Vec::new(),
            owners: Vec::new(),
        };
        for (gram, atoms) in groups {
            let first = grams.entries.len() as u32;
            for (atom, end, owners) in &atoms {
                grams.add(atom, *end, owners);
            }
            grams.insert(Group { gram, first, count: atoms.len() as u32 });
        }
        grams
    }

    fn add(&mut self, atom: &Atom, end: u8, owners: &[u16]) {
        let (text, first_owner) = (self.texts.len() as u32, self.owners.len() as u32);
        self.texts.extend_from_slice(&atom.bytes);
        self.owners.extend_from_slice(owners);
        let before = atom.bytes.get(..usize::from(end)).unwrap_or_default();
        let tail = before.iter().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        self.entries.push(Entry {
            tail,
            mask: if end < 4 { (1 << (8 * u32::from(end))) - 1 } else { u32::MAX },
            text,
            first_owner,
            owners: owners.len() as u16,
            length: atom.bytes.len().min(255) as u8,
            end,
            left: atom.bounds.left,
            right: atom.bounds.right,
        });
    }

    fn insert(&mut self, group: Group) {
        match group.gram & PAIR {
            0 => set(&mut self.triples[..], hash(group.gram)),
            _ => set(&mut self.pairs[..], (group.gram & 0xffff) as usize),
        }
        let mask = self.table.len() - 1;
        let mut at = hash(group.gram) & mask;
        while let Some(slot) = self.table.get_mut(at) {
            if slot.gram == 0 {
                *slot = group;
                break;
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn scan(&self, text: &[u8], found: &mut [u64]) -> u64 {
        if self.entries.is_empty() {
            return 0;
        }
        let mut compared = 0;
        // The last four bytes, in lower case.
        let mut tail = 0u32;
        for (at, byte) in text.iter().enumerate() {
            tail = tail << 8 | u32::from(byte.to_ascii_lowercase());
            let is_triple = bit(&self.triples, hash(tail));
            let is_pair = bit(&self.pairs, (tail & 0xffff) as usize);
            if is_triple | is_pair != 0 {
                if is_triple != 0 {
                    compared += self.compare(tail & 0x00ff_ffff | TRIPLE, tail, text, at + 1, found);
                }
                if is_pair != 0 {
                    compared += self.compare(tail & 0xffff | PAIR, tail, text, at + 1, found);
                }
            }
        }
        compared
    }

    /// Compares the literals of a group that ends at `end`, behind these four bytes.
    fn compare(&self, gram: u32, tail: u32, text: &[u8], end: usize, found: &mut [u64]) -> u64 {
        let Some(group) = self.group(gram) else { return 1 };
        let first = group.first as usize;
        let entries = self.entries.get(first..first + group.count as usize).unwrap_or_default();
        for entry in entries {
            if (entry.tail ^ tail) & entry.mask != 0 {
                continue;
            }
            let first = entry.first_owner as usize;
            let owners = self.owners.get(first..first + usize::from(entry.owners)).unwrap_or_default();
            if owners.iter().all(|owner| has(found, usize::from(*owner))) || !self.is_at(entry, text, end) {
                continue;
            }
            owners.iter().for_each(|owner| set(found, usize::from(*owner)));
        }
        entries.len() as u64
    }

    fn group(&self, gram: u32) -> Option<&Group> {
        let mask = self.table.len() - 1;
        let mut at = hash(gram) & mask;
        loop {
            let slot = self.table.get(at)?;
            if slot.gram == gram {
                return Some(slot);
            }
            if slot.gram == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    fn is_at(&self, entry: &Entry, text: &[u8], end: usize) -> bool {
        let Some(start) = end.checked_sub(usize::from(entry.end)) else { return false };
        let (from, length) = (entry.text as usize, usize::from(entry.length));
        let wanted = self.texts.get(from..from + length).unwrap_or_default();
        text.get(start..start + length).is_some_and(|part| part.eq_ignore_ascii_case(wanted))
            && (!entry.left || crate::conditions::is_bound(text, start))
            && (!entry.right || crate::conditions::is_bound(text, start + length))
    }
}

/// The group by which a literal is found, and where in it the group ends: a rare one that few others are found by.
fn gram_of(atom: &Atom, load: impl Fn(u32) -> usize) -> Option<(u32, u8)> {
    let length = if atom.bytes.len() > 2 { 3 } else { 2 };
    let mark = if length == 2 { PAIR } else { TRIPLE };
    let gram = |bytes: &[u8]| bytes.iter().fold(0, |gram, byte| gram << 8 | u32::from(*byte)) | mark;
    let places = atom.bytes.windows(length).enumerate().map(|(at, bytes)| (gram(bytes), at + length, bytes));
    // A fourth byte in front sorts out most of what a group stands for.
    let lonely = |end: usize| if end == length { 2.0 } else { 1.0 };
    let cost = |gram: u32, end: usize, bytes: &[u8]| rarity(bytes) * (1.0 + load(gram) as f32) * lonely(end);
    places
        .min_by(|(a, i, x), (b, j, y)| cost(*a, *i, x).total_cmp(&cost(*b, *j, y)))
        .map(|(gram, end, _)| (gram, end as u8))
}

/// 16 bits of the last three bytes; marks are left out.
#[inline]
fn hash(gram: u32) -> usize {
    ((gram << 8).wrapping_mul(0x9e37_79b1) >> 16) as usize
}

#[inline]
fn bit(bitmap: &[u64; WORDS], number: usize) -> u64 {
    bitmap.get(number >> 6 & (WORDS - 1)).map_or(0, |word| word >> (number & 63) & 1)
}
