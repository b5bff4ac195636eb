//! Paths and queries as Go's `net/url` reads them, for OPA-Envoy's `parsed_path` and `parsed_query` are its results.

use crate::text::lossy;
use std::collections::BTreeMap;

/// A target that `url.Parse` refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path cannot be parsed")]
pub struct BadPath;

/// A query string that `url.ParseQuery` refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the urlencoded body cannot be parsed")]
pub(crate) struct BadForm;

/// A request target in two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The path, percent-decoded.
    pub path: Vec<u8>,
    /// What stands behind the first `?`, raw.
    pub query: Vec<u8>,
}

impl Target {
    /// `url.Parse`: a control character or a bad escape is refused; `//host/path` has the path `/path`.
    ///
    /// Envoy lets only targets in origin form and `*` through. Other forms are refused here, but for a relative path,
    /// which Go takes.
    pub(crate) fn parse(raw: &[u8]) -> Result<Target, BadPath> {
        if raw.iter().any(|&byte| byte < 0x20 || byte == 0x7f) {
            return Err(BadPath);
        }
        let (raw, fragment) = cut(raw, b'#');
        unescape(fragment, Escape::Path).ok_or(BadPath)?;
        let (raw, query) = cut(raw, b'?');
        let path = match raw.strip_prefix(b"//") {
            Some(rest) if !rest.starts_with(b"/") => behind_authority(rest)?,
            _ => raw,
        };
        let first = path.split(|&byte| byte == b'/').next().unwrap_or_default();
        if first.contains(&b':') {
            return Err(BadPath);
        }
        Ok(Target { path: unescape(path, Escape::Path).ok_or(BadPath)?, query: query.to_vec() })
    }

    /// `parsed_path`: the steps of the path without its leading slashes; never empty.
    pub(crate) fn segments(&self) -> impl Iterator<Item = String> + '_ {
        let start = self.path.iter().position(|&byte| byte != b'/').unwrap_or(self.path.len());
        let path = self.path.get(start..).unwrap_or_default();
        path.split(|&byte| byte == b'/').map(lossy)
    }

    /// `parsed_query`: pairs that cannot be decoded, or hold a `;`, are left out.
    pub(crate) fn query(&self) -> BTreeMap<String, Vec<String>> {
        let mut values = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in pairs(&self.query).flatten() {
            values.entry(name).or_default().push(value);
        }
        values
    }
}

/// `url.ParseQuery`: fails where [`Target::query`] leaves out.
pub(crate) fn form(body: &[u8]) -> Result<BTreeMap<String, Vec<String>>, BadForm> {
    let mut values = BTreeMap::<String, Vec<String>>::new();
    for pair in pairs(body) {
        let (name, value) = pair?;
        values.entry(name).or_default().push(value);
    }
    Ok(values)
}

/// `url.QueryUnescape`; `None` where an escape is bad.
pub(crate) fn query_unescape(text: &[u8]) -> Option<Vec<u8>> {
    unescape(text, Escape::Query)
}

fn pairs(query: &[u8]) -> impl Iterator<Item = Result<(String, String), BadForm>> + '_ {
    query.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        if pair.contains(&b';') {
            return Err(BadForm);
        }
        let (name, value) = cut(pair, b'=');
        let name = unescape(name, Escape::Query).ok_or(BadForm)?;
        let value = unescape(value, Escape::Query).ok_or(BadForm)?;
        Ok((lossy(&name), lossy(&value)))
    })
}

/// What follows the host. Go checks user, host and port; here only plain ones pass.
fn behind_authority(rest: &[u8]) -> Result<&[u8], BadPath> {
    let end = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = cut(authority, b':');
    let plain = host.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte));
    if plain && port.iter().all(u8::is_ascii_digit) { Ok(path) } else { Err(BadPath) }
}

fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == at) {
        Some(index) => (text.get(..index).unwrap_or_default(), text.get(index + 1..).unwrap_or_default()),
        None => (text, &[]),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Escape {
    Path,
    /// `+` is a blank.
    Query,
}

/// `None` where a `%` is not followed by two hexadecimal digits.
fn unescape(text: &[u8], escape: Escape) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match rest {
            [] => return Some(out),
            [b'%', tail @ ..] => {
                let [high, low, after @ ..] = tail else { return None };
                out.push(hex(*high)? << 4 | hex(*low)?);
                rest = after;
            }
            [b'+', tail @ ..] if escape == Escape::Query => {
                out.push(b' ');
                rest = tail;
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(target: &str, expected: &[&str]) {
        let parsed = Target::parse(target.as_bytes()).unwrap();
        assert_eq!(parsed.segments().collect::<Vec<_>>(), expected, "{target}");
    }

    #[test]
    fn paths_are_decoded_before_they_are_split() {
        check_path("/", &[""]);
        check_path("", &[""]);
        check_path("/a/b?c", &["a", "b"]);
        check_path("/a%2fb/", &["a", "b", ""]);
        check_path("///a//b", &["a", "", "b"]);
        check_path("//host/a", &["a"]);
        check_path("//host:80", &[""]);
        check_path("/a;b=c:d", &["a;b=c:d"]);
        check_path("/%ff", &["!"]);
        check_path("*", &["*"]);
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for bad in [
            "/%",
            "/%2",
            "/%zz",
            "/a\u{7f}",
            "/a\nb",
            "//user@host/a",
            "//[::1/a",
            "//h:port/",
            "a:b",
            "http://h/",
        ] {
            assert_eq!(Target::parse(bad.as_bytes()), Err(BadPath), "{bad}");
        }
    }

    #[test]
    fn queries_keep_what_can_be_read_and_forms_want_all() {
        let target = Target::parse(b"/?a=1&a=%32&b&=e&c;d=1&x=%zz&e=+").unwrap();
        let query = target.query();
        assert_eq!(query.get("a").unwrap(), &["1", "2"]);
        assert_eq!(query.get("b").unwrap(), &[""]);
        assert_eq!(query.get("").unwrap(), &["e"]);
        assert_eq!(query.get("e").unwrap(), &[" "]);
        assert_eq!(query.len(), 4);
        assert_eq!(form(b"a=%zz"), Err(BadForm));
        assert_eq!(form(b"a;b=1"), Err(BadForm));
        assert_eq!(form(b"a=1&&b=2").unwrap().len(), 2);
    }
}
