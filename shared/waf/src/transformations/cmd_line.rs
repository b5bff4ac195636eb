//! `cmdLine`: undoes what shells let one write in the middle of a command (ModSecurity reference, "cmdLine").

use std::borrow::Cow;

/// Drops `\ " ' ^`, makes `, ;` and white space one blank, drops blanks before `/` and `(`, and makes lower case.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let changes = |byte: &u8| byte.is_ascii_uppercase() || b"\\\"'^ ,;\t\r\n".contains(byte);
    if !input.iter().any(changes) {
        return Cow::Borrowed(input);
    }
    let mut out: Vec<u8> = Vec::with_capacity(input.len());
    let mut after_blank = false;
    for &byte in input {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => continue,
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !after_blank {
                    out.push(b' ');
                }
                after_blank = true;
                continue;
            }
            b'/' | b'(' if after_blank => {
                out.pop();
                out.push(byte);
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
        after_blank = false;
    }
    Cow::Owned(out)
}
