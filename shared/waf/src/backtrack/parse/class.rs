//! Classes: `[a-z]`, `[^[:alpha:]\d]`.

use super::{Node, Parser};
use crate::backtrack::Set;

impl Parser<'_> {
    /// What stands behind `[`.
    pub(super) fn class(&mut self) -> Result<Node, String> {
        let is_negative = self.eat(b"^");
        let mut set = Set::EMPTY;
        let mut is_first = true;
        loop {
            match self.rest {
                [] => return Err("a class does not end".to_owned()),
                [b']', rest @ ..] if !is_first => {
                    self.rest = rest;
                    break;
                }
                [b'[', b':', ..] if posix(self.rest).is_some() => {
                    let (named, length) = posix(self.rest).unwrap_or((Set::EMPTY, 0));
                    set.unite(&named);
                    self.rest = self.rest.get(length..).unwrap_or_default();
                }
                _ => self.class_item(&mut set)?,
            }
            is_first = false;
        }
        let set = if self.flags.ignore_case { set.folded() } else { set };
        Ok(Node::Set(if is_negative { set.inverted() } else { set }))
    }

    fn class_item(&mut self, set: &mut Set) -> Result<(), String> {
        let first = self.class_part()?;
        let ([b'-', next, ..], Some(low)) = (self.rest, first.only()) else {
            set.unite(&first);
            return Ok(());
        };
        if *next == b']' || *next == b'[' && posix(self.rest.get(1..).unwrap_or_default()).is_some() {
            set.unite(&first);
            return Ok(());
        }
        self.next();
        let last = self.class_part()?;
        match last.only() {
            Some(high) if low <= high => (low..=high).for_each(|byte| set.add(byte)),
            Some(_) => return Err("a range runs backwards".to_owned()),
            // `[a-\d]`: the `-` is a sign.
            None => {
                set.unite(&first);
                set.add(b'-');
                set.unite(&last);
            }
        }
        Ok(())
    }

    fn class_part(&mut self) -> Result<Set, String> {
        match self.next() {
            Some(b'\\') if self.eat(b"b") => Ok(Set::of([8])),
            Some(b'\\') => self.escaped(),
            Some(byte) => Ok(Set::of([byte])),
            None => Err("a class does not end".to_owned()),
        }
    }
}

impl Set {
    /// Its byte, if it has one alone.
    fn only(&self) -> Option<u8> {
        let mut bytes = (0..=255u8).filter(|byte| self.has(*byte));
        bytes.next().filter(|_| bytes.next().is_none())
    }
}

/// `[:name:]` and its length.
fn posix(text: &[u8]) -> Option<(Set, usize)> {
    let inside = text.strip_prefix(b"[:")?;
    let end = memchr::memmem::find(inside, b":]")?;
    let name = inside.get(..end)?;
    let (name, is_negative) = match name.strip_prefix(b"^") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let of = |is: fn(&u8) -> bool| Set::of((0..=255u8).filter(is));
    let set = match name {
        b"alnum" => of(u8::is_ascii_alphanumeric),
        b"alpha" => of(u8::is_ascii_alphabetic),
        b"ascii" => of(u8::is_ascii),
        b"blank" => Set::of([9, 32]),
        b"cntrl" => of(u8::is_ascii_control),
        b"digit" => of(u8::is_ascii_digit),
        b"graph" => of(u8::is_ascii_graphic),
        b"lower" => of(u8::is_ascii_lowercase),
        b"print" => of(|byte| (32..127).contains(byte)),
        b"punct" => of(u8::is_ascii_punctuation),
        b"space" => Set::of([9, 10, 11, 12, 13, 32]),
        b"upper" => of(u8::is_ascii_uppercase),
        b"word" => of(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        b"xdigit" => of(u8::is_ascii_hexdigit),
        _ => return None,
    };
    Some((if is_negative { set.inverted() } else { set }, end + 4))
}
