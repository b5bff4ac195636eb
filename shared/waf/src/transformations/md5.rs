//! `md5` (RFC 1321), the raw digest. Not for security: rules compare fingerprints with it.

use super::sha1::padded;
use std::borrow::Cow;

/// RFC 1321 section 3.4: rotations of the four rounds.
const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let message = padded(input, u64::to_le_bytes);
    let (blocks, _) = message.as_chunks::<64>();
    for block in blocks {
        round(&mut state, block);
    }
    Cow::Owned(state.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn round(state: &mut [u32; 4], block: &[u8; 64]) {
    let (words, _) = block.as_chunks::<4>();
    let [mut a, mut b, mut c, mut d] = *state;
    for t in 0..64usize {
        let (mix, index) = match t / 16 {
            0 => (b & c | !b & d, t),
            1 => (d & b | !d & c, 5 * t + 1),
            2 => (b ^ c ^ d, 3 * t + 5),
            _ => (c ^ (b | !d), 7 * t),
        };
        let word = words.get(index % 16).map_or(0, |word| u32::from_le_bytes(*word));
        let rotation = ROTATIONS.get(t / 16).and_then(|round| round.get(t % 4)).copied().unwrap_or(0);
        let sum = a.wrapping_add(mix).wrapping_add(constant(t)).wrapping_add(word);
        (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(rotation)));
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d]) {
        *sum = sum.wrapping_add(value);
    }
}

/// The integer part of 4294967296 times abs(sin(t + 1)).
fn constant(t: usize) -> u32 {
    (((t + 1) as f64).sin().abs() * 4_294_967_296.0) as u32
}
