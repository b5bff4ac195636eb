//! `removeCommentsChar`: drops the signs of comments, not what is in them.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.iter().any(|byte| b"/*<-#".contains(byte)) {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] => return Cow::Owned(out),
            [b'<', b'!', b'-', b'-', rest @ ..]
            | [b'-', b'-', b'>', rest @ ..]
            | [b'/', b'*', rest @ ..]
            | [b'*', b'/', rest @ ..]
            | [b'-', b'-', rest @ ..]
            | [b'#', rest @ ..] => rest,
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}
