//! `sha1` (RFC 3174), the raw digest. Not for security: rules compare fingerprints with it.

use std::borrow::Cow;

pub(crate) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let message = padded(input, u64::to_be_bytes);
    let (blocks, _) = message.as_chunks::<64>();
    for block in blocks {
        round(&mut state, block);
    }
    Cow::Owned(state.iter().flat_map(|word| word.to_be_bytes()).collect())
}

/// The message, a one bit, zeros, and the length in bits, to a multiple of 64 bytes.
pub(super) fn padded(input: &[u8], length: fn(u64) -> [u8; 8]) -> Vec<u8> {
    let mut message = input.to_vec();
    message.push(0x80);
    message.resize((message.len() + 8).next_multiple_of(64) - 8, 0);
    message.extend(length((input.len() as u64).wrapping_mul(8)));
    message
}

fn round(state: &mut [u32; 5], block: &[u8; 64]) {
    let (words, _) = block.as_chunks::<4>();
    let mut schedule: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
    for t in 16..80 {
        let word = |back: usize| schedule.get(t - back).copied().unwrap_or(0);
        schedule.push((word(3) ^ word(8) ^ word(14) ^ word(16)).rotate_left(1));
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (t, word) in schedule.iter().enumerate() {
        let (mix, constant) = match t / 20 {
            0 => (b & c | !b & d, 0x5a82_7999u32),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next =
            a.rotate_left(5).wrapping_add(mix).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(value);
    }
}
