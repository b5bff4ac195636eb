//! The bytes of a text, told apart as far as 64 classes go.

use crate::ByteSet;
use crate::conditions::Alphabet;

/// Which classes of bytes stand in a text: each letter (in either case), each sign, digits, blanks, control bytes,
/// bytes beyond ASCII, and whether any letter is in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Classes(u64);

const DIGIT: u64 = 1 << 26;
const UNDERSCORE: u64 = 1 << 27;
const UPPER: u64 = 1 << 28;
const BLANK: u64 = 1 << 29;
const TAB: u64 = 1 << 30;
const LINE: u64 = 1 << 31;
const CONTROL: u64 = 1 << 32;
const HIGH: u64 = 1 << 33;
/// Each sign a class; both braces are one.
const SIGNS: &[u8; 31] = b"!\"#$%&'()*+,-./:;<=>?@[\\]^`{|~}";

const TABLE: [u64; 256] = table();

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut rest: &mut [u64] = &mut table;
    let mut byte = 0;
    while let [slot, behind @ ..] = rest {
        *slot = class_of(byte);
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    table
}

const fn class_of(byte: u8) -> u64 {
    match byte {
        b'a'..=b'z' => 1 << (byte - b'a'),
        b'A'..=b'Z' => 1 << (byte - b'A') | UPPER,
        b'0'..=b'9' => DIGIT,
        b'_' => UNDERSCORE,
        b' ' => BLANK,
        b'\t' => TAB,
        b'\n' | b'\r' => LINE,
        0..=0x1f | 0x7f => CONTROL,
        0x80.. => HIGH,
        b'}' => sign(b'{'),
        _ => sign(byte),
    }
}

const fn sign(byte: u8) -> u64 {
    let mut rest: &[u8] = SIGNS;
    let mut bit = 34;
    while let [sign, behind @ ..] = rest {
        if *sign == byte {
            return 1 << bit;
        }
        bit += 1;
        rest = behind;
    }
    0
}

impl Classes {
    /// No class.
    pub const NONE: Classes = Classes(0);
    /// Every class.
    pub const ALL: Classes = Classes(u64::MAX);
    /// Letters in upper case; their letters are not meant.
    pub const UPPER: Classes = Classes(UPPER);

    /// Of a text.
    pub fn of(text: &[u8]) -> Classes {
        Classes(text.iter().fold(0, |all, byte| all | class(*byte)))
    }

    /// Those that a set has bytes in. Whether letters are in upper case is left out.
    pub fn of_set(set: ByteSet) -> Classes {
        Classes(set.iter().fold(0, |all, byte| all | class(byte)) & !UPPER)
    }

    /// The smallest alphabet that holds them.
    pub fn alphabet(self) -> Alphabet {
        const fn all(alphabet: Alphabet) -> u64 {
            let mut all = UPPER;
            let mut byte = 0;
            while byte < 128 {
                if alphabet.bytes().contains(byte) {
                    all |= class_of(byte);
                }
                byte += 1;
            }
            all
        }
        const LADDER: [(u64, Alphabet); 3] = [
            (all(Alphabet::Word), Alphabet::Word),
            (all(Alphabet::Sentence), Alphabet::Sentence),
            (all(Alphabet::Address), Alphabet::Address),
        ];
        LADDER.iter().find(|(all, _)| self.0 & !all == 0).map_or(Alphabet::Any, |(_, alphabet)| *alphabet)
    }

    /// Whether one is in both.
    #[inline]
    pub const fn meets(self, other: Classes) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in this one alone.
    #[must_use]
    pub const fn without(self, other: Classes) -> Classes {
        Classes(self.0 & !other.0)
    }

    /// Those that are in one of the two.
    #[must_use]
    pub const fn or(self, other: Classes) -> Classes {
        Classes(self.0 | other.0)
    }
}

#[inline]
fn class(byte: u8) -> u64 {
    TABLE.get(usize::from(byte)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_class() {
        for byte in 0..=255u8 {
            let classes = Classes::of(&[byte]);
            assert_ne!(classes, Classes::NONE, "{byte}");
            assert_eq!(classes.alphabet(), Alphabet::of(ByteSet::of(&[byte])), "{byte}");
            assert!(classes.meets(Classes::of_set(ByteSet::EMPTY.with(&[byte]))), "{byte}");
            assert_eq!(classes.meets(Classes::UPPER), byte.is_ascii_uppercase());
        }
        assert_eq!(Classes::of(b""), Classes::NONE);
        assert_eq!(Classes::of(b"{"), Classes::of(b"}"));
        assert!(!Classes::of(b"<").meets(Classes::of(b">")));
        assert_eq!(SIGNS.iter().map(|sign| class(*sign)).fold(0, |all, class| all | class).count_ones(), 30);
    }
}
