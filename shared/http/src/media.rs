//! Media types (RFC 9110 section 8.3): what a `content-type` says.

use std::borrow::Cow;

/// A parsed `content-type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType<'a> {
    essence: Vec<u8>,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter<'a> {
    name: &'a [u8],
    value: Cow<'a, [u8]>,
    quoted: bool,
}

impl<'a> MediaType<'a> {
    /// Reads a header value; `None` if it does not begin with `type/subtype`. A parameter that cannot be read is left
    /// out; of several with one name the first counts.
    pub fn parse(value: &'a [u8]) -> Option<MediaType<'a>> {
        let (essence, mut rest) = match memchr::memchr(b';', value) {
            Some(at) => (value.get(..at)?, value.get(at + 1..)?),
            None => (value, &[][..]),
        };
        let essence = essence.trim_ascii().to_ascii_lowercase();
        let slash = memchr::memchr(b'/', &essence)?;
        if !is_token(essence.get(..slash)?) || !is_token(essence.get(slash + 1..)?) {
            return None;
        }
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            let (parameter, behind) = parameter(rest);
            parameters.extend(parameter);
            rest = behind;
        }
        Some(MediaType { essence, parameters })
    }

    /// `type/subtype` in lower case.
    pub fn essence(&self) -> &[u8] {
        &self.essence
    }

    /// The value of a parameter, without quotes; names do not care for case.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.find(name).map(|parameter| &*parameter.value)
    }

    /// Whether the parameter is there as a quoted string.
    pub fn is_quoted(&self, name: &str) -> bool {
        self.find(name).is_some_and(|parameter| parameter.quoted)
    }

    /// `application/json`, `text/json`, or any `+json` (RFC 6839).
    pub fn is_json(&self) -> bool {
        matches!(self.essence(), b"application/json" | b"text/json") || self.essence.ends_with(b"+json")
    }

    /// `application/xml`, `text/xml`, or any `+xml`.
    pub fn is_xml(&self) -> bool {
        matches!(self.essence(), b"application/xml" | b"text/xml") || self.essence.ends_with(b"+xml")
    }

    /// `application/x-www-form-urlencoded`.
    pub fn is_form(&self) -> bool {
        self.essence() == b"application/x-www-form-urlencoded"
    }

    /// `multipart/...`.
    pub fn is_multipart(&self) -> bool {
        self.essence.starts_with(b"multipart/")
    }

    /// `text/...`.
    pub fn is_text(&self) -> bool {
        self.essence.starts_with(b"text/")
    }

    fn find(&self, name: &str) -> Option<&Parameter<'a>> {
        self.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// The first parameter of a list, if it can be read, and what stands behind its `;`.
fn parameter(text: &[u8]) -> (Option<Parameter<'_>>, &[u8]) {
    let end = memchr::memchr2(b'=', b';', text).unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default().trim_ascii();
    if text.get(end) != Some(&b'=') {
        return (None, text.get(end + 1..).unwrap_or_default());
    }
    let value = text.get(end + 1..).unwrap_or_default();
    let (value, quoted, rest) = match value.trim_ascii_start().strip_prefix(b"\"") {
        Some(inner) => {
            let (value, rest) = quoted_string(inner);
            (value, true, rest)
        }
        None => (Cow::Borrowed(value), false, value),
    };
    let next = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let value = match value {
        Cow::Borrowed(_) if !quoted => Cow::Borrowed(rest.get(..next).unwrap_or_default().trim_ascii()),
        value => value,
    };
    let parameter = is_token(name).then_some(Parameter { name, value, quoted });
    (parameter, rest.get(next + 1..).unwrap_or_default())
}

/// The value of a quoted string (RFC 9110 section 5.6.4), and what stands behind its closing quote.
pub(crate) fn quoted_string(text: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let mut at = 0;
    let mut owned: Option<Vec<u8>> = None;
    while let Some(step) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        let plain = text.get(at..at + step).unwrap_or_default();
        let (stop, behind) = (text.get(at + step), text.get(at + step + 1..).unwrap_or_default());
        if stop == Some(&b'"') {
            let value = match owned {
                Some(mut value) => {
                    value.extend_from_slice(plain);
                    Cow::Owned(value)
                }
                None => Cow::Borrowed(text.get(..at + step).unwrap_or_default()),
            };
            return (value, behind);
        }
        let value = owned.get_or_insert_default();
        value.extend_from_slice(plain);
        value.extend(behind.first());
        at += step + 2;
    }
    let tail = text.get(at..).unwrap_or_default();
    let value = match owned {
        Some(mut value) => {
            value.extend_from_slice(tail);
            Cow::Owned(value)
        }
        None => Cow::Borrowed(tail),
    };
    (value, &[])
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    #[track_caller]
    fn check(value: &str, essence: &str, parameters: &[(&str, &str)]) {
        let media = MediaType::parse(value.as_bytes()).unwrap();
        assert_eq!(media.essence(), essence.as_bytes(), "{value}");
        for (name, expected) in parameters {
            assert_eq!(media.parameter(name), Some(expected.as_bytes()), "{value}: {name}");
        }
        assert_eq!(media.parameters.len(), parameters.len(), "{value}");
    }

    #[test]
    fn types_and_parameters() {
        check("text/html", "text/html", &[]);
        check(" Text/HTML ; Charset=UTF-8", "text/html", &[("charset", "UTF-8")]);
        check("a/b;x=\"1;2\\\"3\";y=2", "a/b", &[("x", "1;2\"3"), ("y", "2")]);
        check("a/b; ; x ;y=", "a/b", &[("y", "")]);
        check("a/b;x=\"open", "a/b", &[("x", "open")]);
        check("multipart/form-data; boundary=----a b", "multipart/form-data", &[("boundary", "----a b")]);
        check("a/b; x= \"q\" z;y=1", "a/b", &[("x", "q"), ("y", "1")]);
    }

    #[test]
    fn what_is_no_type_is_none() {
        for bad in ["", "text", "/", "a/", "/b", "a b/c", "a/b/c", ";a/b", "a/b\0"] {
            assert_eq!(MediaType::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn kinds() {
        let media = |text: &'static str| MediaType::parse(text.as_bytes()).unwrap();
        assert!(media("application/problem+json").is_json() && media("APPLICATION/JSON").is_json());
        assert!(media("image/svg+xml").is_xml() && !media("text/plain").is_xml());
        assert!(media("multipart/mixed; boundary=\"x\"").is_quoted("BOUNDARY"));
    }

    #[test]
    fn no_bytes_panic() {
        arbtest(|u| {
            let mut text = b"a/b;".to_vec();
            text.extend(u.arbitrary::<Vec<u8>>()?);
            assert!(MediaType::parse(&text).is_some());
            Ok(())
        });
    }
}
