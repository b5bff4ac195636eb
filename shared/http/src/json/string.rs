//! JSON strings (RFC 8259 section 7): where they end, and what they mean.

use super::{JsonCause, JsonError};
use std::borrow::Cow;

/// The place of the closing quote; `text` begins behind the opening one.
pub(super) fn end(text: &str) -> Result<usize, JsonError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let end = loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            None => break Err(JsonError { offset: bytes.len(), cause: JsonCause::End }),
            Some(step) if rest.get(step) == Some(&b'"') => break Ok(at + step),
            // The byte behind a backslash ends nothing; whether it is an escape is for `decode` to say.
            Some(step) => at += step + 2,
        }
    };
    let inner = bytes.get(..*end.as_ref().unwrap_or(&bytes.len())).unwrap_or_default();
    match inner.iter().position(|byte| *byte < 0x20) {
        Some(offset) => Err(JsonError { offset, cause: JsonCause::Control }),
        None => end,
    }
}

/// The text without its escapes; `raw` is what stands between the quotes.
pub(super) fn decode(raw: &str) -> Result<Cow<'_, str>, JsonError> {
    let Some(first) = memchr::memchr(b'\\', raw.as_bytes()) else {
        return Ok(Cow::Borrowed(raw));
    };
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    let mut next = Some(first);
    while let Some(step) = next {
        out.push_str(raw.get(at..at + step).unwrap_or_default());
        at += step;
        let (decoded, length) = escape(raw.as_bytes().get(at + 1..).unwrap_or_default())
            .ok_or(JsonError { offset: at, cause: JsonCause::Escape })?;
        out.push(decoded);
        at += 1 + length;
        next = memchr::memchr(b'\\', raw.as_bytes().get(at..).unwrap_or_default());
    }
    out.push_str(raw.get(at..).unwrap_or_default());
    Ok(Cow::Owned(out))
}

/// The character behind a backslash, and how many bytes say it.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    let plain = match text.first()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(text.get(1..)?),
        _ => return None,
    };
    Some((plain, 1))
}

/// What `uXXXX` stands for, with its second half if it is one of a surrogate pair; `text` begins behind the `u`.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let first = four_digits(text)?;
    if let Some(plain) = char::from_u32(first) {
        return Some((plain, 5));
    }
    let second = four_digits(text.get(4..)?.strip_prefix(b"\\u")?)?;
    if !(0xd800..0xdc00).contains(&first) || !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 11))
}

fn four_digits(text: &[u8]) -> Option<u32> {
    let digits = text.get(..4)?;
    digits.iter().try_fold(0, |value, byte| Some(value << 4 | char::from(*byte).to_digit(16)?))
}
