//! The plain values that compiled rules are made of.

use super::{Reader, Stored, Str, Writer, stored_struct};
use portcullis_seclang::{Argument, Span};
use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::rc::Rc;

impl Stored for bool {
    fn write(&self, writer: &mut Writer) {
        writer.number(u64::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Option<bool> {
        match reader.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

macro_rules! stored_number {
    ($($type:ty)*) => {$(
        impl Stored for $type {
            fn write(&self, writer: &mut Writer) {
                writer.number(*self as u64);
            }

            fn read(reader: &mut Reader<'_>) -> Option<$type> {
                reader.number()?.try_into().ok()
            }
        }
    )*};
}

stored_number!(u8 u16 u32 u64 usize);

impl Stored for Str {
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Str> {
        reader.text().map(Cow::Borrowed)
    }
}

impl Stored for String {
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }

    fn read(reader: &mut Reader<'_>) -> Option<String> {
        reader.text().map(str::to_owned)
    }
}

impl Stored for &'static str {
    fn write(&self, writer: &mut Writer) {
        writer.text(self);
    }

    fn read(reader: &mut Reader<'_>) -> Option<&'static str> {
        reader.text()
    }
}

impl Stored for char {
    fn write(&self, writer: &mut Writer) {
        writer.number(u64::from(*self));
    }

    fn read(reader: &mut Reader<'_>) -> Option<char> {
        char::from_u32(u32::read(reader)?)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, writer: &mut Writer) {
        writer.number(u64::from(self.is_some()));
        if let Some(value) = self {
            value.write(writer);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Option<T>> {
        match reader.number()? {
            0 => Some(None),
            1 => T::read(reader).map(Some),
            _ => None,
        }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, writer: &mut Writer) {
        writer.count(self.len());
        self.iter().for_each(|item| item.write(writer));
    }

    fn read(reader: &mut Reader<'_>) -> Option<Vec<T>> {
        // Each item takes a byte at least, so that no number makes it ask for more than the bytes could fill.
        let count = reader.count().filter(|count| *count <= reader.rest.len())?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(T::read(reader)?);
        }
        Some(items)
    }
}

impl<T: Stored> Stored for Box<T> {
    fn write(&self, writer: &mut Writer) {
        T::write(self, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Box<T>> {
        T::read(reader).map(Box::new)
    }
}

impl<T: Stored> Stored for Rc<T> {
    fn write(&self, writer: &mut Writer) {
        T::write(self, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Rc<T>> {
        T::read(reader).map(Rc::new)
    }
}

impl Stored for RangeInclusive<u64> {
    fn write(&self, writer: &mut Writer) {
        self.start().write(writer);
        self.end().write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<RangeInclusive<u64>> {
        Some(u64::read(reader)?..=u64::read(reader)?)
    }
}

stored_struct!(Span { line, column });
stored_struct!(Argument { text, quote, span });
