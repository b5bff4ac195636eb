//! A set of bytes.

/// A set of bytes, built in constants and asked in one step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    /// Every byte.
    pub const ALL: ByteSet = ByteSet([u64::MAX; 4]);
    /// `0-9`.
    pub const DIGIT: ByteSet = ByteSet::EMPTY.with_range(b'0', b'9');
    /// `A-Z`.
    pub const UPPER: ByteSet = ByteSet::EMPTY.with_range(b'A', b'Z');
    /// `a-z`.
    pub const LOWER: ByteSet = ByteSet::EMPTY.with_range(b'a', b'z');
    /// `A-Za-z0-9_`: what `\b` calls a word.
    pub const WORD: ByteSet = ByteSet::DIGIT.or(ByteSet::UPPER).or(ByteSet::LOWER).with_range(b'_', b'_');

    /// The same set with all bytes from `first` to `last`.
    #[must_use]
    pub const fn with_range(self, first: u8, last: u8) -> ByteSet {
        let mut low = ByteSet::below(last).or(ByteSet::one(last)).0;
        let under = ByteSet::below(first).0;
        let [a, b, c, d] = &mut low;
        let [e, f, g, h] = under;
        *a &= !e;
        *b &= !f;
        *c &= !g;
        *d &= !h;
        ByteSet(low).or(self)
    }

    /// The same set with these bytes.
    #[must_use]
    pub const fn with(self, bytes: &[u8]) -> ByteSet {
        let mut set = self;
        let mut rest = bytes;
        while let [byte, behind @ ..] = rest {
            set = set.or(ByteSet::one(*byte));
            rest = behind;
        }
        set
    }

    /// The bytes of a text.
    pub fn of(text: &[u8]) -> ByteSet {
        let mut words = [0u64; 4];
        for byte in text {
            if let Some(word) = words.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
        ByteSet(words)
    }

    /// The bytes that are in both.
    #[must_use]
    pub const fn and(self, other: ByteSet) -> ByteSet {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        ByteSet([a & e, b & f, c & g, d & h])
    }

    /// The bytes that are in this one alone.
    #[must_use]
    pub const fn without(self, other: ByteSet) -> ByteSet {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        ByteSet([a & !e, b & !f, c & !g, d & !h])
    }

    /// Whether no byte is in it.
    #[inline]
    pub const fn is_empty(self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// Whether a byte is in both.
    #[inline]
    pub const fn meets(self, other: ByteSet) -> bool {
        !self.and(other).is_empty()
    }

    /// As 256 bits, the first byte's lowest.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (slot, byte) in bytes.iter_mut().zip(self.0.iter().flat_map(|word| word.to_le_bytes())) {
            *slot = byte;
        }
        bytes
    }

    /// What [`ByteSet::to_bytes`] made.
    pub fn from_bytes(bytes: &[u8; 32]) -> ByteSet {
        let mut words = [0; 4];
        let (chunks, _) = bytes.as_chunks::<8>();
        for (word, chunk) in words.iter_mut().zip(chunks) {
            *word = u64::from_le_bytes(*chunk);
        }
        ByteSet(words)
    }

    /// The bytes that are in one of the two.
    #[must_use]
    pub const fn or(self, other: ByteSet) -> ByteSet {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        ByteSet([a | e, b | f, c | g, d | h])
    }

    /// Whether the byte is in it.
    #[inline]
    pub const fn contains(self, byte: u8) -> bool {
        let [a, b, c, d] = self.0;
        let word = match byte >> 6 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        };
        word >> (byte & 63) & 1 == 1
    }

    /// The bytes in it, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |byte| self.contains(*byte))
    }

    const fn one(byte: u8) -> ByteSet {
        ByteSet::word(byte, 1 << (byte & 63), 0)
    }

    /// All bytes that are smaller.
    const fn below(byte: u8) -> ByteSet {
        ByteSet::word(byte, (1 << (byte & 63)) - 1, u64::MAX)
    }

    /// `here` in the word of `byte`, `under` in those below it.
    const fn word(byte: u8, here: u64, under: u64) -> ByteSet {
        ByteSet(match byte >> 6 {
            0 => [here, 0, 0, 0],
            1 => [under, here, 0, 0],
            2 => [under, under, here, 0],
            _ => [under, under, under, here],
        })
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(char::from)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let all = |first: u8, last: u8| (first..=last).collect::<Vec<_>>();
        for (first, last) in [(0, 0), (0, 255), (63, 64), (64, 127), (1, 254), (200, 255), (255, 255)] {
            let set = ByteSet::EMPTY.with_range(first, last);
            assert_eq!(set.iter().collect::<Vec<_>>(), all(first, last), "{first}..={last}");
        }
        assert!(
            ByteSet::WORD.contains(b'_') && ByteSet::WORD.contains(b'z') && !ByteSet::WORD.contains(b'-')
        );
        assert_eq!(ByteSet::EMPTY.with_range(0, 255), ByteSet::ALL);
    }
}
