//! The boundary, out of a content type.

use super::Form;
use super::part::is_space;
use memchr::memmem;

const TYPE: &[u8] = b"multipart/form-data";
const WORD: &[u8] = b"boundary";
/// A longer content type is refused.
const MOST_BYTES: usize = 1024;

/// The boundary, or why there is none that two readers would agree on.
pub(super) fn read(header: &[u8], form: &mut Form) -> Result<Vec<u8>, &'static str> {
    if header.is_empty() {
        return Err("Content-Type header not available.");
    }
    if header.len() > MOST_BYTES {
        return Err("Invalid boundary in C-T (length).");
    }
    if !header.get(..TYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(TYPE)) {
        return Err("Invalid MIME type.");
    }
    let count = count_parameters(header);
    if count > 1 {
        return Err("Multiple boundary parameters in C-T.");
    }
    match memmem::find(header, WORD) {
        Some(at) => parameter(header, at, form),
        None if count > 0 => Err("Invalid boundary in C-T (case sensitivity)."),
        None => Err("Boundary not found in C-T."),
    }
}

/// How often the word stands in front of a `=`.
fn count_parameters(header: &[u8]) -> usize {
    let lower = header.to_ascii_lowercase();
    let has_equals = |at: usize| lower.get(at + WORD.len()..).is_some_and(|rest| rest.contains(&b'='));
    memmem::find_iter(&lower, WORD).filter(|at| has_equals(*at)).count()
}

fn parameter(header: &[u8], at: usize, form: &mut Form) -> Result<Vec<u8>, &'static str> {
    let strict = &mut form.upload.strict;
    let before = header.get(TYPE.len()..at).unwrap_or_default();
    let mut signs = before.iter().filter(|byte| !is_space(**byte));
    match (signs.next(), signs.next()) {
        (None, _) => strict.missing_semicolon = true,
        (Some(b';'), None) => {}
        _ => return Err("Invalid boundary in C-T (malformed)."),
    }
    let behind = header.get(at + WORD.len()..).unwrap_or_default();
    let equals = memchr::memchr(b'=', behind).ok_or("Invalid boundary in C-T (malformed).")?;
    let between = behind.get(..equals).unwrap_or_default();
    if !between.iter().all(|byte| is_space(*byte)) {
        return Err("Invalid boundary in C-T (parameter name).");
    }
    let value = behind.get(equals + 1..).unwrap_or_default();
    let leads_with_blank = value.first().is_some_and(|byte| is_space(*byte));
    strict.boundary_whitespace |= !between.is_empty() || leads_with_blank;
    let boundary = match value {
        [b'"', inside @ .., b'"'] => {
            strict.boundary_quoted = true;
            inside
        }
        [b'"', ..] | [_, .., b'"'] => return Err("Invalid boundary in C-T (quote)."),
        bare => bare,
    };
    let boundary = check(boundary, form)?;
    let quoted = if form.upload.strict.boundary_quoted { " (quoted)" } else { "" };
    form.note(|| format!("Boundary{quoted}: {}", String::from_utf8_lossy(boundary)));
    Ok(boundary.to_vec())
}

fn check<'a>(boundary: &'a [u8], form: &mut Form) -> Result<&'a [u8], &'static str> {
    if count_parameters(boundary) != 0 {
        return Err("Invalid boundary in C-T (content).");
    }
    let boundary = match memchr::memchr(b';', boundary).filter(|_| !is_valid(boundary)) {
        Some(end) => {
            form.note(|| "Invalid parameter after boundary in C-T (tolerated).".to_owned());
            boundary.get(..end).unwrap_or_default()
        }
        None => boundary,
    };
    match boundary {
        [] => Err("Invalid boundary in C-T (empty)."),
        boundary if is_valid(boundary) => Ok(boundary),
        _ => Err("Invalid boundary in C-T (characters)."),
    }
}

/// RFC 2046 section 5.1.1: `bchars`, a blank not at the end.
fn is_valid(boundary: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    boundary.iter().all(allowed) && boundary.last() != Some(&b' ')
}
