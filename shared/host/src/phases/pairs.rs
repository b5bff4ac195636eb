//! The host's form of a header map.

use portcullis_core::Headers;

/// Reads a map in Proxy-Wasm's form without copying its texts: their number, the lengths of each name and value, then
/// the texts, each with a NUL behind it; all numbers 32 bits, little-endian. `None` if it is not of that form.
pub(crate) fn headers_from(bytes: Vec<u8>) -> Option<Headers> {
    if bytes.is_empty() {
        return Some(Headers::new());
    }
    let count = number(&bytes, 0)?;
    let mut text = count.checked_mul(8)?.checked_add(4)?;
    if text > bytes.len() {
        return None;
    }
    let mut spans = Vec::with_capacity(count);
    for index in 0..count {
        let lengths = 4 + index * 8;
        let name = text..text.checked_add(number(&bytes, lengths)?)?;
        let value = name.end.checked_add(1)?..(name.end + 1).checked_add(number(&bytes, lengths + 4)?)?;
        text = value.end.checked_add(1)?;
        spans.push((name, value));
    }
    Headers::from_spans(bytes, spans)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_host_writes() {
        let bytes = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x02\0\0\0\0\0\0\0a\0\xffx\0bc\0\0".to_vec();
        let headers = headers_from(bytes).unwrap();
        assert_eq!(headers, Headers::from_pairs([(&b"a"[..], &b"\xffx"[..]), (b"bc", b"")]));
        assert_eq!(headers_from(Vec::new()), Some(Headers::new()));
    }

    #[test]
    fn refuses_lengths_that_lie() {
        for bytes in
            [&b"\xff\xff\xff\xff"[..], b"\x01\0\0\0", b"\x01\0\0\0\x05\0\0\0\x05\0\0\0a\0b\0", b"\x01\0\0"]
        {
            assert_eq!(headers_from(bytes.to_vec()), None, "{bytes:?}");
        }
    }
}
