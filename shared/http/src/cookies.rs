//! The pairs of a `cookie` header (RFC 6265 section 4.2.1), as a server reads them.

use std::borrow::Cow;

/// Names and values, in order, as bytes of the header: nothing is decoded and quotes stay.
///
/// Pieces are separated by `;`, blanks around name and value are cut, empty pieces are left out, and a piece without
/// `=` is a name with an empty value.
pub fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header
        .split(|&byte| byte == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|piece| !piece.is_empty())
        .map(split_pair)
}

/// The pairs of a header of version 1 (RFC 2109): quotes around values are gone, a separator within them is none, and
/// attributes (`$Path`) are left out.
pub fn version_1_pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], Cow<'_, [u8]>)> {
    Pieces { rest: Some(header) }
        .map(<[u8]>::trim_ascii)
        .filter(|piece| !piece.is_empty() && !piece.starts_with(b"$"))
        .map(|piece| {
            let (name, value) = split_pair(piece);
            (name, unquoted(value))
        })
}

fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    match value.strip_prefix(b"\"") {
        Some(inside) => crate::media::quoted_string(inside).0,
        None => Cow::Borrowed(value),
    }
}

/// What stands between `;` and `,` outside of quotes.
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.iter().position(|byte| {
            let is_escaped = std::mem::take(&mut escaped);
            match byte {
                b'\\' if quoted => escaped = !is_escaped,
                b'"' if !is_escaped => quoted = !quoted,
                _ => {}
            }
            !quoted && matches!(byte, b';' | b',')
        });
        self.rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    }
}

fn split_pair(piece: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', piece) {
        Some(at) => {
            let (name, value) =
                (piece.get(..at).unwrap_or_default(), piece.get(at + 1..).unwrap_or_default());
            (name.trim_ascii_end(), value.trim_ascii_start())
        }
        None => (piece, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        assert_eq!(pairs(header.as_bytes()).collect::<Vec<_>>(), expected, "{header}");
    }

    #[test]
    fn version_1() {
        let header = b"$Version=\"1\"; a=\"x;\\\"y\"; $Path=/; b=2, c";
        let found: Vec<_> = version_1_pairs(header).map(|(name, value)| (name, value.into_owned())).collect();
        let expected = [("a", "x;\"y"), ("b", "2"), ("c", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.as_bytes(), value.as_bytes().to_vec())));
    }

    #[test]
    fn pairs_in_order() {
        check("", &[]);
        check("a=1; b=2", &[("a", "1"), ("b", "2")]);
        check("a=1;b = \"x y\" ;; c", &[("a", "1"), ("b", "\"x y\""), ("c", "")]);
        check("a=b=c; =d", &[("a", "b=c"), ("", "d")]);
        check("a=%41", &[("a", "%41")]);
    }
}
