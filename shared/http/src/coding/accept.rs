//! `accept-encoding` (RFC 9110 section 12.5.3), narrowed to what can be decoded.

use super::Coding;

/// The value without the codings that cannot be decoded here; `None` if it has none of them.
///
/// `*` goes too, for it means any coding. Where nothing is left, `identity` is what the client can take.
pub fn narrowed(value: &[u8]) -> Option<Vec<u8>> {
    let items = || value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty());
    if items().all(is_known) {
        return None;
    }
    let kept: Vec<&[u8]> = items().filter(|item| is_known(item)).collect();
    Some(match kept.is_empty() {
        true => b"identity".to_vec(),
        false => kept.join(&b", "[..]),
    })
}

fn is_known(item: &[u8]) -> bool {
    let name = item.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"identity") || Coding::find(name).is_some()
}
