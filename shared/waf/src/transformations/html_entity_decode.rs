//! `htmlEntityDecode`: numbers, and the five names that ModSecurity knows.

use super::chars::hex;
use std::borrow::Cow;

/// `&#123;`, `&#x7b;`, `&quot; &amp; &lt; &gt; &nbsp;`; the semicolon may be missing; of numbers the low byte counts.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'&') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let [byte, behind @ ..] = rest {
        rest = match entity(rest) {
            Some((decoded, behind)) => {
                out.push(decoded);
                behind.strip_prefix(b";").unwrap_or(behind)
            }
            None => {
                out.push(*byte);
                behind
            }
        };
    }
    Cow::Owned(out)
}

fn entity(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'&', b'#', digits @ ..] => number(digits, 10),
        [b'&', name @ ..] => named(name),
        _ => None,
    }
}

fn number(text: &[u8], base: u8) -> Option<(u8, &[u8])> {
    let digit = |byte: u8| hex(byte).filter(|digit| *digit < base);
    let length = text.iter().take_while(|&&byte| digit(byte).is_some()).count();
    let (digits, rest) = text.split_at_checked(length).filter(|(digits, _)| !digits.is_empty())?;
    let value = digits.iter().fold(0u32, |value, &byte| {
        value.saturating_mul(u32::from(base)).saturating_add(u32::from(digit(byte).unwrap_or(0)))
    });
    Some((value as u8, rest))
}

fn named(text: &[u8]) -> Option<(u8, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, rest) = text.split_at_checked(length)?;
    let decoded = match name.to_ascii_lowercase().as_slice() {
        b"quot" => b'"',
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"nbsp" => 0xa0,
        _ => return None,
    };
    Some((decoded, rest))
}
