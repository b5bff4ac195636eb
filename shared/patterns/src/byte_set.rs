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
