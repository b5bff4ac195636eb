//! Compressed bodies, decoded for the rules alone: what goes on is the body as it came.

use crate::transaction::Transaction;
use portcullis_core::{Headers, OutOfFuel};
use portcullis_http::coding::{Coding, DecodeError, DecodeLimits, Decoder, UnknownCoding};
use serde::Deserialize;
use std::borrow::Cow;

/// Bytes that are decoded between two looks at the fuel.
const PIECE: usize = 4 << 10;
/// Units of fuel for a byte that is decoded; each byte that comes out costs one more. A hostile body has the tables of
/// its codes read for each few bytes.
const FUEL: u64 = 8;

/// What is asked of the upstream's compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AcceptEncoding {
    /// What the client asks for.
    #[default]
    Keep,
    /// Codings that the rules cannot look into are left out.
    Narrow,
}

/// Why rules have not seen a body, or not the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uninspected {
    UnknownCoding,
    BrokenCoding,
    /// Decoded it is too long.
    TooLong,
}

/// A body as the rules see it.
#[derive(Debug)]
pub(crate) struct Decoded<'b> {
    pub(crate) bytes: Cow<'b, [u8]>,
    pub(crate) fault: Option<Uninspected>,
}

/// Decodes a body by the `content-encoding` of its headers, up to one byte more than `most`.
///
/// Of a body that cannot be decoded at all the rules see the bytes as they came, for so may whoever gets it.
pub(crate) fn decode<'b>(
    headers: &Headers,
    body: &'b [u8],
    limits: DecodeLimits,
    transaction: &Transaction,
) -> Result<Decoded<'b>, OutOfFuel> {
    let as_it_came = |fault| Decoded { bytes: Cow::Borrowed(body), fault };
    let codings = match Coding::list(headers.get_all("content-encoding")) {
        Ok(codings) if codings.is_empty() || body.is_empty() => return Ok(as_it_came(None)),
        Ok(codings) => codings,
        Err(UnknownCoding) => return Ok(as_it_came(Some(Uninspected::UnknownCoding))),
    };
    let mut decoder = Decoder::new(&codings, limits);
    let mut out = Vec::new();
    let mut end = Ok(());
    for piece in body.chunks(PIECE) {
        let before = out.len();
        end = decoder.push(piece, &mut out);
        let work = (piece.len() as u64).saturating_mul(FUEL);
        transaction.charge(work.saturating_add((out.len() - before) as u64))?;
        if end.is_err() {
            break;
        }
    }
    let fault = match end.and_then(|()| decoder.finish(&mut out)) {
        Ok(()) => None,
        Err(DecodeError::TooLong | DecodeError::TooDense) => Some(Uninspected::TooLong),
        Err(DecodeError::Broken | DecodeError::Truncated) => Some(Uninspected::BrokenCoding),
    };
    match out.is_empty() && fault == Some(Uninspected::BrokenCoding) {
        true => Ok(as_it_came(fault)),
        false => Ok(Decoded { bytes: Cow::Owned(out), fault }),
    }
}
