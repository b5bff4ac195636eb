//! One part: its header lines, then its content.

use super::{Flags, Part, disposition};
use crate::limits::Limits;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// Reads what stands between two boundary lines.
pub(super) fn read<'a>(body: &'a [u8], span: Range<usize>, limits: Limits, flags: &mut Flags) -> Part<'a> {
    let mut part = Part { body: span.clone(), ..Part::default() };
    let mut at = span.start;
    loop {
        let rest = body.get(at..span.end).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            // Without the empty line there is no content: what is left is a cut header.
            flags.invalid_part |= !rest.is_empty() || part.headers.is_empty();
            at = span.end;
            break;
        };
        let line = rest.get(..=end).unwrap_or_default();
        at += line.len();
        flags.note_line_end(line);
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        if part.headers.len() >= limits.part_headers {
            flags.limit_exceeded = true;
            break;
        }
        header(line, &mut part, flags);
    }
    part.body = at..span.end;
    name(&mut part, flags);
    note_dashes(body.get(part.body.clone()).unwrap_or_default(), flags);
    part
}

fn header<'a>(line: &'a [u8], part: &mut Part<'a>, flags: &mut Flags) {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        flags.header_folding = true;
        match part.headers.last_mut() {
            Some((_, value)) => {
                let value = value.to_mut();
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
            }
            None => flags.invalid_header_folding = true,
        }
        return;
    }
    match memchr::memchr(b':', line) {
        Some(colon) if colon > 0 => {
            let (name, value) =
                (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
            part.headers.push((name, Cow::Borrowed(value.trim_ascii())));
        }
        _ => flags.invalid_part = true,
    }
}

/// Fills name and file name from the disposition.
fn name(part: &mut Part<'_>, flags: &mut Flags) {
    let found = part.header("content-disposition").map(|value| disposition::read(value, flags));
    let found = found.unwrap_or_default();
    flags.unnamed_part |= found.name.is_none();
    part.name = found.name.map(Cow::Owned);
    part.filename = found.filename.or(found.extended_filename).map(Cow::Owned);
}

fn note_dashes(content: &[u8], flags: &mut Flags) {
    flags.unmatched_boundary |= content.starts_with(b"--") || memmem::find(content, b"\n--").is_some();
}
