//! Conditions out of a regex's syntax, for texts of one alphabet.

use super::frequency;
use super::{Alphabet, Atom, Bounds, Need};
use crate::ByteSet;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// Literals that an expression may stand for before it counts as more than a list of literals.
const MOST_LITERALS: usize = 4_000;
/// Literals that come of joining two lists which both have more than one.
const MOST_JOINED: usize = 256;
/// Bytes of a class that is taken as a list of literals.
const MOST_OF_CLASS: usize = 12;
/// Bytes of a literal; longer ones exclude no more.
const LONGEST: usize = 24;
/// Sets that are kept.
const MOST_SETS: usize = 4;
/// A set that more of a text's bytes are in excludes nothing worth asking.
const COMMON: f32 = 0.5;

/// Reads expressions as they are for texts of one alphabet.
pub(super) struct Reader {
    alphabet: ByteSet,
}

/// What is known of an expression's matches.
struct Known {
    /// All texts that it matches, in lower case, if they are few.
    exact: Option<Vec<Atom>>,
    shortest: u32,
    sets: Vec<ByteSet>,
    /// Literals of which each match has one.
    atoms: Option<Vec<Atom>>,
}

impl Reader {
    pub(super) fn new(alphabet: Alphabet) -> Reader {
        Reader { alphabet: alphabet.bytes() }
    }

    pub(super) fn need(&self, hir: &Hir) -> Option<Need> {
        let known = self.known(hir)?;
        let of_exact = known.exact.as_deref().and_then(usable);
        let atoms = rarer(known.atoms, of_exact).unwrap_or_default();
        let mut sets = known.sets;
        // Of one literal its bytes say nothing more.
        if !atoms.is_empty() {
            sets.retain(|set| frequency::of_set(*set) < 0.02);
        }
        Some(Need { shortest: known.shortest, sets, atoms })
    }

    /// `None` if it matches no text of the alphabet.
    fn known(&self, hir: &Hir) -> Option<Known> {
        match hir.kind() {
            HirKind::Empty => Some(Known::literal(&[])),
            HirKind::Literal(literal) => {
                literal.0.iter().all(|&byte| self.alphabet.contains(byte)).then(|| Known::literal(&literal.0))
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.ranges().iter();
                let set =
                    ranges.fold(ByteSet::EMPTY, |set, range| set.with_range(range.start(), range.end()));
                Known::class(set.and(self.alphabet))
            }
            // Classes that were joined out of bytes come as characters.
            HirKind::Class(Class::Unicode(class)) => match class.to_byte_class() {
                Some(class) => self.known(&Hir::class(Class::Bytes(class))),
                None => Some(Known::nothing(1)),
            },
            HirKind::Look(Look::WordAscii | Look::WordUnicode) => Some(Known::bound()),
            HirKind::Look(_) => Some(Known::literal(&[])),
            HirKind::Repetition(repetition) => self.repetition(repetition),
            HirKind::Capture(capture) => self.known(&capture.sub),
            HirKind::Concat(parts) => self.concat(parts),
            HirKind::Alternation(parts) => parts.iter().filter_map(|part| self.known(part)).reduce(Known::or),
        }
    }

    fn repetition(&self, repetition: &Repetition) -> Option<Known> {
        let Some(sub) = self.known(&repetition.sub) else {
            return (repetition.min == 0).then(|| Known::literal(&[]));
        };
        match (repetition.min, repetition.max) {
            (0, Some(0)) => Some(Known::literal(&[])),
            (0, Some(1)) => Some(sub.or(Known::literal(&[]))),
            (0, _) => Some(Known::nothing(0)),
            (1, Some(1)) => Some(sub),
            (min, max) => {
                let mut chain = Chain::new();
                // Twice is enough to see what stands beside what.
                for _ in 0..min.min(2) {
                    chain.push(sub.clone_exact());
                }
                if max != Some(min) || min > 2 {
                    chain.open(&sub);
                }
                let mut known = chain.end();
                known.shortest = sub.shortest.saturating_mul(min);
                Some(known)
            }
        }
    }

    fn concat(&self, parts: &[Hir]) -> Option<Known> {
        let mut chain = Chain::new();
        for part in parts {
            match part.kind() {
                // `x+` begins with an x and ends with one.
                HirKind::Repetition(repetition) if repetition.min > 0 && repetition.max != Some(1) => {
                    let known = self.repetition(repetition)?;
                    let sub = self.known(&repetition.sub)?;
                    match known.exact.is_some() {
                        true => chain.push(known),
                        false => chain.push_repeated(known, &sub),
                    }
                }
                _ => chain.push(self.known(part)?),
            }
        }
        Some(chain.end())
    }
}

/// Expressions one behind the other.
struct Chain {
    /// What stands last, as far as it is a list of literals.
    last: Vec<Atom>,
    is_exact: bool,
    shortest: u32,
    sets: Vec<ByteSet>,
    atoms: Option<Vec<Atom>>,
}

impl Chain {
    fn new() -> Chain {
        let last = vec![Atom { bytes: Vec::new(), bounds: Bounds::default() }];
        Chain { last, is_exact: true, shortest: 0, sets: Vec::new(), atoms: None }
    }

    fn push(&mut self, known: Known) {
        self.take(known.shortest, known.sets, known.atoms);
        match known.exact {
            Some(exact) => self.join(&exact),
            None => self.cut(None),
        }
    }

    /// A repetition that is no list of literals, of an expression that may be one.
    fn push_repeated(&mut self, known: Known, sub: &Known) {
        if let Some(exact) = &sub.exact {
            self.join(exact);
        }
        self.take(known.shortest, known.sets, known.atoms);
        self.cut(sub.exact.as_deref());
    }

    /// What follows stands behind this expression, perhaps behind more of the same.
    fn open(&mut self, sub: &Known) {
        self.cut(sub.exact.as_deref());
    }

    fn take(&mut self, shortest: u32, sets: Vec<ByteSet>, atoms: Option<Vec<Atom>>) {
        self.shortest = self.shortest.saturating_add(shortest);
        self.sets.extend(sets);
        self.atoms = rarer(self.atoms.take(), atoms);
    }

    fn join(&mut self, exact: &[Atom]) {
        let count = self.last.len().saturating_mul(exact.len());
        let is_small = match self.last.len() == 1 || exact.len() == 1 {
            true => count <= MOST_LITERALS,
            false => count <= MOST_JOINED,
        };
        let longest = |atoms: &[Atom]| atoms.iter().map(|atom| atom.bytes.len()).max().unwrap_or_default();
        if !is_small || longest(&self.last) + longest(exact) > LONGEST {
            self.cut(Some(exact));
            return;
        }
        self.last = self.last.iter().flat_map(|left| exact.iter().map(|right| left.then(right))).collect();
    }

    /// Ends the list of literals; the next begins with `next`.
    fn cut(&mut self, next: Option<&[Atom]>) {
        self.is_exact = false;
        self.atoms = rarer(self.atoms.take(), usable(&self.last));
        self.last = match next {
            Some(next) => next.to_vec(),
            None => vec![Atom { bytes: Vec::new(), bounds: Bounds::default() }],
        };
    }

    fn end(mut self) -> Known {
        let exact = self.is_exact.then(|| self.last.clone());
        if !self.is_exact {
            self.cut(None);
        }
        Known { exact, shortest: self.shortest, sets: rarest(self.sets), atoms: self.atoms }
    }
}

impl Known {
    fn literal(bytes: &[u8]) -> Known {
        let bytes = bytes.to_ascii_lowercase();
        let sets = rarest(bytes.iter().map(|&byte| folded(ByteSet::EMPTY.with(&[byte]))).collect());
        let shortest = bytes.len() as u32;
        // A long literal is no list: its first bytes say enough.
        if bytes.len() > LONGEST {
            let start = bytes.get(..LONGEST).unwrap_or_default().to_vec();
            let atom = Atom { bytes: start, bounds: Bounds::default() };
            return Known { exact: None, shortest, sets, atoms: Some(vec![atom]) };
        }
        let atom = Atom { bytes, bounds: Bounds::default() };
        Known { exact: Some(vec![atom]), shortest, sets, atoms: None }
    }

    fn bound() -> Known {
        let bounds = Bounds { left: true, right: true };
        let atom = Atom { bytes: Vec::new(), bounds };
        Known { exact: Some(vec![atom]), shortest: 0, sets: Vec::new(), atoms: None }
    }

    fn class(set: ByteSet) -> Option<Known> {
        let lower = || set.iter().map(|byte| byte.to_ascii_lowercase());
        let mut bytes: Vec<u8> = lower().collect();
        bytes.sort_unstable();
        bytes.dedup();
        let atom = |byte: u8| Atom { bytes: vec![byte], bounds: Bounds::default() };
        let exact = (bytes.len() <= MOST_OF_CLASS).then(|| bytes.iter().map(|&byte| atom(byte)).collect());
        (!bytes.is_empty()).then(|| Known {
            exact,
            shortest: 1,
            sets: rarest(vec![folded(set)]),
            atoms: None,
        })
    }

    fn nothing(shortest: u32) -> Known {
        Known { exact: None, shortest, sets: Vec::new(), atoms: None }
    }

    fn clone_exact(&self) -> Known {
        Known {
            exact: self.exact.clone(),
            shortest: self.shortest,
            sets: self.sets.clone(),
            atoms: self.atoms.clone(),
        }
    }

    /// Of an expression that is one of the two.
    fn or(self, other: Known) -> Known {
        let sets = rarest(self.sets.iter().zip(&other.sets).map(|(a, b)| a.or(*b)).collect());
        let shortest = self.shortest.min(other.shortest);
        match (self.exact, other.exact) {
            (Some(mut a), Some(b)) if a.len() + b.len() <= MOST_LITERALS => {
                a.extend(b);
                Known { exact: Some(a), shortest, sets, atoms: None }
            }
            (a, b) => {
                let of = |atoms, exact: Option<Vec<Atom>>| rarer(atoms, exact.as_deref().and_then(usable));
                let atoms = match (of(self.atoms, a), of(other.atoms, b)) {
                    (Some(mut a), Some(b)) if a.len() + b.len() <= MOST_LITERALS => {
                        a.extend(b);
                        Some(a)
                    }
                    _ => None,
                };
                Known { exact: None, shortest, sets, atoms }
            }
        }
    }
}

impl Atom {
    fn then(&self, next: &Atom) -> Atom {
        let bytes = [&self.bytes[..], &next.bytes].concat();
        let left = self.bounds.left || (self.bytes.is_empty() && next.bounds.left);
        let right = next.bounds.right || (next.bytes.is_empty() && self.bounds.right);
        Atom { bytes, bounds: Bounds { left, right } }
    }
}

/// A list of literals as a condition, without those that others imply.
fn usable(exact: &[Atom]) -> Option<Vec<Atom>> {
    if exact.iter().any(|atom| atom.bytes.len() < 2) {
        return None;
    }
    let mut atoms = exact.to_vec();
    atoms.sort();
    atoms.dedup();
    if atoms.len() <= MOST_JOINED {
        let all = atoms.clone();
        atoms.retain(|atom| !all.iter().any(|other| other != atom && other.implied_by(atom)));
    }
    Some(atoms)
}

impl Atom {
    /// Whether it stands wherever the other stands.
    fn implied_by(&self, other: &Atom) -> bool {
        self.bounds == Bounds::default()
            && other.bytes.windows(self.bytes.len()).any(|window| window == self.bytes)
    }
}

/// Of two conditions that both hold, the one that excludes more.
fn rarer(a: Option<Vec<Atom>>, b: Option<Vec<Atom>>) -> Option<Vec<Atom>> {
    match (a, b) {
        (Some(a), Some(b)) if frequency::of_atoms(&b) < frequency::of_atoms(&a) => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}

/// The sets that exclude most, each once.
fn rarest(mut sets: Vec<ByteSet>) -> Vec<ByteSet> {
    sets.retain(|set| frequency::of_set(*set) < COMMON);
    sets.sort_by(|a, b| frequency::of_set(*a).total_cmp(&frequency::of_set(*b)));
    sets.dedup();
    sets.truncate(MOST_SETS);
    sets
}

/// The set with letters in both cases.
fn folded(set: ByteSet) -> ByteSet {
    set.iter()
        .fold(ByteSet::EMPTY, |all, byte| all.with(&[byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]))
}

pub(super) fn phrases<'a>(phrases: impl Iterator<Item = &'a [u8]>, alphabet: Alphabet) -> Option<Need> {
    let alphabet = alphabet.bytes();
    let fits = |phrase: &&[u8]| phrase.iter().all(|&byte| alphabet.contains(byte));
    let phrases: Vec<&[u8]> = phrases.filter(fits).collect();
    let shortest = phrases.iter().map(|phrase| phrase.len()).min()?;
    let atom = |phrase: &&[u8]| {
        let start = phrase.get(..LONGEST).unwrap_or(phrase);
        Atom { bytes: start.to_ascii_lowercase(), bounds: Bounds::default() }
    };
    let exact: Vec<Atom> = phrases.iter().map(atom).collect();
    let first = exact.iter().filter_map(|atom| atom.bytes.first());
    let first = first.fold(ByteSet::EMPTY, |set, byte| set.with(&[*byte]));
    let atoms = usable(&exact).unwrap_or_default();
    let sets = if atoms.is_empty() && shortest > 0 { rarest(vec![folded(first)]) } else { Vec::new() };
    Some(Need { shortest: u32::try_from(shortest).unwrap_or(u32::MAX), sets, atoms })
}

pub(super) fn sets(sets: &[ByteSet], alphabet: Alphabet) -> Option<Need> {
    let alphabet = alphabet.bytes();
    let sets: Vec<ByteSet> = sets.iter().map(|set| set.and(alphabet)).collect();
    let possible = sets.iter().all(|set| !set.is_empty());
    possible.then(|| Need {
        shortest: u32::from(!sets.is_empty()),
        sets: sets.into_iter().map(folded).collect(),
        atoms: Vec::new(),
    })
}
