//! Bodies in gzip, as an upstream sends them.

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use std::io::Read;

/// The bytes in gzip.
pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzEncoder::new(bytes, Compression::default()).read_to_end(&mut out).expect("memory can be read");
    out
}

/// Whether these bytes are gzip of those.
pub(crate) fn is_packed(bytes: &[u8], plain: &[u8]) -> bool {
    let mut out = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut out).is_ok_and(|_| out == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_found_again() {
        let packed = pack(b"a page, a page, a page, a page, a page");
        assert!(packed.len() < 38 && is_packed(&packed, b"a page, a page, a page, a page, a page"));
        assert!(!is_packed(&packed, b"a page") && !is_packed(b"no gzip", b"no gzip"));
    }
}
