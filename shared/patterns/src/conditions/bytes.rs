//! Conditions as bytes: what a build writes and a start reads.
//!
//! For each alphabet one byte: 0 for no text, 1 for the same as the alphabet before, 2 for a need. A need is its
//! shortest length, its sets (count, 32 bytes each) and its atoms (count; length, bounds and bytes each); numbers are
//! LEB128.

use super::{Alphabet, Atom, Bounds, Conditions, Need};
use crate::ByteSet;

const NONE: u8 = 0;
const SAME: u8 = 1;
const OWN: u8 = 2;

/// The bytes are not what [`Conditions::to_bytes`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("conditions of a pattern are broken")]
pub struct Broken;

impl Conditions {
    /// Writes them behind what is there.
    pub fn to_bytes(&self, out: &mut Vec<u8>) {
        let mut before: Option<&Option<Need>> = None;
        for need in &self.needs {
            match need {
                None => out.push(NONE),
                Some(_) if before == Some(need) => out.push(SAME),
                Some(need) => {
                    out.push(OWN);
                    need.to_bytes(out);
                }
            }
            before = Some(need);
        }
    }

    /// Reads what [`Conditions::to_bytes`] wrote, and moves `bytes` behind it.
    pub fn from_bytes(bytes: &mut &[u8]) -> Result<Conditions, Broken> {
        let mut needs: [Option<Need>; Alphabet::ALL.len()] = Default::default();
        let mut before = None;
        for slot in &mut needs {
            let need = match take(bytes, 1)? {
                [NONE] => None,
                [SAME] => before.clone(),
                [OWN] => Some(Need::from_bytes(bytes)?),
                _ => return Err(Broken),
            };
            *slot = need.clone();
            before = need;
        }
        Ok(Conditions { needs })
    }
}

impl Need {
    fn to_bytes(&self, out: &mut Vec<u8>) {
        write(u64::from(self.shortest), out);
        write(self.sets.len() as u64, out);
        self.sets.iter().for_each(|set| out.extend_from_slice(&set.to_bytes()));
        write(self.atoms.len() as u64, out);
        for atom in &self.atoms {
            write(atom.bytes.len() as u64, out);
            out.push(u8::from(atom.bounds.left) | u8::from(atom.bounds.right) << 1);
            out.extend_from_slice(&atom.bytes);
        }
    }

    fn from_bytes(bytes: &mut &[u8]) -> Result<Need, Broken> {
        let shortest = u32::try_from(read(bytes)?).map_err(|_| Broken)?;
        let sets = (0..count(bytes)?).map(|_| set(bytes)).collect::<Result<_, _>>()?;
        let atoms = (0..count(bytes)?).map(|_| atom(bytes)).collect::<Result<_, _>>()?;
        Ok(Need { shortest, sets, atoms })
    }
}

fn set(bytes: &mut &[u8]) -> Result<ByteSet, Broken> {
    take(bytes, 32)?.try_into().map(ByteSet::from_bytes).map_err(|_| Broken)
}

fn atom(bytes: &mut &[u8]) -> Result<Atom, Broken> {
    let length = count(bytes)?;
    let [bounds @ 0..=3] = take(bytes, 1)? else { return Err(Broken) };
    let bounds = Bounds { left: bounds & 1 != 0, right: bounds & 2 != 0 };
    Ok(Atom { bytes: take(bytes, length)?.to_vec(), bounds })
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Broken> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Broken)?;
    *bytes = rest;
    Ok(taken)
}

/// A count of things that take at least a byte each.
fn count(bytes: &mut &[u8]) -> Result<usize, Broken> {
    usize::try_from(read(bytes)?).ok().filter(|count| *count <= bytes.len()).ok_or(Broken)
}

fn write(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut number = 0;
    for place in 0..5 {
        let [byte] = take(bytes, 1)? else { return Err(Broken) };
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Broken)
}
