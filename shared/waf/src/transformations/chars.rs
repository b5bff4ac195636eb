//! Bytes as C's locale-free `ctype.h` sees them, and numbers written in hex and octal.

/// `isspace` in the C locale: vertical tab and form feed count too.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The value of a hex digit.
pub(super) fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The value of two hex digits.
pub(super) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    Some(hex(high)? << 4 | hex(low)?)
}

/// The low byte of `HHHH`; full-width forms of ASCII (`ff01` to `ff5e`) give the ASCII character, as IIS reads them.
pub(super) fn wide(digits: [u8; 4]) -> Option<u8> {
    let [a, b, c, d] = digits;
    let high = hex_pair(a, b)?;
    let low = hex_pair(c, d)?;
    Some(if high == 0xff && (1..0x5f).contains(&low) { low + 0x20 } else { low })
}

/// The octal digits (at most three) that a text begins with.
pub(super) fn octal(text: &[u8]) -> &[u8] {
    let length = text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    text.get(..length).unwrap_or_default()
}

/// The low byte of a number of at most three octal digits.
pub(super) fn octal_value(digits: &[u8]) -> u8 {
    digits.iter().fold(0u16, |value, digit| value << 3 | u16::from(digit & 7)) as u8
}

/// What a letter behind a backslash means in C.
pub(super) fn c_escape(byte: u8) -> Option<u8> {
    match byte {
        b'a' => Some(7),
        b'b' => Some(8),
        b't' => Some(9),
        b'n' => Some(10),
        b'v' => Some(11),
        b'f' => Some(12),
        b'r' => Some(13),
        _ => None,
    }
}

/// A hex digit in lower case.
pub(super) fn hex_digit(nibble: u8) -> u8 {
    match nibble & 15 {
        n @ 0..=9 => b'0' + n,
        n => b'a' + n - 10,
    }
}
