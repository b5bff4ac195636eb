//! A record as bytes. What is read back is untrusted: whatever is not whole is no record.
//!
//! Numbers are little-endian. Key (length in 2 bytes), created, updated, updates, expires (8 bytes each), then the members:
//! name (length in 2 bytes), expiry (8 bytes, 0 for none), value (length in 4 bytes, all ones for none).

use super::record::{Member, Record};
use std::collections::BTreeMap;

/// A record's key and bytes; `None` for a key or name that is too long.
pub(super) fn encode(key: &[u8], record: &Record) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(64 + key.len());
    short(&mut out, key)?;
    for number in [record.created, record.updated, record.updates, record.expires] {
        out.extend(number.to_le_bytes());
    }
    for (name, member) in &record.members {
        short(&mut out, name)?;
        out.extend(member.expires.unwrap_or(0).to_le_bytes());
        match &member.value {
            Some(value) => {
                out.extend(
                    u32::try_from(value.len()).ok().filter(|length| *length < u32::MAX)?.to_le_bytes(),
                );
                out.extend(value);
            }
            None => out.extend(u32::MAX.to_le_bytes()),
        }
    }
    Some(out)
}

/// The key, and when the record is gone.
pub(super) fn head(frame: &[u8]) -> Option<(&[u8], u64)> {
    let mut reader = Reader(frame);
    let key = reader.short()?;
    let [_, _, _, expires] = reader.account()?;
    Some((key, expires))
}

pub(super) fn decode(frame: &[u8]) -> Option<Record> {
    let mut reader = Reader(frame);
    reader.short()?;
    let [created, updated, updates, expires] = reader.account()?;
    let mut members = BTreeMap::new();
    while !reader.0.is_empty() {
        let name = reader.short()?.to_vec();
        let expires = Some(reader.number()?).filter(|at| *at > 0);
        let length = u32::from_le_bytes(reader.array()?);
        let value = match length {
            u32::MAX => None,
            length => Some(reader.take(usize::try_from(length).ok()?)?.to_vec()),
        };
        members.insert(name, Member { value, expires });
    }
    Some(Record { created, updated, updates, expires, members })
}

fn short(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    out.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
    out.extend(text);
    Some(())
}

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn short(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.array()?);
        self.take(usize::from(length))
    }

    fn account(&mut self) -> Option<[u64; 4]> {
        Some([self.number()?, self.number()?, self.number()?, self.number()?])
    }
}
