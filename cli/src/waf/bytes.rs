//! Bytes on the command line: `\xNN`, `\n`, `\r`, `\t`, `\0` and `\\` in, `\xNN` out.

use anyhow::{Result, bail};
use std::fmt::Write as _;
use std::io::Read;

/// The most bytes that are read from standard input.
const MOST_BYTES: u64 = 64 << 20;

/// The input of a command: `-` or nothing is standard input, as it is.
pub(crate) fn input(argument: Option<&str>) -> Result<Vec<u8>> {
    match argument {
        Some(text) if text != "-" => unescape(text),
        _ => stdin(),
    }
}

/// All of standard input.
pub(crate) fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("standard input has more than {MOST_BYTES} bytes");
    }
    Ok(bytes)
}

/// The bytes that a text with escapes means.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let mut chars = behind.chars();
        match chars.next() {
            Some('n') => bytes.push(b'\n'),
            Some('r') => bytes.push(b'\r'),
            Some('t') => bytes.push(b'\t'),
            Some('0') => bytes.push(0),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let digits =
                    chars.as_str().get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(digits) = digits else { bail!("`\\x` in `{text}` wants two hexadecimal digits") };
                bytes.push(u8::from_str_radix(digits, 16)?);
                chars = chars.as_str().get(2..).unwrap_or_default().chars();
            }
            Some(other) => {
                bail!("`\\{other}` in `{text}` is none of `\\xNN`, `\\n`, `\\r`, `\\t`, `\\0`, `\\\\`")
            }
            None => bail!("`{text}` ends in a lone backslash: `\\\\` is one"),
        }
        rest = chars.as_str();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Bytes as text that [`unescape`] reads back: what is no printable character is `\xNN`.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                c if c.is_control() => {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_hex(&mut text, byte));
                }
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(&mut text, *byte));
    }
    text
}

/// [`escape`], cut behind so many characters.
pub(crate) fn escape_cut(bytes: &[u8], most: usize) -> String {
    let text = escape(bytes);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}... ({} bytes)", text.get(..at).unwrap_or_default(), bytes.len()),
        None => text,
    }
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a string cannot fail.
    let _infallible = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_written() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescape(&escape(&all)).unwrap(), all);
        assert_eq!(unescape(r"a\x00\nb\\").unwrap(), b"a\0\nb\\");
        assert_eq!(escape("ä\u{7f}".as_bytes()), "ä\\x7f");
        assert_eq!(escape_cut(b"abcdef", 3), "abc... (6 bytes)");
    }

    #[test]
    fn what_is_no_escape_is_named() {
        for text in [r"\q", r"\x4", r"\xzz", "\\", r"\xé"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
