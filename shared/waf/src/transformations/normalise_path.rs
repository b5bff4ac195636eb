//! `normalisePath`: no doubled slashes, no `.`, no `..` but at the start of a relative path.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let normal = !input.contains(&b'.') && !input.windows(2).any(|pair| pair == b"//");
    if normal {
        return Cow::Borrowed(input);
    }
    Cow::Owned(normalise(input))
}

/// Resolves the segments; a slash at the end stays if anything stands before it.
pub(super) fn normalise(input: &[u8]) -> Vec<u8> {
    let absolute = input.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in input.split(|&byte| byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => drop(kept.pop()),
            b".." if absolute => {}
            _ => kept.push(segment),
        }
    }
    let mut out = Vec::with_capacity(input.len());
    if absolute {
        out.push(b'/');
    }
    out.extend(kept.join(&b'/'));
    if input.ends_with(b"/") && !kept.is_empty() {
        out.push(b'/');
    }
    out
}
