//! Deflate (RFC 1951), bare or in zlib's format (RFC 1950).

use super::{DecodeError, PIECE, Take};
use zlib_rs::{Inflate, InflateFlush, Status};

/// The window of every deflate stream: 32 KiB.
const WINDOW_BITS: u8 = 15;

/// A deflate stream without anything around it.
pub(super) struct Inflater {
    state: Inflate,
    piece: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Inflater {
        Inflater { state: Inflate::new(false, WINDOW_BITS), piece: vec![0; PIECE] }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Inflater {
    pub(super) fn restart(&mut self) {
        self.state.reset(false);
    }

    /// Decodes until the bytes or the stream end; in the latter case gives what stands behind it.
    pub(super) fn push<'b>(
        &mut self,
        mut bytes: &'b [u8],
        take: Take<'_>,
    ) -> Result<Option<&'b [u8]>, DecodeError> {
        loop {
            let before = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(bytes, &mut self.piece, InflateFlush::NoFlush);
            let read = (self.state.total_in() - before.0) as usize;
            let written = (self.state.total_out() - before.1) as usize;
            bytes = bytes.get(read..).unwrap_or_default();
            if let Some(piece) = self.piece.get(..written).filter(|piece| !piece.is_empty()) {
                take(piece)?;
            }
            match status {
                Ok(Status::StreamEnd) => return Ok(Some(bytes)),
                // It wants input and there is none.
                Ok(Status::BufError) => return Ok(None),
                Ok(Status::Ok) if bytes.is_empty() && written < PIECE => return Ok(None),
                Ok(Status::Ok) if read == 0 && written == 0 => return Err(DecodeError::Broken),
                Ok(Status::Ok) => {}
                Err(_) => return Err(DecodeError::Broken),
            }
        }
    }
}

/// The coding `deflate`. Whether zlib's header is there shows in the first two bytes.
#[derive(Debug, Default)]
pub(super) struct Deflate {
    inflater: Inflater,
    /// The first byte, until the second one comes.
    first: Option<u8>,
    is_begun: bool,
    is_ended: bool,
}

impl Deflate {
    pub(super) fn push(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        if self.is_ended {
            // The sum behind a zlib stream, or rubbish; clients do not look at it.
            return Ok(());
        }
        if self.is_begun {
            return self.body(bytes, take);
        }
        let mut head: Vec<u8> = self.first.into_iter().collect();
        head.extend(bytes.iter().take(2 - head.len()));
        match head.as_slice() {
            [] => Ok(()),
            [first] => {
                self.first = Some(*first);
                Ok(())
            }
            head => {
                let rest = bytes.get(head.len() - usize::from(self.first.is_some())..).unwrap_or_default();
                self.is_begun = true;
                if !is_zlib(head) {
                    self.body(head, take)?;
                }
                match self.is_ended {
                    true => Ok(()),
                    false => self.body(rest, take),
                }
            }
        }
    }

    fn body(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        self.is_ended = self.inflater.push(bytes, take)?.is_some();
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_ended
    }
}

/// RFC 1950 section 2.2: method 8, a window of at most 32 KiB, no preset dictionary, and a number that 31 divides. Bare
/// deflate that looks so would begin with a stored block whose length is wrong.
fn is_zlib(head: &[u8]) -> bool {
    match head {
        [method, flags, ..] => {
            method & 0x0f == 8
                && method >> 4 <= 7
                && flags & 0x20 == 0
                && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}
