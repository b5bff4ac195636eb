//! `content-disposition` of a part (RFC 7578 section 4.2; RFC 5987 for `filename*`), as strictly as ModSecurity v3.

use super::Form;
use super::part::Part;
use crate::transaction::data::Pair;

/// What is wrong with a header, by ModSecurity's number.
type Code = i8;

/// Reads the value that stands at byte `at` of the body; fills in names.
pub(super) fn read(value: &[u8], at: usize, part: &mut Part, form: &mut Form) -> Result<(), Code> {
    let rest = value.strip_prefix(b"form-data").ok_or(-1)?;
    let rest = skip_blanks(rest);
    let mut rest = match rest {
        [] => return Ok(()),
        [b';', rest @ ..] => rest,
        _ => return Err(-2),
    };
    let mut extended: Option<Vec<u8>> = None;
    while !rest.is_empty() {
        let (name, behind) = parameter_name(rest)?;
        let (text, quote, behind) = match name {
            b"filename*" => {
                let (text, behind) = extended_value(behind)?;
                (text, None, behind)
            }
            _ => parameter_value(behind, form)?,
        };
        // ModSecurity's count: from the end of the parameter back by the length of what it means.
        let place = (at + value.len() - behind.len()).saturating_sub(text.len());
        match name {
            b"name" => named(text, quote, place, part, form)?,
            b"filename" => file_named(text, quote, place, part, form)?,
            b"filename*" => {
                form.note(|| format!("Content-Disposition filename*: {}.", String::from_utf8_lossy(&text)));
                if extended.replace(text).is_some() {
                    return Err(-20);
                }
            }
            _ => return Err(-11),
        }
        rest = separator(value, behind, form)?;
    }
    match extended {
        Some(text) if part.filename.is_empty() && !text.is_empty() => {
            let text = String::from_utf8_lossy(&text).into_owned();
            form.note(|| format!("Warning: no filename= but filename*:{text}."));
            Err(-21)
        }
        _ => Ok(()),
    }
}

fn named(text: Vec<u8>, quote: Option<u8>, at: usize, part: &mut Part, form: &mut Form) -> Result<(), Code> {
    check_quotes(&text, quote, form);
    form.upload.parts.push(Pair::new(text.clone(), text.clone()));
    let shown = String::from_utf8_lossy(&text).into_owned();
    if !part.name.is_empty() {
        let before = String::from_utf8_lossy(&part.name).into_owned();
        form.note(|| format!("Warning: Duplicate Content-Disposition name: {shown}. Previously: {before}"));
        return Err(-14);
    }
    (part.name, part.name_at) = (text, at);
    form.note(|| format!("Content-Disposition name: {shown}."));
    Ok(())
}

fn file_named(
    text: Vec<u8>,
    quote: Option<u8>,
    at: usize,
    part: &mut Part,
    form: &mut Form,
) -> Result<(), Code> {
    check_quotes(&text, quote, form);
    form.upload.filenames.push(Pair::new(text.clone(), text.clone()));
    let shown = String::from_utf8_lossy(&text).into_owned();
    if !part.filename.is_empty() {
        form.note(|| format!("Warning: Duplicate Content-Disposition filename: {shown}."));
        return Err(-15);
    }
    (part.filename, part.filename_at) = (text, at);
    form.note(|| format!("Content-Disposition filename: {shown}."));
    Ok(())
}

/// A `'` in a value that does not stand in double quotes.
fn check_quotes(text: &[u8], quote: Option<u8>, form: &mut Form) {
    form.upload.strict.invalid_quoting |= quote != Some(b'"') && text.contains(&b'\'');
}

fn parameter_name(text: &[u8]) -> Result<(&[u8], &[u8]), Code> {
    let text = skip_blanks(text);
    if text.is_empty() {
        return Err(-3);
    }
    let end = text.iter().position(|byte| matches!(byte, b'=' | b'\t' | b' ')).ok_or(-4i8)?;
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    match skip_blanks(rest) {
        [] => Err(-5),
        [b'=', rest @ ..] => match skip_blanks(rest) {
            [] => Err(-6),
            rest => Ok((name, rest)),
        },
        _ => Err(-13),
    }
}

/// A value, the quote that it stood in, and what is behind it.
type Value<'a> = (Vec<u8>, Option<u8>, &'a [u8]);

fn parameter_value<'a>(text: &'a [u8], form: &mut Form) -> Result<Value<'a>, Code> {
    let [quote @ (b'"' | b'\''), inside @ ..] = text else {
        let length = text.iter().take_while(|byte| is_token(**byte)).count();
        let (value, rest) = text.split_at_checked(length).unwrap_or((text, &[]));
        return Ok((value.to_vec(), None, rest));
    };
    form.upload.strict.invalid_quoting |= *quote == b'\'';
    if inside.is_empty() {
        return Err(-7);
    }
    let mut value = Vec::new();
    let mut rest = inside;
    loop {
        rest = match rest {
            // A quote that does not end takes the rest.
            [] => return Ok((value, Some(*quote), rest)),
            [b'\\'] => return Err(-8),
            [b'\\', escaped, rest @ ..] if escaped == quote || *escaped == b'\\' => {
                value.push(*escaped);
                rest
            }
            [byte, rest @ ..] if byte == quote => return Ok((value, Some(*quote), rest)),
            [byte, rest @ ..] => {
                value.push(*byte);
                rest
            }
        };
    }
}

/// `charset'language'text`, the text as it stands.
fn extended_value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), Code> {
    let in_charset = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(byte);
    let length = text.iter().take_while(|byte| in_charset(byte)).count();
    let rest = text.get(length..).unwrap_or_default();
    let rest = rest.strip_prefix(b"'").filter(|_| length > 0).ok_or(-16i8)?;
    let language = memchr::memchr(b'\'', rest).ok_or(-17i8)?;
    let name = rest.get(language + 1..).unwrap_or_default();
    let mut rest = name;
    loop {
        rest = match rest {
            [] | [b';', ..] => break,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [b'%', ..] => return Err(-18),
            [byte, rest @ ..] if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`~".contains(byte) => rest,
            _ => return Err(-19),
        };
    }
    Ok((name.get(..name.len() - rest.len()).unwrap_or_default().to_vec(), rest))
}

/// Over the semicolon to the next parameter.
fn separator<'a>(value: &[u8], behind: &'a [u8], form: &mut Form) -> Result<&'a [u8], Code> {
    match skip_blanks(behind) {
        [] => Ok(&[]),
        [b';', rest @ ..] => Ok(rest),
        rest => {
            let before = value.len().checked_sub(rest.len() + 1).and_then(|at| value.get(at));
            form.upload.strict.invalid_quoting |= matches!(before, Some(b'\'' | b'"'));
            Err(-12)
        }
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

/// A token's character (RFC 2045).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}
