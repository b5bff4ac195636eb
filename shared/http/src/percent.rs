//! Percent-encoding (RFC 3986 section 2.1).

use std::borrow::Cow;

/// Decodes `%XX`. An escape that is none, such as `%`, `%4` or `%zz`, stays as it is, and reading goes on behind its
/// `%`. Borrows if nothing changes.
///
/// ```
/// use portcullis_http::percent;
///
/// assert_eq!(&*percent::decode(b"a%20b%zz%%41"), b"a b%zz%A");
/// ```
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    decode_with(text, Blank::Plus)
}

/// [`decode`], and `+` becomes a blank, as in forms (`application/x-www-form-urlencoded`).
pub fn decode_form(text: &[u8]) -> Cow<'_, [u8]> {
    decode_with(text, Blank::Space)
}

/// Whether every `%` begins a whole escape.
pub fn is_well_formed(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text).all(|at| escape(text.get(at + 1..)).is_some())
}

/// Escapes every byte but RFC 3986's unreserved ones (letters, digits, `-._~`), with digits in upper case.
pub fn encode(text: &[u8]) -> Cow<'_, [u8]> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if text.iter().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for byte in text {
        match plain(byte) {
            true => out.push(*byte),
            false => out.extend([b'%', upper_digit(byte >> 4), upper_digit(byte & 15)]),
        }
    }
    Cow::Owned(out)
}

/// What `+` stands for.
#[derive(Clone, Copy, PartialEq)]
enum Blank {
    Plus,
    Space,
}

fn decode_with(text: &[u8], blank: Blank) -> Cow<'_, [u8]> {
    let Some(first) = first_to_decode(text, blank) else {
        return Cow::Borrowed(text);
    };
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(text.get(..first).unwrap_or_default());
    let mut rest = text.get(first..).unwrap_or_default();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        out.push(match byte {
            b'%' => match escape(Some(behind)) {
                Some(value) => {
                    rest = behind.get(2..).unwrap_or_default();
                    value
                }
                None => byte,
            },
            b'+' if blank == Blank::Space => b' ',
            other => other,
        });
    }
    Cow::Owned(out)
}

/// The first byte that decoding changes.
fn first_to_decode(text: &[u8], blank: Blank) -> Option<usize> {
    let escape_at = memchr::memchr_iter(b'%', text).find(|at| escape(text.get(at + 1..)).is_some());
    let plus_at = if blank == Blank::Space { memchr::memchr(b'+', text) } else { None };
    escape_at.into_iter().chain(plus_at).min()
}

/// The value of the two digits in front.
fn escape(behind: Option<&[u8]>) -> Option<u8> {
    let [high, low, ..] = behind? else { return None };
    Some(hex_digit(*high)? << 4 | hex_digit(*low)?)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn upper_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    #[track_caller]
    fn check(input: &str, expected: &[u8]) {
        assert_eq!(&*decode(input.as_bytes()), expected, "{input}");
    }

    #[test]
    fn whole_escapes_decode_and_broken_ones_stay() {
        check("", b"");
        check("abc", b"abc");
        check("%41%6a%6A", b"Ajj");
        check("%00%ff", b"\0\xff");
        check("%", b"%");
        check("%4", b"%4");
        check("a%4", b"a%4");
        check("%zz%41", b"%zzA");
        check("%%41", b"%A");
        check("%4%41", b"%4A");
        check("%2541", b"%41");
        check("a+b", b"a+b");
        check("%u0041", b"%u0041");
    }

    #[test]
    fn forms_have_plus_for_blank() {
        assert_eq!(&*decode_form(b"a+b%2Bc"), b"a b+c");
    }

    #[test]
    fn nothing_to_do_borrows() {
        for text in ["plain", "100%", "%zz", ""] {
            assert!(matches!(decode(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
        assert!(matches!(encode(b"a-b.c_d~9"), Cow::Borrowed(_)));
    }

    #[test]
    fn well_formed_means_whole_escapes_only() {
        assert!(is_well_formed(b"a%20b"));
        assert!(!is_well_formed(b"a%2"));
        assert!(!is_well_formed(b"%g0"));
    }

    #[test]
    fn encode_and_decode_agree() {
        arbtest(|u| {
            let text: Vec<u8> = u.arbitrary()?;
            let encoded = encode(&text);
            assert_eq!(&*decode(&encoded), &text[..]);
            assert_eq!(&*decode_form(&encoded), &text[..]);
            assert!(decode(&text).len() <= text.len());
            Ok(())
        });
    }
}
