//! Paths as a server behind the proxy may see them.

use std::borrow::Cow;

/// A path, decoded as far as any common server goes.
#[derive(Debug)]
pub(super) struct DecodedPath<'a> {
    bytes: Cow<'a, [u8]>,
    disguised: bool,
}

impl<'a> DecodedPath<'a> {
    /// Decodes a raw path without its query: percent-escapes once, `\` as `/`, repeated slashes merged, dot segments
    /// resolved. A plain path is not copied.
    pub(super) fn new(raw: &'a [u8]) -> DecodedPath<'a> {
        if is_plain(raw) {
            return DecodedPath { bytes: Cow::Borrowed(raw), disguised: false };
        }
        let mut decoded: Vec<Vec<u8>> = Vec::new();
        let rooted = matches!(raw, [] | b"*" | [b'/', ..]);
        let mut disguised = !rooted || raw.contains(&b';') || raw.contains(&b'\\');
        let raw_segments: Vec<&[u8]> = raw.split(|&byte| byte == b'/').collect();
        for (index, raw_segment) in raw_segments.iter().enumerate() {
            let segment = percent_decode(raw_segment);
            let inner_and_empty = segment.is_empty() && index != 0 && index + 1 != raw_segments.len();
            disguised |= inner_and_empty || hides_something(&segment);
            decoded.extend(segment.split(|&byte| matches!(byte, b'/' | b'\\')).map(<[u8]>::to_vec));
        }
        DecodedPath { bytes: Cow::Owned(resolved(&decoded)), disguised }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the raw and the decoded path differ in segments, or hold what servers disagree about: `%2f`, `%5c`,
    /// `\`, `;`, an escaped `%`, `?` or `#`, control characters, text that is not UTF-8 (where some servers see an
    /// overlong slash), dot segments, empty segments.
    pub(super) fn is_disguised(&self) -> bool {
        self.disguised
    }
}

/// Nothing in it needs decoding.
fn is_plain(raw: &[u8]) -> bool {
    raw.first() == Some(&b'/')
        && raw.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b';' | b'#'))
        && !raw.windows(2).any(|pair| matches!(pair, b"//" | b"/."))
}

fn hides_something(segment: &[u8]) -> bool {
    matches!(segment, b"." | b"..")
        || segment.iter().any(|byte| byte.is_ascii_control() || b"/\\%;?#".contains(byte))
        || std::str::from_utf8(segment).is_err()
}

/// Joins segments; the first stands before the first slash and is dropped if empty.
fn resolved(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_open = false;
    for (index, segment) in segments.iter().enumerate() {
        ends_open = false;
        match segment.as_slice() {
            b"" | b"." => ends_open = index > 0,
            b".." => {
                kept.pop();
                ends_open = true;
            }
            segment => kept.push(segment),
        }
    }
    let mut path = Vec::new();
    for segment in &kept {
        path.push(b'/');
        path.extend_from_slice(segment);
    }
    if ends_open || path.is_empty() {
        path.push(b'/');
    }
    path
}

/// Decodes escapes once; what is no escape stays as it is.
fn percent_decode(segment: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, decoded: &str, disguised: bool) {
        let path = DecodedPath::new(raw.as_bytes());
        assert_eq!(String::from_utf8_lossy(path.as_bytes()), decoded, "{raw}");
        assert_eq!(path.is_disguised(), disguised, "{raw}");
    }

    #[test]
    fn plain_and_merely_escaped_paths_hide_nothing() {
        check("/", "/", false);
        check("/a/b", "/a/b", false);
        check("/a/b/", "/a/b/", false);
        check("/a%20b/c", "/a b/c", false);
        check("/%61dmin", "/admin", false);
        check("/caf%C3%A9/", "/caf\u{e9}/", false);
    }

    #[test]
    fn what_servers_disagree_about_is_a_disguise() {
        check("/a/../b", "/b", true);
        check("/a/./b", "/a/b", true);
        check("/a//b", "/a/b", true);
        check("//a", "/a", true);
        check("/a/%2e%2e/b", "/b", true);
        check("/a%2fb", "/a/b", true);
        check("/a%5Cb", "/a/b", true);
        check("/a\\b", "/a/b", true);
        check("/a;x/b", "/a;x/b", true);
        check("/a%3bx/b", "/a;x/b", true);
        check("/a%252fb", "/a%2fb", true);
        check("/a%00b", "/a\0b", true);
        check("/%zz", "/%zz", true);
        check("/..", "/", true);
        check("/a/..", "/", true);
        check("/a/.", "/a/", true);
        check("/static/..%2f..%2fadmin", "/admin", true);
    }

    #[test]
    fn odd_targets_have_some_path() {
        check("*", "/*", false);
        check("", "/", false);
    }
}
