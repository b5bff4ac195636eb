//! The pairs of a `cookie` header (RFC 6265 section 4.2.1), as a server reads them.

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
    fn pairs_in_order() {
        check("", &[]);
        check("a=1; b=2", &[("a", "1"), ("b", "2")]);
        check("a=1;b = \"x y\" ;; c", &[("a", "1"), ("b", "\"x y\""), ("c", "")]);
        check("a=b=c; =d", &[("a", "b=c"), ("", "d")]);
        check("a=%41", &[("a", "%41")]);
    }
}
