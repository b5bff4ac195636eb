//! Content codings (RFC 9110 section 8.4): compressed bodies, decoded piece by piece and within limits.
//!
//! ```
//! use portcullis_http::coding::{Coding, DecodeLimits, Decoder};
//!
//! let codings = Coding::list([&b"gzip"[..]]).unwrap();
//! let mut decoder = Decoder::new(&codings, DecodeLimits { bytes: 1 << 20, ratio: 200 });
//! let mut text = Vec::new();
//! let body = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x4a\x06\0\xc2\x41\x24\x35\x03\0\0\0";
//! decoder.push(body, &mut text).unwrap();
//! decoder.finish(&mut text).unwrap();
//! assert_eq!(text, b"abc");
//! ```

mod accept;
mod brotli;
mod deflate;
mod gzip;
mod zstd;

pub use accept::narrowed;

use brotli::Brotli;
use deflate::Deflate;
use gzip::Gzip;
use zstd::Zstd;

/// The most codings that may stand on top of each other.
const MOST_CODINGS: usize = 3;
/// Bytes of output for which the ratio is not asked: short texts of one letter compress very well.
const FREE: usize = 64 << 10;
/// The most bytes that a stage gives on at once.
const PIECE: usize = 32 << 10;

/// A coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `gzip`, `x-gzip` (RFC 1952).
    Gzip,
    /// `deflate`: zlib's format (RFC 1950), or deflate without it (RFC 1951), which some send.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878), with a window of at most 8 MiB (RFC 9659).
    Zstd,
}

/// The body is coded in a way that cannot be decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content coding is not known")]
pub struct UnknownCoding;

/// Why the rest of a body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not what the coding says.
    #[error("the content coding is broken")]
    Broken,
    /// The body ends in the midst of the coding.
    #[error("the body ends before its content coding does")]
    Truncated,
    /// It is longer than [`DecodeLimits::bytes`].
    #[error("the decoded body is too long")]
    TooLong,
    /// It is longer than [`DecodeLimits::ratio`] allows.
    #[error("the decoded body is too long for what was sent")]
    TooDense,
}

/// Bounds of what is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most bytes, of each coding.
    pub bytes: usize,
    /// The most bytes for each byte that was sent, beyond the first 64 KiB.
    pub ratio: usize,
}

impl Coding {
    /// By its name in `content-encoding`, in whatever case.
    pub fn find(name: &[u8]) -> Option<Coding> {
        const NAMES: [(&[u8], Coding); 5] = [
            (b"gzip", Coding::Gzip),
            (b"x-gzip", Coding::Gzip),
            (b"deflate", Coding::Deflate),
            (b"br", Coding::Brotli),
            (b"zstd", Coding::Zstd),
        ];
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| *coding)
    }

    /// The codings of a body, in the order in which they were applied, by the values of its `content-encoding` fields.
    pub fn list<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Coding>, UnknownCoding> {
        let names =
            values.into_iter().flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        let mut codings = Vec::new();
        for name in names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity")) {
            if codings.len() == MOST_CODINGS {
                return Err(UnknownCoding);
            }
            codings.push(Coding::find(name).ok_or(UnknownCoding)?);
        }
        Ok(codings)
    }
}

/// Takes codings off a body, piece by piece. After an error nothing more comes.
#[derive(Debug)]
pub struct Decoder {
    /// The coding that was applied last comes first.
    stages: Vec<Stage>,
    limits: DecodeLimits,
    received: usize,
    error: Option<DecodeError>,
}

/// One coding.
#[derive(Debug)]
struct Stage {
    format: Format,
    /// Bytes that it has given.
    given: usize,
}

#[derive(Debug)]
enum Format {
    Gzip(Box<Gzip>),
    Deflate(Box<Deflate>),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

/// Takes a piece of what was decoded.
type Take<'t> = &'t mut dyn FnMut(&[u8]) -> Result<(), DecodeError>;

impl Decoder {
    /// For a body with these codings, in the order in which they were applied.
    pub fn new(codings: &[Coding], limits: DecodeLimits) -> Decoder {
        let stages = codings.iter().rev().map(|coding| Stage { format: Format::new(*coding), given: 0 });
        Decoder { stages: stages.collect(), limits, received: 0, error: None }
    }

    /// Decodes more of the body and appends to `out`. On an error `out` has what came before it, up to the limit.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.received += bytes.len();
        let most = self.most();
        let mut result = feed(&mut self.stages, bytes, most, out);
        if result == Err(DecodeError::Broken) {
            result = drain(&mut self.stages, most, out).and(result);
        }
        self.error = result.err();
        result
    }

    /// The body has ended. An empty one is whole, whatever its codings.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.received == 0 {
            return Ok(());
        }
        let most = self.most();
        let is_whole = self.stages.iter().all(|stage| stage.format.is_whole());
        let result = match is_whole {
            true => Ok(()),
            false => drain(&mut self.stages, most, out).and(Err(DecodeError::Truncated)),
        };
        self.error = result.err();
        result
    }

    /// The most bytes of each stage, by length and by ratio.
    fn most(&self) -> (usize, usize) {
        (self.limits.bytes, self.received.saturating_mul(self.limits.ratio).max(FREE))
    }
}

/// Gives what stages hold back though they have it: nothing more comes.
fn drain(stages: &mut [Stage], most: (usize, usize), out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let Some((stage, rest)) = stages.split_first_mut() else { return Ok(()) };
    if let Format::Zstd(zstd) = &mut stage.format
        && let Some(piece) = zstd.held_back()
    {
        give(&mut stage.given, &piece, rest, most, out)?;
    }
    drain(rest, most, out)
}

/// Leads bytes through the stages.
fn feed(
    stages: &mut [Stage],
    bytes: &[u8],
    most: (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let Some((stage, rest)) = stages.split_first_mut() else {
        out.extend_from_slice(bytes);
        return Ok(());
    };
    let Stage { format, given } = stage;
    format.push(bytes, &mut |piece| give(given, piece, rest, most, out))
}

/// Gives a piece to the stages behind, as far as the limits let it.
fn give(
    given: &mut usize,
    piece: &[u8],
    rest: &mut [Stage],
    most: (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let (longest, densest) = most;
    let room = longest.min(densest).saturating_sub(*given);
    let fits = piece.get(..room).unwrap_or(piece);
    *given += fits.len();
    feed(rest, fits, most, out)?;
    match fits.len() == piece.len() {
        true => Ok(()),
        false if densest < longest => Err(DecodeError::TooDense),
        false => Err(DecodeError::TooLong),
    }
}

impl Format {
    fn new(coding: Coding) -> Format {
        match coding {
            Coding::Gzip => Format::Gzip(Box::default()),
            Coding::Deflate => Format::Deflate(Box::default()),
            Coding::Brotli => Format::Brotli(Box::default()),
            Coding::Zstd => Format::Zstd(Box::default()),
        }
    }

    fn push(&mut self, bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        match self {
            Format::Gzip(gzip) => gzip.push(bytes, take),
            Format::Deflate(deflate) => deflate.push(bytes, take),
            Format::Brotli(brotli) => brotli.push(bytes, take),
            Format::Zstd(zstd) => zstd.push(bytes, take),
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Format::Gzip(gzip) => gzip.is_whole(),
            Format::Deflate(deflate) => deflate.is_whole(),
            Format::Brotli(brotli) => brotli.is_whole(),
            Format::Zstd(zstd) => zstd.is_whole(),
        }
    }
}

#[cfg(test)]
mod tests;
