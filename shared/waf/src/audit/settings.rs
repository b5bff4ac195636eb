//! What `SecAudit...` directives and `ctl` say: whether an exchange is written, and which parts of it.

use crate::stored::{Reader, Stored, Writer, stored_enum};

/// `SecAuditEngine`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditEngine {
    /// Every exchange is written.
    On,
    /// None is.
    #[default]
    Off,
    /// Those that a rule with `auditlog` has matched, and those with a relevant status.
    RelevantOnly,
}

stored_enum!(AuditEngine { 0 => On, 1 => Off, 2 => RelevantOnly });

/// `SecAuditLogParts`: a set of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts(u32);

/// What `ctl:auditLogParts` does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PartsChange {
    Set(Parts),
    Add(Parts),
    Remove(Parts),
}

stored_enum!(PartsChange { 0 => Set(parts), 1 => Add(parts), 2 => Remove(parts) });

/// The letters that ModSecurity knows. D and G are reserved, and A and Z are always there.
const LETTERS: &[u8] = b"ABCDEFGHIJKZ";

impl AuditEngine {
    /// Reads a value of `SecAuditEngine`.
    pub(crate) fn parse(text: &str) -> Result<AuditEngine, String> {
        match text.to_ascii_lowercase().as_str() {
            "on" => Ok(AuditEngine::On),
            "off" => Ok(AuditEngine::Off),
            "relevantonly" => Ok(AuditEngine::RelevantOnly),
            _ => Err(format!("`{text}` is none of `On`, `Off`, `RelevantOnly`")),
        }
    }
}

impl Default for Parts {
    /// ModSecurity v3's.
    fn default() -> Parts {
        Parts::of(b"ABCFHZ")
    }
}

impl Parts {
    /// Reads letters such as `ABIJDEFHZ`: the first is A, the last is Z.
    pub(crate) fn parse(text: &str) -> Result<Parts, String> {
        let parts = Parts::letters(text)?;
        match text.as_bytes() {
            [b'A' | b'a', .., b'Z' | b'z'] => Ok(parts),
            _ => Err(format!("`{text}` does not begin with `A` and end with `Z`")),
        }
    }

    /// Whether the part of this letter is written.
    pub(crate) fn has(self, letter: u8) -> bool {
        self.0 & bit(letter) != 0
    }

    fn letters(text: &str) -> Result<Parts, String> {
        let upper = text.to_ascii_uppercase();
        match upper.bytes().find(|letter| !LETTERS.contains(letter)) {
            Some(letter) => Err(format!("`{}` is not a part of the audit log", letter.escape_ascii())),
            None => Ok(Parts::of(upper.as_bytes())),
        }
    }

    fn of(letters: &[u8]) -> Parts {
        Parts(letters.iter().fold(0, |bits, letter| bits | bit(*letter)))
    }

    pub(crate) fn changed(self, change: &PartsChange) -> Parts {
        match change {
            PartsChange::Set(parts) => *parts,
            PartsChange::Add(parts) => Parts(self.0 | parts.0),
            PartsChange::Remove(parts) => Parts(self.0 & !parts.0),
        }
    }
}

impl PartsChange {
    /// Reads `+E`, `-E` or all letters.
    pub(crate) fn parse(text: &str) -> Result<PartsChange, String> {
        match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(added), _) => Parts::letters(added).map(PartsChange::Add),
            (_, Some(removed)) => Parts::letters(removed).map(PartsChange::Remove),
            _ => Parts::parse(text).map(PartsChange::Set),
        }
    }
}

impl Stored for Parts {
    fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Parts> {
        Stored::read(reader).map(Parts)
    }
}

fn bit(letter: u8) -> u32 {
    1 << (letter.wrapping_sub(b'A') & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_letters_from_a_to_z() {
        let parts = Parts::parse("ABIJDEFHZ");
        assert!(parts.is_ok_and(|parts| parts.has(b'I') && parts.has(b'H') && !parts.has(b'C')));
        for wrong in ["", "ABC", "BCZ", "ABXZ", "A Z"] {
            assert!(Parts::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rules_add_and_remove_parts() {
        let changed = |text: &str| PartsChange::parse(text).map(|change| Parts::default().changed(&change));
        assert!(changed("+E").is_ok_and(|parts| parts.has(b'E') && parts.has(b'B')));
        assert!(changed("-C").is_ok_and(|parts| !parts.has(b'C') && parts.has(b'B')));
        assert!(changed("AHZ").is_ok_and(|parts| parts.has(b'H') && !parts.has(b'B')));
        assert!(changed("+1").is_err());
    }
}
