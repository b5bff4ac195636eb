//! Brotli (RFC 7932), without the large windows that are no part of it.

use super::{DecodeError, PIECE, Take};
use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

/// The decoder gives what it has when its input is used up, and nothing more once it has met a fault: so the input comes
/// in small parts, bytes.
const AT_ONCE: usize = 1 << 10;

/// The coding `br`.
pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    piece: Vec<u8>,
    is_ended: bool,
}

impl Default for Brotli {
    fn default() -> Brotli {
        let allocator = StandardAlloc::default;
        let state = BrotliState::new_strict(allocator(), allocator(), allocator());
        Brotli { state, piece: vec![0; PIECE], is_ended: false }
    }
}

impl std::fmt::Debug for Brotli {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brotli").field("is_ended", &self.is_ended).finish_non_exhaustive()
    }
}

impl Brotli {
    pub(super) fn push(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        bytes.chunks(AT_ONCE).try_for_each(|bytes| self.part(bytes, take))
    }

    fn part(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        let (mut left, mut at) = (bytes.len(), 0);
        while !self.is_ended {
            let (mut room, mut written, mut total) = (self.piece.len(), 0, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                bytes,
                &mut room,
                &mut written,
                &mut self.piece,
                &mut total,
                &mut self.state,
            );
            if let Some(piece) = self.piece.get(..written).filter(|piece| !piece.is_empty()) {
                take(piece)?;
            }
            match result {
                BrotliResult::ResultSuccess => self.is_ended = true,
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultFailure => return Err(DecodeError::Broken),
            }
        }
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_ended
    }
}
