//! Compiled rules as bytes: written when a module is built, read in place when its VM starts.
//!
//! A value is its fields in order, an enum the number of its variant and then its fields, a number LEB128, a text its
//! number in a table in which each text stands once. Nothing is copied that is text. The form has no other reader than
//! the engine that wrote it: a fingerprint of the engine's tables tells whether that is so.

mod base;
mod values;

pub use base::{Base, StoredError};
pub(crate) use base::{Defaults, Item, Plain};

use crate::operators::Files;
use crate::{operators, transformations, variables};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What compiled rules are made of.
pub(crate) trait Stored: Sized {
    fn write(&self, writer: &mut Writer);
    /// `None` if the bytes are none that [`Stored::write`] has written.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;
}

/// Collects bytes, and the texts that they name.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    texts: Vec<String>,
    numbers: BTreeMap<String, usize>,
}

impl Writer {
    /// A number in LEB128.
    pub(crate) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => {
                let number = self.texts.len();
                self.texts.push(text.to_owned());
                self.numbers.insert(text.to_owned(), number);
                number
            }
        };
        self.count(number);
    }

    /// The table of texts in front of the bytes: how many, where each ends, all of them.
    fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        let ends = self.texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end as u32)
        });
        out.extend((self.texts.len() as u32).to_le_bytes());
        ends.for_each(|end| out.extend(end.to_le_bytes()));
        self.texts.iter().for_each(|text| out.extend(text.as_bytes()));
        out.extend(self.bytes);
        out
    }
}

/// The table of texts, in place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texts {
    ends: &'static [u8],
    all: &'static str,
}

impl Texts {
    /// Splits the table off the bytes behind it.
    fn split(bytes: &'static [u8]) -> Option<(Texts, &'static [u8])> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?;
        let (ends, rest) = rest.split_at_checked(length)?;
        let last = ends.last_chunk::<4>().map_or(0, |end| u32::from_le_bytes(*end));
        let (all, rest) = rest.split_at_checked(usize::try_from(last).ok()?)?;
        Some((Texts { ends, all: std::str::from_utf8(all).ok()? }, rest))
    }

    fn get(&self, number: usize) -> Option<&'static str> {
        let start = match number.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => 0,
        };
        self.all.get(start..self.end(number)?)
    }

    fn end(&self, number: usize) -> Option<usize> {
        let bytes = self.ends.get(number.checked_mul(4)?..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }
}

/// A place in the bytes, and what reading needs besides.
pub(crate) struct Reader<'c> {
    rest: &'static [u8],
    texts: Texts,
    /// The file that the rules stand in.
    pub(crate) file: Rc<str>,
    /// For operators that read data files.
    pub(crate) files: Files<'c>,
}

impl Reader<'_> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(crate) fn text(&mut self) -> Option<&'static str> {
        let number = self.count()?;
        self.texts.get(number)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Tells engines apart whose bytes mean different things: their version, and the tables that numbers are places in.
fn fingerprint() -> u64 {
    /// To be counted up with each change of the form that the tables do not show.
    const FORM: &str = "4";
    let names = [FORM, env!("CARGO_PKG_VERSION")]
        .into_iter()
        .chain(operators::names())
        .chain(transformations::Transformation::all().iter().map(|transformation| transformation.name))
        .chain(variables::names());
    // FNV-1a, with a byte between names that no name has.
    names
        .flat_map(|name| name.bytes().chain([0xff]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A struct as its fields in order. All of them are named, so that none is forgotten.
macro_rules! stored_struct {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl $crate::stored::Stored for $type {
            fn write(&self, writer: &mut $crate::stored::Writer) {
                let Self { $($field),* } = self;
                $($crate::stored::Stored::write($field, writer);)*
            }

            fn read(reader: &mut $crate::stored::Reader<'_>) -> Option<Self> {
                $(let $field = $crate::stored::Stored::read(reader)?;)*
                Some(Self { $($field),* })
            }
        }
    };
}

/// An enum as the number of its variant and the fields. All variants are named, so that none is forgotten.
macro_rules! stored_enum {
    ($type:ty { $(
        $number:literal => $variant:ident $(($only:ident))? $({ $($field:ident),* })?
    ),* $(,)? }) => {
        impl $crate::stored::Stored for $type {
            fn write(&self, writer: &mut $crate::stored::Writer) {
                match self {
                    $(Self::$variant $(($only))? $({ $($field),* })? => {
                        writer.number($number);
                        $($crate::stored::Stored::write($only, writer);)?
                        $($($crate::stored::Stored::write($field, writer);)*)?
                    })*
                }
            }

            fn read(reader: &mut $crate::stored::Reader<'_>) -> Option<Self> {
                match reader.number()? {
                    $($number => {
                        $(let $only = $crate::stored::Stored::read(reader)?;)?
                        $($(let $field = $crate::stored::Stored::read(reader)?;)*)?
                        Some(Self::$variant $(($only))? $({ $($field),* })?)
                    })*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {stored_enum, stored_struct};

pub(crate) use crate::operators::Str;
