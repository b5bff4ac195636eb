//! What an operator found, for `TX:0` to `TX:9`.

/// The groups of a match: the whole first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    /// The bytes of each group; one that took no part is empty. `@rxGlobal` adds one match's groups after another's.
    pub groups: Vec<Vec<u8>>,
}

impl Captures {
    pub(crate) fn only(&mut self, text: &[u8]) {
        self.groups.clear();
        self.groups.push(text.to_vec());
    }
}
