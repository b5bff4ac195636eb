//! A collection that rules write.

/// Values by name, in the order in which the names came. ASCII letters of names count in either case; a name is kept as
/// it was written, the last time in which that was not in lower case alone.
#[derive(Debug, Default)]
pub(crate) struct Map {
    entries: Vec<Entry>,
    /// Open addressing: the place of an entry and one more, 0 is free.
    table: Vec<u32>,
    count: usize,
}

#[derive(Debug)]
struct Entry {
    name: Vec<u8>,
    /// `None` once it is unset: its place stays.
    value: Option<Vec<u8>>,
}

/// Where a name's search ends.
enum Found {
    Entry(usize),
    /// A free place of the table.
    Free(usize),
}

impl Map {
    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.member(name).map(|(_, value)| value)
    }

    /// The name as it is kept, and the value.
    pub(crate) fn member(&self, name: &[u8]) -> Option<(&[u8], &[u8])> {
        let Found::Entry(at) = self.find(name) else { return None };
        let entry = self.entries.get(at)?;
        entry.value.as_deref().map(|value| (&*entry.name, value))
    }

    /// The number of names that have a value.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn insert(&mut self, name: &[u8], value: Vec<u8>) {
        if self.entries.len() * 2 >= self.table.len() {
            self.grow();
        }
        match self.find(name) {
            Found::Entry(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    self.count += usize::from(entry.value.is_none());
                    entry.value = Some(value);
                    if entry.name != name && name.iter().any(u8::is_ascii_uppercase) {
                        entry.name = name.to_vec();
                    }
                }
            }
            Found::Free(at) => {
                self.entries.push(Entry { name: name.to_vec(), value: Some(value) });
                self.count += 1;
                if let Some(slot) = self.table.get_mut(at) {
                    *slot = self.entries.len() as u32;
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        if let Found::Entry(at) = self.find(name)
            && let Some(entry) = self.entries.get_mut(at)
        {
            self.count -= usize::from(entry.value.take().is_some());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().filter_map(|entry| entry.value.as_deref().map(|value| (&*entry.name, value)))
    }

    fn find(&self, name: &[u8]) -> Found {
        let Some(mask) = self.table.len().checked_sub(1) else { return Found::Free(0) };
        let mut at = hash(name) & mask;
        // The table is at most half full, so that the search ends.
        loop {
            let place = match self.table.get(at).copied() {
                None | Some(0) => return Found::Free(at),
                Some(place) => place as usize - 1,
            };
            if self.entries.get(place).is_some_and(|entry| entry.name.eq_ignore_ascii_case(name)) {
                return Found::Entry(place);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 4).max(512);
        self.table = vec![0; size];
        for place in 0..self.entries.len() {
            let hash = self.entries.get(place).map_or(0, |entry| hash(&entry.name));
            let mut at = hash & (size - 1);
            while self.table.get(at).is_some_and(|slot| *slot != 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = self.table.get_mut(at) {
                *slot = place as u32 + 1;
            }
        }
    }
}

/// The same for letters of either case. Names come from rules; what of them comes from traffic is bounded by the number
/// of variables that a transaction may set.
fn hash(name: &[u8]) -> usize {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    const CASE: u64 = 0x2020_2020_2020_2020;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word) | CASE));
    let rest = rest.iter().fold(1, |all, byte| all << 8 | u64::from(byte | 0x20));
    (mix(hash, rest) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_keeps_what_a_plain_map_keeps() {
        arbtest::arbtest(|u| {
            let (mut map, mut plain) = (Map::default(), BTreeMap::new());
            for _ in 0..u.int_in_range(0..=400)? {
                let name =
                    format!("{}name{}", u.choose(&["A", "b", "a_long_prefix_"])?, u.int_in_range(0..=300)?);
                let lower = name.to_ascii_lowercase().into_bytes();
                if u.ratio(1, 4)? {
                    map.remove(name.as_bytes());
                    plain.remove(&lower);
                } else {
                    let value: Vec<u8> = vec![u.arbitrary()?];
                    map.insert(name.as_bytes(), value.clone());
                    plain.insert(lower, value);
                }
            }
            assert_eq!(map.len(), plain.len());
            let mut all: Vec<_> =
                map.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())).collect();
            all.sort();
            assert_eq!(all, plain.clone().into_iter().collect::<Vec<_>>());
            for (name, value) in &plain {
                assert_eq!(map.get(&name.to_ascii_uppercase()), Some(&value[..]));
            }
            Ok(())
        });
    }
}
