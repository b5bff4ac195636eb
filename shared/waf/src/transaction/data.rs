//! What a transaction knows: the values of variables.

use super::dom::Dom;
use super::map::Map;
use crate::collections::Collections;
use crate::ruleset::Rule;
use portcullis_http::percent;
use std::cell::OnceCell;
use std::ops::Range;
use std::time::Duration;

/// A member of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pair {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Pair {
    pub(crate) fn new(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Pair {
        Pair { name: name.into(), value: value.into() }
    }
}

/// The data and the rule that looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) data: &'a Data,
    pub(crate) rule: Option<&'a Rule>,
}

/// An address and a port, as text.
pub(crate) type Endpoint = (Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) time: Duration,
    /// The time of the phase that runs.
    pub(crate) now: Duration,
    pub(crate) unique_id: Vec<u8>,
    pub(crate) web_app_id: Vec<u8>,
    pub(crate) remote: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) method: Vec<u8>,
    pub(crate) protocol: Vec<u8>,
    pub(crate) uri_raw: Vec<u8>,
    pub(crate) uri: Vec<u8>,
    /// The path, percent-decoded.
    pub(crate) filename: Vec<u8>,
    pub(crate) query: Vec<u8>,
    pub(crate) request_headers: Vec<Pair>,
    pub(crate) cookies: Vec<Pair>,
    pub(crate) args_get: Vec<Pair>,
    pub(crate) args_post: Vec<Pair>,
    /// What `@restpath` has found in a path. It is not among `ARGS`, which no rule changes while a phase runs.
    pub(crate) args_path: Vec<Pair>,
    pub(crate) urlencoded_error: bool,
    pub(crate) request_body: Vec<u8>,
    pub(crate) request_body_length: u64,
    /// Whether a body processor has read the body.
    pub(crate) is_body_read: bool,
    pub(crate) argument_separator: u8,
    pub(crate) force_request_body: bool,
    pub(crate) body_too_long: bool,
    pub(crate) body_processor: &'static str,
    pub(crate) body_error: Option<String>,
    pub(crate) upload: Upload,
    pub(crate) xml: Option<Xml>,
    pub(crate) xml_depth: usize,
    pub(crate) response_protocol: Vec<u8>,
    pub(crate) response_status: Option<u16>,
    pub(crate) response_headers: Vec<Pair>,
    pub(crate) response_body: Vec<u8>,
    pub(crate) response_length: usize,
    pub(crate) response_too_long: bool,
    pub(crate) response_processor: &'static str,
    pub(crate) response_args: Vec<Pair>,
    pub(crate) response_xml: Option<Xml>,
    pub(crate) response_error: Option<String>,
    /// What rules have asked logs not to show.
    pub(crate) hidden: Hidden,
    pub(crate) tx: Map,
    pub(crate) env: Map,
    pub(crate) collections: Collections,
    /// `SecCollectionTimeout`, seconds.
    pub(crate) collection_timeout: u64,
    pub(crate) matched_vars: Vec<Pair>,
    pub(crate) highest_severity: u8,
}

/// What rules have asked logs not to show.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    pub(crate) arguments: Vec<Vec<u8>>,
    pub(crate) request_headers: Vec<Vec<u8>>,
    pub(crate) response_headers: Vec<Vec<u8>>,
    /// Texts, wherever they stand.
    pub(crate) texts: Vec<Vec<u8>>,
}

/// A multipart body.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// Names of fields with the names of their files.
    pub(crate) files: Vec<Pair>,
    pub(crate) sizes: Vec<Pair>,
    pub(crate) total_size: u64,
    /// Names of all parts.
    pub(crate) parts: Vec<Pair>,
    /// Names of all files, also of parts that could not be read.
    pub(crate) filenames: Vec<Pair>,
    /// Names of fields with each header line of their part.
    pub(crate) part_headers: Vec<Pair>,
    /// Names of fields with the bytes of the body that are their file's, if files are kept.
    pub(crate) contents: Vec<(Vec<u8>, Range<usize>)>,
    /// Names of the files that would be kept. No file is written; the names say how many there would be.
    pub(crate) kept: Vec<Vec<u8>>,
    /// Where the parts stand.
    pub(crate) places: Vec<Place>,
    pub(crate) strict: Strict,
}

/// Where a part stands, in bytes of the body, as ModSecurity counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) is_file: bool,
    pub(crate) name: usize,
    pub(crate) filename: usize,
    pub(crate) value: usize,
    pub(crate) size: usize,
    pub(crate) content: usize,
}

/// What is odd about a multipart body (ModSecurity reference, `MULTIPART_STRICT_ERROR`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strict {
    pub(crate) boundary_quoted: bool,
    pub(crate) boundary_whitespace: bool,
    pub(crate) crlf_lf_lines: bool,
    pub(crate) data_after: bool,
    pub(crate) data_before: bool,
    pub(crate) header_folding: bool,
    pub(crate) invalid_header_folding: bool,
    pub(crate) invalid_part: bool,
    pub(crate) invalid_quoting: bool,
    pub(crate) lf_line: bool,
    pub(crate) limit_exceeded: bool,
    pub(crate) missing_semicolon: bool,
    /// 0: none; 1: a line that looks like a boundary, and no boundary after it; 2: boundaries after the first one.
    pub(crate) unmatched_boundary: u8,
    pub(crate) parse_error: bool,
}

impl Strict {
    /// All but `crlf_lf_lines` and `unmatched_boundary`, as ModSecurity counts.
    pub(crate) fn any(&self) -> bool {
        self.boundary_quoted
            || self.boundary_whitespace
            || self.data_after
            || self.data_before
            || self.header_folding
            || self.invalid_header_folding
            || self.invalid_part
            || self.invalid_quoting
            || self.lf_line
            || self.limit_exceeded
            || self.missing_semicolon
            || self.parse_error
    }
}

/// An XML body.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    /// The whole as a tree, made when an expression asks for it; `None` if it cannot be.
    pub(crate) dom: OnceCell<Option<Dom>>,
    /// All character data.
    pub(crate) text: Vec<u8>,
    /// The values of all attributes.
    pub(crate) attributes: Vec<Vec<u8>>,
}

impl Data {
    pub(crate) fn header(&self, name: &[u8]) -> Option<&[u8]> {
        find(&self.request_headers, name)
    }

    pub(crate) fn response_header(&self, name: &[u8]) -> Option<&[u8]> {
        find(&self.response_headers, name)
    }

    /// `REQUEST_BODY`: of XML only where a rule has forced it, for rules on its text would find the names of elements.
    pub(crate) fn visible_body(&self) -> &[u8] {
        match self.body_processor == "XML" && !self.force_request_body {
            true => &[],
            false => &self.request_body,
        }
    }

    /// What stands behind the last slash of the path.
    pub(crate) fn basename(&self) -> &[u8] {
        let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
        self.filename.rsplit(is_slash).next().unwrap_or_default()
    }

    pub(crate) fn request_line(&self) -> Vec<u8> {
        [&self.method[..], &self.uri_raw, &self.protocol].join(&b' ')
    }

    pub(crate) fn server_name(&self) -> &[u8] {
        let host = self.header(b"host").unwrap_or_default();
        match host {
            [b'[', ..] => host.split(|&byte| byte == b']').next().unwrap_or_default(),
            _ => host.split(|&byte| byte == b':').next().unwrap_or_default(),
        }
    }

    pub(crate) fn auth_type(&self) -> Option<&[u8]> {
        self.header(b"authorization")?.split(|&byte| byte == b' ').next()
    }

    /// The user of basic authentication (RFC 7617).
    pub(crate) fn remote_user(&self) -> Option<Vec<u8>> {
        let header = self.header(b"authorization")?;
        let (scheme, credentials) = header.split_at_checked(header.iter().position(|byte| *byte == b' ')?)?;
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        let mut decoded = crate::transformations::decode_base64(credentials.trim_ascii());
        decoded.truncate(memchr::memchr(b':', &decoded).unwrap_or(decoded.len()));
        Some(decoded)
    }

    /// Seconds since the exchange began.
    pub(crate) fn duration(&self) -> Vec<u8> {
        format!("{:.6}", self.now.saturating_sub(self.time).as_secs_f64()).into_bytes()
    }

    /// `FULL_REQUEST`: header lines and body; ModSecurity v3 leaves the request line out.
    pub(crate) fn full_request(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for header in &self.request_headers {
            out.extend([&header.name[..], &header.value].join(&b": "[..]));
            out.push(b'\n');
        }
        out.extend_from_slice(b"\n\n");
        out.extend_from_slice(&self.request_body);
        out
    }

    /// Takes the target of the request line apart.
    pub(crate) fn set_uri(&mut self, raw: &[u8]) {
        self.uri_raw = raw.to_vec();
        let uri = without_authority(raw).split(|&byte| byte == b'#').next().unwrap_or_default();
        // As in ModSecurity v3 `REQUEST_URI` is decoded.
        self.uri = percent::decode(uri).into_owned();
        let (path, query) = match memchr::memchr(b'?', uri) {
            Some(at) => (uri.get(..at).unwrap_or_default(), uri.get(at + 1..).unwrap_or_default()),
            None => (uri, &[][..]),
        };
        self.filename = percent::decode(path).into_owned();
        self.query = query.to_vec();
    }
}

fn find<'a>(pairs: &'a [Pair], name: &[u8]) -> Option<&'a [u8]> {
    pairs.iter().find(|pair| pair.name.eq_ignore_ascii_case(name)).map(|pair| &*pair.value)
}

/// The absolute form of a target without its scheme and authority.
fn without_authority(uri: &[u8]) -> &[u8] {
    if uri.starts_with(b"/") {
        return uri;
    }
    let Some(scheme) = memchr::memmem::find(uri, b"://") else { return uri };
    let is_scheme = uri.iter().take(scheme).all(u8::is_ascii_alphanumeric);
    let rest = uri.get(scheme + 3..).unwrap_or_default();
    match memchr::memchr2(b'/', b'?', rest) {
        Some(at) if is_scheme => rest.get(at..).unwrap_or_default(),
        _ => uri,
    }
}
