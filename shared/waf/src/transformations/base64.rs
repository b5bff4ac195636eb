//! Base64 (RFC 4648 section 4) both ways, with the leniency that the transformations need.

/// What a byte outside the alphabet does.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Strictness {
    /// Ends the text.
    StopAtForeign,
    /// Is left out.
    SkipForeign,
}

/// Decodes; line ends are left out, `=` ends the text, two or three digits over give one or two bytes.
pub(super) fn decode(input: &[u8], strictness: Strictness) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for &byte in input {
        let Some(digit) = digit(byte) else {
            match (byte, strictness) {
                (b'\r' | b'\n', _) => continue,
                (b'=', _) | (_, Strictness::StopAtForeign) => break,
                (_, Strictness::SkipForeign) => continue,
            }
        };
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
    out
}

/// Encodes, with padding.
pub(super) fn encode(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len().div_ceil(3) * 4);
    for group in input.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        out.push(letter(bits >> 18));
        out.push(letter(bits >> 12));
        out.push(if group.len() > 1 { letter(bits >> 6) } else { b'=' });
        out.push(if group.len() > 2 { letter(bits) } else { b'=' });
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn letter(bits: u32) -> u8 {
    match (bits & 63) as u8 {
        n @ 0..=25 => b'A' + n,
        n @ 26..=51 => b'a' + n - 26,
        n @ 52..=61 => b'0' + n - 52,
        62 => b'+',
        _ => b'/',
    }
}
