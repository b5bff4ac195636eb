//! Digits out of a text with signs between them.

/// The values of the digits, or `None` if they are not as many as wanted.
pub(super) fn exactly<const N: usize>(text: &[u8]) -> Option<[u32; N]> {
    let mut digits = text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let mut out = [0; N];
    for slot in &mut out {
        *slot = digits.next()?;
    }
    digits.next().is_none().then_some(out)
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether all digits are the same.
pub(super) fn all_same(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b))
}

/// Whether each digit is one more than the one before.
pub(super) fn rising(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| matches!(pair, [a, b] if a + 1 == *b))
}
