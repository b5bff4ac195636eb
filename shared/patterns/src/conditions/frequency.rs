//! How often bytes stand in ordinary texts, roughly: to tell which of several conditions excludes most.

use super::Atom;
use crate::ByteSet;

/// Of 10,000 bytes of prose, addresses and identifiers, by lower-case letter.
const LETTERS: [u16; 26] = [
    650, 120, 250, 330, 1000, 180, 160, 400, 560, 20, 70, 320, 200, 560, 600, 160, 10, 480, 500, 720, 220,
    80, 150, 20, 160, 15,
];

/// Of 10,000 bytes; letters count in either case.
pub(super) fn of_byte(byte: u8) -> f32 {
    let count = match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => LETTERS.get(usize::from(letter - b'a')).copied().unwrap_or(1),
        b' ' => 1500,
        b'0'..=b'9' => 100,
        b'.' | b',' | b'-' | b'_' => 90,
        b'/' | b'=' | b':' | b'&' | b'%' | b'+' => 60,
        b'\'' | b'"' | b'(' | b')' | b';' | b'?' | b'!' => 30,
        b'\n' | b'\r' => 40,
        0x80.. => 3,
        _ => 6,
    };
    f32::from(count) / 10_000.0
}

/// How many of the bytes of a text are in the set.
pub(super) fn of_set(set: ByteSet) -> f32 {
    // Upper and lower case were counted together.
    set.iter().filter(|byte| !byte.is_ascii_uppercase()).map(of_byte).sum()
}

/// At how many places of a text these bytes stand one behind the other.
pub(crate) fn of_bytes(bytes: &[u8]) -> f32 {
    bytes.iter().map(|&byte| of_byte(byte)).product()
}

/// At how many places of a text the literal stands.
pub(super) fn of_atom(atom: &Atom) -> f32 {
    let bounds = u8::from(atom.bounds.left) + u8::from(atom.bounds.right);
    of_bytes(&atom.bytes) * 0.4f32.powi(i32::from(bounds))
}

/// At how many places one of them stands; very many literals count a little for themselves.
pub(super) fn of_atoms(atoms: &[Atom]) -> f32 {
    atoms.iter().map(of_atom).sum::<f32>() + atoms.len() as f32 * 1e-7
}
