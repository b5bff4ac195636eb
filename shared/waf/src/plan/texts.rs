//! Distinct texts of a phase, each scanned once.

use portcullis_core::{Fuel, OutOfFuel};
use portcullis_patterns::conditions::Alphabet;
use portcullis_patterns::scanner::{Classes, Scanner};

/// Places that are looked at for a text that is known already; beyond them it is taken for a new one.
const PROBES: usize = 16;

/// Texts by number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    entries: Vec<Text>,
    /// Open addressing: a number and one more, 0 is free.
    table: Vec<u32>,
    /// For each text the operators that may match it by its literals; empty until it is scanned.
    found: Vec<u64>,
    words: usize,
}

/// A text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    start: u32,
    length: u32,
    pub(super) classes: Classes,
    pub(super) alphabet: Alphabet,
    is_scanned: bool,
}

impl Text {
    pub(super) fn len(self) -> usize {
        self.length as usize
    }
}

impl Texts {
    pub(super) fn new(words: usize) -> Texts {
        Texts { table: vec![0; 256], words, ..Texts::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, number: usize) -> Option<Text> {
        self.entries.get(number).copied()
    }

    pub(super) fn bytes(&self, number: usize) -> &[u8] {
        self.entry(number).and_then(|text| self.slice(text)).unwrap_or_default()
    }

    fn slice(&self, text: Text) -> Option<&[u8]> {
        let start = text.start as usize;
        self.bytes.get(start..start + text.len())
    }

    /// The number of a text, a new one if it is not known.
    pub(super) fn intern(&mut self, text: &[u8]) -> usize {
        if self.entries.len() * 2 >= self.table.len() {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let hash = hash(text);
        for probe in 0..PROBES {
            let at = (hash + probe) & mask;
            match self.table.get(at).copied() {
                Some(0) | None => {
                    let number = self.push(text);
                    if let Some(slot) = self.table.get_mut(at) {
                        *slot = number as u32 + 1;
                    }
                    return number;
                }
                Some(known) => {
                    let number = known as usize - 1;
                    if self.bytes(number) == text {
                        return number;
                    }
                }
            }
        }
        self.push(text)
    }

    fn push(&mut self, text: &[u8]) -> usize {
        let classes = Classes::of(text);
        self.entries.push(Text {
            start: self.bytes.len() as u32,
            length: text.len() as u32,
            classes,
            alphabet: classes.alphabet(),
            is_scanned: false,
        });
        self.bytes.extend_from_slice(text);
        self.found.resize(self.entries.len() * self.words, 0);
        self.entries.len() - 1
    }

    fn grow(&mut self) {
        let mut table = vec![0u32; self.table.len() * 4];
        let mask = table.len() - 1;
        for (number, text) in self.entries.iter().enumerate() {
            let hash = hash(self.slice(*text).unwrap_or_default());
            let free = (0..PROBES).map(|probe| (hash + probe) & mask).find(|at| table.get(*at) == Some(&0));
            if let Some(slot) = free.and_then(|at| table.get_mut(at)) {
                *slot = number as u32 + 1;
            }
        }
        self.table = table;
    }

    /// Scans a text that was not yet.
    pub(super) fn scan(&mut self, number: usize, scanner: &Scanner, fuel: &Fuel) -> Result<(), OutOfFuel> {
        let Some(text) = self.entry(number).filter(|text| !text.is_scanned) else { return Ok(()) };
        fuel.charge_call(text.len())?;
        let start = text.start as usize;
        let bytes = self.bytes.get(start..start + text.len()).unwrap_or_default();
        let at = number * self.words;
        let found = self.found.get_mut(at..at + self.words).unwrap_or_default();
        let compared = scanner.scan(bytes, text.alphabet, found);
        if let Some(entry) = self.entries.get_mut(number) {
            entry.is_scanned = true;
        }
        fuel.charge(compared)
    }

    /// The operators that may match a text that was scanned.
    pub(super) fn found(&self, number: usize) -> &[u64] {
        self.found.get(number * self.words..(number + 1) * self.words).unwrap_or_default()
    }
}

fn hash(text: &[u8]) -> usize {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = text.as_chunks::<8>();
    let hash = words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    (mix(hash, rest) >> 32) as usize
}
