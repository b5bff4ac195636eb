//! State that outlives a stream and is shared by all workers.

use std::collections::HashMap;

/// A version of a value: `0` where the key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cas(pub u32);

/// Somebody else has written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value has changed since it was read")]
pub struct CasMismatch;

/// A key-value store with compare-and-swap. The host puts its own prefix in front of keys.
///
/// There is no delete, so the number of keys must be bounded; what is read is untrusted.
pub trait Store {
    /// The value and its version.
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)>;
    /// Writes if the version is still `expected` ([`Cas::default`]: if there is no such key); `None` writes in any
    /// case. A key that has never been is written whatever is expected.
    fn set(&mut self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch>;
}

/// A store in memory, for tests and offline tools.
#[derive(Debug, Default)]
pub struct MapStore {
    values: HashMap<String, (Vec<u8>, u32)>,
}

impl Store for MapStore {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.values.get(key).map(|(value, version)| (value.clone(), Cas(*version)))
    }

    fn set(&mut self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch> {
        let entry = self.values.entry(key.to_owned()).or_default();
        if entry.1 != 0 && expected.is_some_and(|cas| cas.0 != entry.1) {
            return Err(CasMismatch);
        }
        *entry = (value.to_vec(), entry.1.wrapping_add(1).max(1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_only_what_it_has_read() {
        let mut store = MapStore::default();
        store.set("a", b"1", Some(Cas::default())).unwrap();
        assert_eq!(store.set("a", b"0", Some(Cas::default())), Err(CasMismatch));
        let (_, cas) = store.get("a").unwrap();
        store.set("a", b"2", Some(cas)).unwrap();
        assert_eq!(store.set("a", b"3", Some(cas)), Err(CasMismatch));
        assert_eq!(store.get("a").unwrap().0, b"2");
    }
}
