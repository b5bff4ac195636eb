//! `replaceComments`: each `/* */`, and one that does not end, becomes a blank.

use std::borrow::Cow;

pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'/') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        rest = match rest {
            [] => return Cow::Owned(out),
            [b'/', b'*', inside @ ..] => {
                out.push(b' ');
                let end = inside.windows(2).position(|pair| pair == b"*/");
                end.and_then(|end| inside.get(end + 2..)).unwrap_or_default()
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}
