//! Multipart bodies (RFC 7578), and what is odd about them.

use super::data::{Pair, Upload};

/// A body taken apart. What stands before a fault is there.
pub(super) struct Form {
    pub(super) arguments: Vec<Pair>,
    pub(super) upload: Upload,
    pub(super) outcome: Result<(), String>,
}

/// Reads a body by its content type; at most `limit` parts.
pub(super) fn read(content_type: &[u8], body: &[u8], limit: usize) -> Form {
    let mut form = Form { arguments: Vec::new(), upload: Upload::default(), outcome: Ok(()) };
    let outcome = match boundary(content_type, &mut form.upload) {
        Some(boundary) => parts(&boundary, body, limit, &mut form),
        None => Err("multipart: there is no boundary"),
    };
    if let Err(message) = outcome {
        form.upload.strict.parse_error = true;
        form.outcome = Err(message.to_owned());
    }
    form
}

fn boundary(content_type: &[u8], upload: &mut Upload) -> Option<Vec<u8>> {
    let lower = content_type.to_ascii_lowercase();
    let at = memchr::memmem::find(&lower, b"boundary")?;
    upload.strict.missing_semicolon = !lower.get(..at)?.trim_ascii_end().ends_with(b";");
    let rest = content_type.get(at + b"boundary".len()..)?;
    upload.strict.boundary_whitespace = rest.first().is_some_and(u8::is_ascii_whitespace);
    let value = rest.trim_ascii_start().strip_prefix(b"=")?;
    if value.first().is_some_and(u8::is_ascii_whitespace) {
        upload.strict.boundary_whitespace = true;
    }
    let value = value.trim_ascii();
    if let Some(quoted) = value.strip_prefix(b"\"") {
        upload.strict.boundary_quoted = true;
        let end = memchr::memchr(b'"', quoted)?;
        return quoted.get(..end).filter(|boundary| !boundary.is_empty()).map(<[u8]>::to_vec);
    }
    let end = value.iter().position(|byte| matches!(byte, b';' | b',')).unwrap_or(value.len());
    value.get(..end).map(<[u8]>::trim_ascii).filter(|boundary| !boundary.is_empty()).map(<[u8]>::to_vec)
}

fn parts(boundary: &[u8], body: &[u8], limit: usize, form: &mut Form) -> Result<(), &'static str> {
    let mark = [b"--", boundary].concat();
    let mut pieces = delimited(body, &mark);
    let Some((before, mut rest)) = pieces.next() else { return Err("multipart: the boundary does not come") };
    form.upload.strict.data_before = !before.trim_ascii().is_empty();
    let mut count = 0;
    loop {
        if let Some(after) = rest.strip_prefix(b"--") {
            form.upload.strict.data_after = !after.trim_ascii().is_empty();
            return Ok(());
        }
        let Some((content, behind)) = pieces.next() else {
            return Err("multipart: the last boundary does not come");
        };
        count += 1;
        if count > limit {
            form.upload.strict.limit_exceeded = true;
            return Err("multipart: too many parts");
        }
        part(content, form)?;
        rest = behind;
    }
}

/// Pieces in front of each delimiter line, with what stands behind it.
fn delimited<'a>(body: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let mut start = 0;
    let at_line = |at: &usize| *at == 0 || body.get(at - 1) == Some(&b'\n');
    memchr::memmem::find_iter(body, mark).filter(at_line).map(move |at| {
        let content = body.get(start..at).unwrap_or_default();
        start = at + mark.len();
        (content, body.get(start..).unwrap_or_default())
    })
}

/// One part: the rest of the delimiter's line, header lines, an empty line, the content.
fn part(text: &[u8], form: &mut Form) -> Result<(), &'static str> {
    let (_, mut rest) = line(text, form).ok_or("multipart: a part without headers")?;
    let mut headers: Vec<Vec<u8>> = Vec::new();
    loop {
        let (header, behind) = line(rest, form).ok_or("multipart: a part without end of headers")?;
        rest = behind;
        match (header, headers.last_mut()) {
            ([], _) => break,
            ([b' ' | b'\t', ..], Some(last)) => {
                form.upload.strict.header_folding = true;
                last.extend_from_slice(header);
            }
            ([b' ' | b'\t', ..], None) => form.upload.strict.invalid_header_folding = true,
            _ => headers.push(header.to_vec()),
        }
    }
    let content = rest.strip_suffix(b"\n").unwrap_or(rest);
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    field(&headers, content, form)
}

fn line<'a>(text: &'a [u8], form: &mut Form) -> Option<(&'a [u8], &'a [u8])> {
    let end = memchr::memchr(b'\n', text)?;
    let (line, rest) = (text.get(..end)?, text.get(end + 1..)?);
    match line.strip_suffix(b"\r") {
        Some(line) => Some((line, rest)),
        None => {
            form.upload.strict.lf_line = true;
            Some((line, rest))
        }
    }
}

fn field(headers: &[Vec<u8>], content: &[u8], form: &mut Form) -> Result<(), &'static str> {
    let disposition = headers.iter().find_map(|header| value_of(header, b"content-disposition"));
    let disposition = disposition.ok_or("multipart: a part without Content-Disposition")?;
    let name = parameter(disposition, b"name", form).unwrap_or_default();
    let file = parameter(disposition, b"filename", form);
    let upload = &mut form.upload;
    upload.part_headers.extend(headers.iter().map(|header| Pair::new(name.clone(), header.clone())));
    upload.parts.push(Pair::new(name.clone(), name.clone()));
    match file {
        Some(file) => {
            upload.total_size += content.len() as u64;
            upload.sizes.push(Pair::new(name.clone(), content.len().to_string()));
            upload.files.push(Pair::new(name, file));
        }
        None => form.arguments.push(Pair::new(name, content)),
    }
    Ok(())
}

fn value_of<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let colon = memchr::memchr(b':', header)?;
    header
        .get(..colon)?
        .trim_ascii()
        .eq_ignore_ascii_case(name)
        .then(|| header.get(colon + 1..).unwrap_or_default())
}

/// A parameter of a header's value; `\"` in quotes is a quote.
fn parameter(value: &[u8], wanted: &[u8], form: &mut Form) -> Option<Vec<u8>> {
    let mut rest = value;
    loop {
        let at = memchr::memchr(b';', rest)?;
        rest = rest.get(at + 1..)?.trim_ascii_start();
        let equals = memchr::memchr(b'=', rest)?;
        let (name, text) = (rest.get(..equals)?.trim_ascii(), rest.get(equals + 1..)?.trim_ascii_start());
        let (found, behind) = match text {
            [b'"', inside @ ..] => quoted(inside)?,
            _ => {
                form.upload.strict.invalid_quoting |= text.first() == Some(&b'\'');
                let end = memchr::memchr(b';', text).unwrap_or(text.len());
                (text.get(..end)?.trim_ascii().to_vec(), text.get(end..)?)
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(found);
        }
        rest = behind;
    }
}

fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return None,
            [b'"', rest @ ..] => return Some((out, rest)),
            [b'\\', b'"', rest @ ..] => {
                out.push(b'"');
                rest
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=xy";

    #[test]
    fn fields_and_files() {
        let body = b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--xy\r\nContent-Disposition: \
            form-data; name=\"f\"; filename=\"q\\\".txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xy--\r\n";
        let form = read(TYPE, body, 10);
        assert_eq!(form.outcome, Ok(()));
        assert_eq!(form.arguments, [Pair::new("a", "1\r\n2")]);
        assert_eq!(form.upload.files, [Pair::new("f", "q\".txt")]);
        assert_eq!((form.upload.total_size, form.upload.part_headers.len()), (5, 3));
        assert!(!form.upload.strict.any());
    }

    #[test]
    fn faults_and_oddities() {
        let odd = |kind: &[u8], body: &[u8]| read(kind, body, 1).upload.strict;
        let one = b"x\r\n--xy\nContent-Disposition: form-data; name='a'\r\n\r\n1\r\n--xy--\r\ny";
        let strict = odd(b"multipart/form-data boundary=\"xy\"", one);
        assert!(
            strict.missing_semicolon && strict.boundary_quoted && strict.data_before && strict.data_after
        );
        assert!(strict.lf_line && strict.invalid_quoting);
        for bad in [
            &b""[..],
            b"--xy\r\n",
            b"--xy\r\nA: b\r\n\r\n1\r\n--xy--",
            b"--xy\r\n\r\n\r\n--xy\r\n\r\n\r\n--xy--",
        ] {
            assert!(read(TYPE, bad, 1).outcome.is_err(), "{}", bad.escape_ascii());
        }
    }
}
