//! `content-disposition` of a part (RFC 7578 section 4.2), as browsers write it.

use super::Flags;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Option<Vec<u8>>,
    pub(super) filename: Option<Vec<u8>>,
    pub(super) extended_filename: Option<Vec<u8>>,
}

/// Reads `form-data; name="..."; filename="..."`; in quotes only `\"` and `\\` are escapes, for some browsers send
/// Windows paths as they are.
pub(super) fn read(value: &[u8], flags: &mut Flags) -> Disposition {
    let mut found = Disposition::default();
    let start = memchr::memchr(b';', value).unwrap_or(value.len());
    let mut rest = value.get(start..).unwrap_or_default();
    loop {
        rest = rest.trim_ascii_start();
        let separated = rest.first() == Some(&b';');
        rest = rest.strip_prefix(b";").unwrap_or(rest).trim_ascii_start();
        if rest.is_empty() {
            return found;
        }
        flags.missing_semicolon |= !separated;
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default().trim_ascii().to_ascii_lowercase();
        if rest.get(end) != Some(&b'=') {
            flags.invalid_quoting |= name.contains(&b'"');
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        let (value, behind) =
            parameter_value(rest.get(end + 1..).unwrap_or_default().trim_ascii_start(), flags);
        rest = behind;
        found.note(&name, value, flags);
    }
}

impl Disposition {
    fn note(&mut self, name: &[u8], value: Vec<u8>, flags: &mut Flags) {
        let place = match name {
            b"name" => &mut self.name,
            b"filename" => &mut self.filename,
            b"filename*" => &mut self.extended_filename,
            _ => return,
        };
        flags.duplicate_parameter |= place.is_some();
        place.get_or_insert(value);
    }
}

fn parameter_value<'a>(text: &'a [u8], flags: &mut Flags) -> (Vec<u8>, &'a [u8]) {
    if let Some(inner) = text.strip_prefix(b"\"") {
        return quoted(inner, flags);
    }
    flags.invalid_quoting |= text.starts_with(b"'");
    let end = text.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t')).unwrap_or(text.len());
    let value = text.get(..end).unwrap_or_default();
    flags.invalid_quoting |= value.contains(&b'"');
    (value.to_vec(), text.get(end..).unwrap_or_default())
}

fn quoted<'a>(text: &'a [u8], flags: &mut Flags) -> (Vec<u8>, &'a [u8]) {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', behind @ ..] => return (value, behind),
            [b'\\', escaped @ (b'"' | b'\\'), behind @ ..] => {
                value.push(*escaped);
                rest = behind;
            }
            [byte, behind @ ..] => {
                value.push(*byte);
                rest = behind;
            }
            [] => {
                flags.invalid_quoting = true;
                return (value, rest);
            }
        }
    }
}
