//! A slot: the records whose keys have the same hash, the one written last first. When it is full the last ones go.

use super::frame::{self, Reader};
use super::record::Record;

/// The first byte of a slot: the layout of the rest.
const VERSION: u8 = 1;

/// A slot's bytes taken apart: the version, then frames, each with its length in 4 bytes.
#[derive(Debug, Default)]
pub(super) struct Slot<'a> {
    frames: Vec<&'a [u8]>,
}

/// What a write came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    /// Records that were not expired and had to go.
    pub(super) evicted: usize,
}

impl<'a> Slot<'a> {
    /// Bytes of another version, or broken ones, hold nothing.
    pub(super) fn parse(bytes: &'a [u8]) -> Slot<'a> {
        let mut frames = Vec::new();
        if let Some((&VERSION, rest)) = bytes.split_first() {
            let mut reader = Reader(rest);
            while let Some(length) = reader.array().map(u32::from_le_bytes) {
                match usize::try_from(length).ok().and_then(|length| reader.take(length)) {
                    Some(frame) => frames.push(frame),
                    None => break,
                }
            }
        }
        Slot { frames }
    }

    /// The record of this key, if it is not expired, and whether it is among those that would go next.
    pub(super) fn find(&self, key: &[u8], now: u64) -> Option<(Record, bool)> {
        let at = self.frames.iter().position(|frame| holds(frame, key))?;
        let record = self.frames.get(at).and_then(|frame| frame::decode(frame))?;
        let before: usize = self.frames.iter().take(at).map(|frame| frame.len()).sum();
        let all: usize = self.frames.iter().map(|frame| frame.len()).sum();
        (record.expires >= now).then_some((record, before > all / 2))
    }

    /// The slot with this record in front; `None` if it alone is longer than half of a slot.
    pub(super) fn with(&self, key: &[u8], record: &Record, now: u64, room: usize) -> Option<Written> {
        let first = frame::encode(key, record).filter(|frame| frame.len() + HEAD <= room / 2)?;
        let mut bytes = vec![VERSION];
        push(&mut bytes, &first);
        let mut evicted = 0;
        for frame in &self.frames {
            let Some((other, expires)) = frame::head(frame) else { continue };
            if other == key || expires < now {
                continue;
            }
            match bytes.len() + HEAD + frame.len() <= room {
                true => push(&mut bytes, frame),
                false => evicted += 1,
            }
        }
        Some(Written { bytes, evicted })
    }
}

/// Bytes in front of each frame, and the version.
const HEAD: usize = 5;

fn push(out: &mut Vec<u8>, frame: &[u8]) {
    // A frame is shorter than a slot, and a slot shorter than 4 GiB.
    out.extend((frame.len() as u32).to_le_bytes());
    out.extend(frame);
}

fn holds(frame: &[u8], key: &[u8]) -> bool {
    frame::head(frame).is_some_and(|(other, _)| other == key)
}
