//! Bytes as ModSecurity v3 writes them into its log.

/// Adds bytes; quotes, backslashes and all that is no printable ASCII stand as `\xNN`.
pub(super) fn escape(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or_default();
    for &byte in bytes {
        match byte {
            b'"' | b'\\' | 0..0x20 | 0x7f.. => out.extend(['\\', 'x', digit(byte >> 4), digit(byte)]),
            _ => out.push(char::from(byte)),
        }
    }
}

/// The same of the first `most` bytes; what is left out is counted as ModSecurity does.
pub(super) fn escape_cut(out: &mut String, bytes: &[u8], most: usize) {
    match bytes.get(..most) {
        Some(head) if bytes.len() > most => {
            escape(out, head);
            out.push_str(&format!(" ({} characters omitted)", bytes.len() - most));
        }
        _ => escape(out, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], most: usize, expected: &str) {
        let mut out = String::new();
        escape_cut(&mut out, bytes, most);
        assert_eq!(out, expected);
    }

    #[test]
    fn what_could_end_a_field_is_escaped() {
        check(b"a\"]\\\n\x00\x7f\xe4z", 99, "a\\x22]\\x5c\\x0a\\x00\\x7f\\xe4z");
    }

    #[test]
    fn a_cut_is_counted() {
        check(b"abcdef", 4, "abcd (2 characters omitted)");
        check(b"abcd", 4, "abcd");
        check(b"\"\"\"", 1, "\\x22 (2 characters omitted)");
    }
}
