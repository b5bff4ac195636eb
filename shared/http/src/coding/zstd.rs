//! Zstandard (RFC 8878): frames of blocks. The blocks are decoded one at a time, so that a block that says 'a letter,
//! 128 KiB of it' is given on before the next one is read.

use super::{DecodeError, Take};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The longest window that a body may ask for (RFC 9659 section 3), bytes.
const LONGEST_WINDOW: u64 = 8 << 20;
/// The longest block (RFC 8878 section 3.1.1.2.3), bytes.
const LONGEST_BLOCK: usize = 128 << 10;
const MAGIC: u32 = 0xfd2f_b528;
/// The first of sixteen numbers that frames to be skipped begin with.
const SKIPPED: u32 = 0x184d_2a50;

/// The coding `zstd`.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// What has come and is no whole header or block yet.
    pending: Vec<u8>,
    place: Place,
    /// Whether a sum stands behind the last block of this frame.
    has_sum: bool,
    /// Frames that are whole.
    frames: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Frame,
    Block,
    Skip(u32),
}

impl Default for Zstd {
    fn default() -> Zstd {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LONGEST_WINDOW);
        Zstd { decoder, pending: Vec::new(), place: Place::Frame, has_sum: false, frames: 0 }
    }
}

impl std::fmt::Debug for Zstd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd")
            .field("place", &self.place)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl Zstd {
    pub(super) fn push(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let mut rest = pending.as_slice();
        while let Some(used) = self.step(rest, take)? {
            rest = rest.get(used..).unwrap_or_default();
        }
        let left = rest.len();
        let done = pending.len() - left;
        pending.drain(..done);
        self.pending = pending;
        Ok(())
    }

    /// Takes a header or a block from the front and says how long it was; `None` if it is not whole yet.
    fn step(&mut self, bytes: &[u8], take: Take<'_>) -> Result<Option<usize>, DecodeError> {
        match self.place {
            Place::Frame => self.frame(bytes),
            Place::Block => self.block(bytes, take),
            Place::Skip(0) => {
                self.place = Place::Frame;
                self.frames += 1;
                Ok(Some(0))
            }
            Place::Skip(left) => {
                let now = left.min(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                self.place = Place::Skip(left - now);
                Ok((now > 0).then_some(now as usize))
            }
        }
    }

    fn frame(&mut self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Some((&magic, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let magic = u32::from_le_bytes(magic);
        if magic & !0xf == SKIPPED {
            let Some(length) = rest.first_chunk() else { return Ok(None) };
            self.place = Place::Skip(u32::from_le_bytes(*length));
            return Ok(Some(8));
        }
        if magic != MAGIC {
            return Err(DecodeError::Broken);
        }
        let Some(&descriptor) = rest.first() else { return Ok(None) };
        let Some(mut header) = bytes.get(..header_length(descriptor)) else { return Ok(None) };
        let length = header.len();
        self.decoder.reset(&mut header).map_err(|_| DecodeError::Broken)?;
        self.has_sum = descriptor & 4 != 0;
        self.place = Place::Block;
        Ok(Some(length))
    }

    fn block(&mut self, bytes: &[u8], take: Take<'_>) -> Result<Option<usize>, DecodeError> {
        let Some(&[a, b, c]) = bytes.first_chunk() else { return Ok(None) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind, size) = (header & 1 != 0, header >> 1 & 3, (header >> 3) as usize);
        if kind == 3 || size > LONGEST_BLOCK {
            return Err(DecodeError::Broken);
        }
        // A block of one letter has that alone.
        let content = if kind == 1 { 1 } else { size };
        let length = 3 + content + if is_last && self.has_sum { 4 } else { 0 };
        let Some(mut whole) = bytes.get(..length) else { return Ok(None) };
        let decoded = self.decoder.decode_blocks(&mut whole, BlockDecodingStrategy::UptoBlocks(1));
        decoded.map_err(|_| DecodeError::Broken)?;
        if let Some(piece) = self.decoder.collect().filter(|piece| !piece.is_empty()) {
            take(&piece)?;
        }
        if is_last {
            self.place = Place::Frame;
            self.frames += 1;
        }
        Ok(Some(length))
    }

    /// What was decoded and kept, because later blocks may repeat it. They will not come: an empty last block ends it.
    pub(super) fn held_back(&mut self) -> Option<Vec<u8>> {
        if self.place != Place::Block {
            return None;
        }
        self.place = Place::Frame;
        // The last four bytes stand for the sum, where one is wanted.
        let mut end = &[1, 0, 0, 0, 0, 0, 0][..];
        self.decoder.decode_blocks(&mut end, BlockDecodingStrategy::UptoBlocks(1)).ok()?;
        self.decoder.collect()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.frames > 0 && self.place == Place::Frame && self.pending.is_empty()
    }
}

/// The length of a frame's header with its magic number (RFC 8878 section 3.1.1.1), by its fifth byte.
fn header_length(descriptor: u8) -> usize {
    let is_single = descriptor & 0x20 != 0;
    let window = usize::from(!is_single);
    let dictionary = match descriptor & 3 {
        3 => 4,
        short => usize::from(short),
    };
    let content_size = match descriptor >> 6 {
        0 => usize::from(is_single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    5 + window + dictionary + content_size
}
