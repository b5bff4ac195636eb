//! Gzip (RFC 1952): deflate streams, each in a header and a trailer.

use super::deflate::Inflater;
use super::{DecodeError, Take};

/// The coding `gzip`.
#[derive(Debug, Default)]
pub(super) struct Gzip {
    inflater: Inflater,
    place: Place,
    flags: u8,
    /// Members that are whole.
    members: usize,
}

/// Where the next byte belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One of the ten bytes that every member begins with.
    Fixed(u8),
    ExtraLow,
    ExtraHigh(u8),
    Extra(u16),
    Name,
    Comment,
    Sum(u8),
    Body,
    /// One of the eight bytes behind the body: its sum and length. A client sees the body whatever they say.
    Trailer(u8),
    /// What stands behind the last member is nothing to a client.
    Behind,
}

impl Default for Place {
    fn default() -> Place {
        Place::Fixed(0)
    }
}

const HAS_SUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;

impl Gzip {
    pub(super) fn push(&mut self, mut bytes: &[u8], take: Take<'_>) -> Result<(), DecodeError> {
        while let [byte, rest @ ..] = bytes {
            match self.place {
                Place::Behind => return Ok(()),
                Place::Body => match self.inflater.push(bytes, take)? {
                    Some(rest) => {
                        self.place = Place::Trailer(0);
                        bytes = rest;
                    }
                    None => return Ok(()),
                },
                _ => {
                    self.head(*byte)?;
                    bytes = rest;
                }
            }
        }
        Ok(())
    }

    /// A byte of the header or trailer.
    fn head(&mut self, byte: u8) -> Result<(), DecodeError> {
        self.place = match self.place {
            Place::Fixed(at) => return self.fixed(at, byte),
            Place::ExtraLow => Place::ExtraHigh(byte),
            Place::ExtraHigh(low) => match u16::from_le_bytes([low, byte]) {
                0 => self.behind(HAS_EXTRA),
                length => Place::Extra(length),
            },
            Place::Extra(1) => self.behind(HAS_EXTRA),
            Place::Extra(left) => Place::Extra(left - 1),
            Place::Name if byte == 0 => self.behind(HAS_NAME),
            Place::Comment if byte == 0 => self.behind(HAS_COMMENT),
            Place::Sum(0) => Place::Sum(1),
            Place::Sum(_) => self.behind(HAS_SUM),
            Place::Trailer(7) => {
                self.members += 1;
                Place::Fixed(0)
            }
            Place::Trailer(at) => Place::Trailer(at + 1),
            same => same,
        };
        Ok(())
    }

    fn fixed(&mut self, at: u8, byte: u8) -> Result<(), DecodeError> {
        let fits = match at {
            0 => byte == 0x1f,
            1 => byte == 0x8b,
            2 => byte == 8,
            3 => byte & RESERVED == 0,
            _ => true,
        };
        if at == 3 {
            self.flags = byte;
        }
        self.place = match (fits, at) {
            (true, 9) => self.behind(0),
            (true, at) => Place::Fixed(at + 1),
            (false, 0 | 1) if self.members > 0 => Place::Behind,
            (false, _) => return Err(DecodeError::Broken),
        };
        Ok(())
    }

    /// What comes behind the part of the header with this flag. They come in the order extra, name, comment, sum.
    fn behind(&mut self, part: u8) -> Place {
        let order = [
            (HAS_EXTRA, Place::ExtraLow),
            (HAS_NAME, Place::Name),
            (HAS_COMMENT, Place::Comment),
            (HAS_SUM, Place::Sum(0)),
        ];
        let done = order.iter().position(|(flag, _)| *flag == part).map_or(0, |at| at + 1);
        match order.iter().skip(done).find(|(flag, _)| self.flags & flag != 0) {
            Some((_, place)) => *place,
            None => {
                self.inflater.restart();
                Place::Body
            }
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.members > 0 && matches!(self.place, Place::Fixed(0 | 1) | Place::Behind)
    }
}
