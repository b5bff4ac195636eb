//! Multipart bodies (RFC 2046 section 5.1, RFC 7578): parts with their headers and the place of their content.
//!
//! Readers of multipart disagree about what is broken, and attackers live from that. So nothing that can be read in
//! some way is refused here: it is read, and what was odd about it is recorded in [`Flags`]; the caller decides.

mod disposition;
mod part;
#[cfg(test)]
mod tests;

use crate::limits::Limits;
use crate::media::MediaType;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// A body as its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Multipart<'a> {
    /// In order.
    pub parts: Vec<Part<'a>>,
    /// What was odd.
    pub flags: Flags,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part<'a> {
    /// Names as they stand there, values without surrounding blanks, folded lines joined by a blank.
    pub headers: Vec<(&'a [u8], Cow<'a, [u8]>)>,
    /// `name` of `content-disposition`.
    pub name: Option<Cow<'a, [u8]>>,
    /// `filename` of `content-disposition`, else `filename*` as it stands there.
    pub filename: Option<Cow<'a, [u8]>>,
    /// Where the content stands in the body, without the line break in front of the next boundary.
    pub body: Range<usize>,
}

impl Part<'_> {
    /// The value of the first header of this name; case does not matter.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let is_it = |header: &&(&[u8], Cow<'_, [u8]>)| header.0.eq_ignore_ascii_case(name.as_bytes());
        self.headers.iter().find(is_it).map(|(_, value)| &**value)
    }
}

/// What was odd about a body: each can make two readers see different parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// `boundary` is a quoted string.
    pub boundary_quoted: bool,
    /// Blanks behind a boundary, or in the parameter.
    pub boundary_whitespace: bool,
    /// `boundary` is empty, longer than 70, or has bytes that RFC 2046 does not allow.
    pub boundary_invalid: bool,
    /// Something stands in front of the first boundary.
    pub data_before: bool,
    /// Something stands behind the last boundary.
    pub data_after: bool,
    /// A header goes on in the next line.
    pub header_folding: bool,
    /// A folded line is the first of its part.
    pub invalid_header_folding: bool,
    /// A boundary or header line ends with LF alone.
    pub lf_line: bool,
    /// A boundary or header line ends with CR LF.
    pub crlf_line: bool,
    /// Parameters of `content-disposition` without `;` between them.
    pub missing_semicolon: bool,
    /// A quoted value is open, or quoted with `'`, or a quote stands within a bare one.
    pub invalid_quoting: bool,
    /// `name` or `filename` is there twice.
    pub duplicate_parameter: bool,
    /// A part without a `content-disposition` that has a `name`.
    pub unnamed_part: bool,
    /// A line in front of a part's content is no header, or the empty line behind the headers is missing.
    pub invalid_part: bool,
    /// A line of a content begins with `--` and is no boundary.
    pub unmatched_boundary: bool,
    /// There is no boundary at all.
    pub no_boundary: bool,
    /// The closing boundary is missing: the body was cut.
    pub unclosed: bool,
    /// [`Limits::parts`] or [`Limits::part_headers`] is passed; what follows was not read.
    pub limit_exceeded: bool,
}

/// The content type has no `boundary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("multipart without a boundary")]
pub struct NoBoundary;

/// Reads a whole body of this type.
pub fn read<'a>(body: &'a [u8], media: &MediaType<'_>, limits: Limits) -> Result<Multipart<'a>, NoBoundary> {
    let boundary = media.parameter("boundary").filter(|boundary| !boundary.is_empty()).ok_or(NoBoundary)?;
    let mut out = Multipart::default();
    out.flags.boundary_quoted = media.is_quoted("boundary");
    out.flags.boundary_whitespace = boundary.iter().any(u8::is_ascii_whitespace);
    out.flags.boundary_invalid = boundary.len() > 70 || !boundary.iter().all(|byte| is_boundary_byte(*byte));
    let dashed = [b"--", boundary].concat();
    split(body, &dashed, limits, &mut out);
    out.flags.no_boundary = out.parts.is_empty() && !out.flags.limit_exceeded && !out.flags.unclosed;
    Ok(out)
}

/// RFC 2046 section 5.1.1, `bchars`.
fn is_boundary_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

/// A boundary line: from its first dash to behind its line break.
struct Delimiter {
    line: Range<usize>,
    is_last: bool,
}

fn split<'a>(body: &'a [u8], dashed: &[u8], limits: Limits, out: &mut Multipart<'a>) {
    let finder = memmem::Finder::new(dashed);
    let mut delimiters = finder.find_iter(body).filter_map(|at| delimiter(body, at, dashed.len())).peekable();
    let Some(first) = delimiters.peek() else { return };
    out.flags.data_before = !before(body, first.line.start).is_empty();
    while let Some(delimiter) = delimiters.next() {
        note_line(body, &delimiter, dashed.len(), &mut out.flags);
        if delimiter.is_last {
            let behind = body.get(delimiter.line.end..).unwrap_or_default();
            out.flags.data_after = !behind.is_empty();
            return;
        }
        if out.parts.len() >= limits.parts {
            out.flags.limit_exceeded = true;
            return;
        }
        let end = match delimiters.peek() {
            Some(next) => before(body, next.line.start).len(),
            None => {
                out.flags.unclosed = true;
                body.len()
            }
        };
        let part = part::read(body, delimiter.line.end..end.max(delimiter.line.end), limits, &mut out.flags);
        out.parts.push(part);
    }
}

/// Whether the boundary found at `at` makes a line of its own: blanks may follow it, `--` makes it the last.
fn delimiter(body: &[u8], at: usize, length: usize) -> Option<Delimiter> {
    let starts_line = at == 0 || body.get(at - 1) == Some(&b'\n');
    let mut rest = body.get(at + length..)?;
    let is_last = rest.starts_with(b"--");
    rest = if is_last { rest.get(2..)? } else { rest };
    let line = memchr::memchr(b'\n', rest).map_or(rest, |end| rest.get(..=end).unwrap_or_default());
    let alone = line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    let end = at + length + if is_last { 2 } else { 0 } + line.len();
    (starts_line && alone).then_some(Delimiter { line: at..end, is_last })
}

fn note_line(body: &[u8], delimiter: &Delimiter, length: usize, flags: &mut Flags) {
    let line = body.get(delimiter.line.clone()).unwrap_or_default();
    flags.note_line_end(line);
    let behind = line.get(length + if delimiter.is_last { 2 } else { 0 }..).unwrap_or_default();
    flags.boundary_whitespace |= !matches!(behind, b"" | b"\n" | b"\r\n");
}

/// The body up to a boundary, without the line break that belongs to the boundary.
fn before(body: &[u8], at: usize) -> &[u8] {
    let text = body.get(..at).unwrap_or_default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

impl Flags {
    fn note_line_end(&mut self, line: &[u8]) {
        let crlf = line.ends_with(b"\r\n");
        self.crlf_line |= crlf;
        self.lf_line |= !crlf && line.ends_with(b"\n");
    }
}
