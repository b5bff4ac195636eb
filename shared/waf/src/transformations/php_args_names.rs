//! `phpArgsNames`: a parameter's name as PHP registers it (PHP's `php_register_variable_ex`).

use super::chars::is_space;
use std::borrow::Cow;

/// Blanks and dots before the first `[` become `_`; a `[` without `]` becomes `_`; what stands behind the last index
/// is dropped; a name that begins with `[` is none.
pub(super) fn apply(input: &[u8]) -> Cow<'_, [u8]> {
    let start = input.iter().take_while(|&&byte| byte == b' ').count();
    let name = input.get(start..).unwrap_or_default();
    let plain = name.iter().position(|&byte| byte == b'[').unwrap_or(name.len());
    let (head, mut rest) = name.split_at_checked(plain).unwrap_or((name, &[]));
    if head.is_empty() {
        return Cow::Owned(Vec::new());
    }
    let mut out: Vec<u8> = head.iter().map(|&b| if matches!(b, b' ' | b'.') { b'_' } else { b }).collect();
    let mut is_first = true;
    while let [b'[', behind @ ..] = rest {
        match index(behind) {
            Some((index, behind)) => {
                out.push(b'[');
                out.extend_from_slice(index);
                out.push(b']');
                rest = behind;
            }
            None => {
                if is_first {
                    out.push(b'_');
                    out.extend_from_slice(behind);
                }
                break;
            }
        }
        is_first = false;
    }
    Cow::Owned(out)
}

/// The index up to `]`, and what stands behind; a lone blank is no index.
fn index(text: &[u8]) -> Option<(&[u8], &[u8])> {
    match text {
        [blank, b']', rest @ ..] if is_space(*blank) => return Some((&[], rest)),
        _ => {}
    }
    let end = text.iter().position(|&byte| byte == b']')?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}
