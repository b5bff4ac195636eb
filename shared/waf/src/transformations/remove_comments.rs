//! `removeComments`: `/* */`, `<!-- -->`, `--` and `#` as ModSecurity v3 removes them.

use std::borrow::Cow;

/// An open comment ends in a blank; `--` and `#` end the text. The byte behind a comment is copied unseen, a NUL where
/// there is none: so does ModSecurity, and its tests ask for it.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.iter().any(|byte| b"/<-#".contains(byte)) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] | [b'-', b'-', ..] | [b'#', ..] => return Cow::Owned(out),
            [b'/', b'*', inside @ ..] | [b'<', b'!', b'-', b'-', inside @ ..] => match behind(inside) {
                Some([next, rest @ ..]) => {
                    out.push(*next);
                    rest
                }
                Some([]) => {
                    out.push(0);
                    &[]
                }
                None => {
                    out.push(b' ');
                    return Cow::Owned(out);
                }
            },
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

/// What stands behind the end of the comment; either form ends either.
fn behind(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = match text {
            [] => return None,
            [b'*', b'/', rest @ ..] | [b'-', b'-', b'>', rest @ ..] => return Some(rest),
            [_, rest @ ..] => rest,
        };
    }
}
