//! Multipart bodies (RFC 7578), and what is odd about them, line by line as ModSecurity v3 reads them.
//!
//! Where v3 loses the line breaks within a field's value, they stay here.

mod boundary;
mod disposition;
mod part;
#[cfg(test)]
mod tests;

use super::data::{Pair, Upload};
use memchr::memmem;
use part::Part;

/// A header line of a part may have so many bytes, as in ModSecurity.
const LINE: usize = 4096;

/// A body taken apart. What stands before a fault is there.
pub(super) struct Form {
    pub(super) arguments: Vec<Pair>,
    pub(super) upload: Upload,
    pub(super) outcome: Result<(), String>,
    /// What ModSecurity's debug log would say, where that is wanted.
    pub(super) notes: Option<Vec<String>>,
}

/// How much a body may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) parts: usize,
    /// Bytes of what is no file: header lines and values of fields.
    pub(super) no_files: usize,
    /// Files that are kept (`SecUploadFileLimit`); `None` if none are.
    pub(super) files: Option<usize>,
}

/// Reads a body by its content type.
pub(super) fn read(content_type: &[u8], body: &[u8], limits: Limits, traced: bool) -> Form {
    let notes = traced.then(Vec::new);
    let form = Form { arguments: Vec::new(), upload: Upload::default(), outcome: Ok(()), notes };
    let mut reader = Reader::new(body, limits, form);
    match boundary::read(content_type, &mut reader.form) {
        Ok(boundary) => {
            reader.set_boundary(&boundary);
            let _ = reader.lines();
        }
        Err(message) => {
            reader.form.upload.strict.parse_error = true;
            reader.form.fault(message);
        }
    }
    reader.close();
    reader.form
}

impl Form {
    fn note(&mut self, note: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            notes.push(format!("Multipart: {}", note()));
        }
    }

    /// What makes the body unreadable; the first is what rules are told.
    fn fault(&mut self, message: impl Into<String>) {
        let message = format!("Multipart: {}", message.into());
        if let Some(notes) = &mut self.notes {
            notes.push(message.clone());
        }
        if self.outcome.is_ok() {
            self.outcome = Err(message);
        }
    }
}

/// Reading cannot go on.
struct Halt;

/// How the line before has ended.
#[derive(Clone, Copy, PartialEq)]
enum LineEnd {
    None,
    Lf,
    CrLf,
}

struct Reader<'a> {
    body: &'a [u8],
    limits: Limits,
    form: Form,
    /// `--` and the boundary.
    mark: Vec<u8>,
    part: Option<Part>,
    parts: Vec<Part>,
    boundaries: usize,
    is_complete: bool,
    crlf_seen: bool,
    last_end: LineEnd,
    /// Where the last, unfinished line begins.
    rest: usize,
    no_files: usize,
    files: usize,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8], limits: Limits, form: Form) -> Reader<'a> {
        Reader {
            body,
            limits,
            form,
            mark: Vec::new(),
            part: None,
            parts: Vec::new(),
            boundaries: 0,
            is_complete: false,
            crlf_seen: false,
            last_end: LineEnd::None,
            rest: 0,
            no_files: 0,
            files: 0,
        }
    }

    fn set_boundary(&mut self, boundary: &[u8]) {
        self.mark = [b"--", boundary].concat();
    }

    fn lines(&mut self) -> Result<(), Halt> {
        let body = self.body;
        while let Some(end) = memchr::memchr(b'\n', body.get(self.rest..).unwrap_or_default()) {
            let at = self.rest;
            let line = body.get(at..=at + end).unwrap_or_default();
            self.rest = at + line.len();
            self.line(line, at)?;
            self.last_end = if line.ends_with(b"\r\n") { LineEnd::CrLf } else { LineEnd::Lf };
            if self.is_complete && self.rest < body.len() {
                self.form.upload.strict.data_after = true;
                let left = body.len() - self.rest;
                self.form.note(|| format!("Ignoring data after last boundary ({left}bytes left)"));
                self.rest = body.len();
            }
        }
        Ok(())
    }

    /// One line with its end.
    fn line(&mut self, line: &[u8], at: usize) -> Result<(), Halt> {
        if line.len() > 3 && line.starts_with(b"--") {
            if line.starts_with(&self.mark) {
                if self.boundary_line(line)? {
                    return Ok(());
                }
            } else {
                self.foreign_boundary(line)?;
            }
        } else if memmem::find(line, &self.mark).is_some() {
            self.form.upload.strict.unmatched_boundary = 1;
        }
        match self.part.take() {
            None => {
                self.form.upload.strict.data_before = true;
                self.form.note(|| "Ignoring data before first boundary.".to_owned());
            }
            Some(mut part) => {
                let outcome = match part.in_headers {
                    true => self.header_line(&mut part, line, at),
                    false => {
                        self.data_line(&mut part, line, at);
                        Ok(())
                    }
                };
                self.part = Some(part);
                outcome?;
            }
        }
        Ok(())
    }

    /// A line that begins with the boundary. Whether it was one.
    fn boundary_line(&mut self, line: &[u8]) -> Result<bool, Halt> {
        let strict = &mut self.form.upload.strict;
        strict.lf_line |= self.last_end == LineEnd::Lf;
        let has_data = self.part.as_ref().is_some_and(|part| part.data.is_some());
        if self.boundaries > 0 && !has_data {
            strict.invalid_part = true;
            self.form.note(|| "Invalid part (data contains boundary)".to_owned());
            return Ok(false);
        }
        if self.boundaries > 0 {
            strict.unmatched_boundary = 2;
        }
        let behind = line.get(self.mark.len()..).unwrap_or_default();
        let last = behind.strip_prefix(b"--");
        match last.unwrap_or(behind) {
            b"\n" => strict.lf_line = true,
            b"\r\n" => self.crlf_seen = true,
            _ => {
                let shown = String::from_utf8_lossy(line).into_owned();
                return self.halt(format!("Invalid boundary: {shown}"));
            }
        }
        self.finish_part()?;
        match last {
            Some(_) => self.is_complete = true,
            None => self.part = Some(Part::default()),
        }
        self.boundaries += 1;
        Ok(true)
    }

    /// A line that looks like a boundary and is not ours.
    fn foreign_boundary(&mut self, line: &[u8]) -> Result<(), Halt> {
        let behind = line.get(2..).unwrap_or_default();
        let boundary = self.mark.get(2..).unwrap_or_default();
        let quoted = behind.strip_prefix(b"\"").is_some_and(|behind| behind.starts_with(boundary));
        if self.form.upload.strict.boundary_quoted && quoted {
            return self.halt("Invalid boundary (quotes).");
        }
        let trimmed = part::trim_start(behind);
        if trimmed.len() < behind.len() && trimmed.starts_with(boundary) {
            return self.halt("Invalid boundary (whitespace).");
        }
        self.form.upload.strict.unmatched_boundary = 1;
        Ok(())
    }

    fn halt<T>(&mut self, message: impl Into<String>) -> Result<T, Halt> {
        self.form.upload.strict.parse_error = true;
        self.form.fault(message);
        Err(Halt)
    }

    /// Puts the part that ends here with the others.
    fn finish_part(&mut self) -> Result<(), Halt> {
        let Some(part) = self.part.take() else { return Ok(()) };
        for (_, line) in &part.lines {
            self.form.upload.part_headers.push(Pair::new(part.name.clone(), line.clone()));
        }
        let (offset, length) = part.data.as_ref().map_or((0, 0), |data| (data.start, data.len()));
        if part.name.is_empty() {
            self.form.upload.strict.invalid_part = true;
            self.form.note(|| {
                format!("Skipping invalid part (part name missing): (offset {offset}, length {length})")
            });
            return Ok(());
        }
        self.form.note(|| part.describe(offset, length));
        if self.parts.len() >= self.limits.parts {
            self.form.upload.strict.limit_exceeded = true;
            return self.halt("too many parts");
        }
        self.parts.push(part);
        Ok(())
    }

    /// What is known only at the end.
    fn close(&mut self) {
        self.final_line();
        let strict = &mut self.form.upload.strict;
        strict.crlf_lf_lines = self.crlf_seen && strict.lf_line;
        self.warn();
        if !self.mark.is_empty() && !self.body.is_empty() && !self.is_complete && self.form.outcome.is_ok() {
            match self.boundaries {
                0 => self.form.fault("No boundaries found in payload."),
                _ => self.form.fault("Final boundary missing."),
            }
        }
        if self.no_files > self.limits.no_files {
            self.form.outcome = Err(super::body::TOO_LONG.to_owned());
        }
        for part in std::mem::take(&mut self.parts) {
            self.deliver(&part);
        }
    }

    /// A last boundary may stand without a line end.
    fn final_line(&mut self) {
        let line = self.body.get(self.rest..).unwrap_or_default();
        let is_last = line.strip_prefix(&self.mark[..]) == Some(b"--");
        if self.mark.is_empty() || self.is_complete || self.boundaries == 0 || !is_last {
            return;
        }
        let has_data = self.part.as_ref().is_some_and(|part| part.data.is_some());
        self.form.upload.strict.lf_line |= self.last_end == LineEnd::Lf;
        self.form.upload.strict.invalid_part |= !has_data;
        self.is_complete = self.finish_part().is_ok();
    }

    fn warn(&mut self) {
        let strict = self.form.upload.strict;
        let mixed = strict.crlf_lf_lines;
        let warnings = [
            (strict.data_before, "seen data before first boundary."),
            (strict.data_after, "seen data after last boundary."),
            (strict.boundary_quoted, "boundary was quoted."),
            (strict.boundary_whitespace, "boundary whitespace in C-T header."),
            (strict.header_folding, "header folding used."),
            (mixed, "mixed line endings used (CRLF/LF)."),
            (strict.lf_line && !mixed, "incorrect line endings used (LF)."),
            (strict.missing_semicolon, "missing semicolon in C-T header."),
            (strict.invalid_quoting, "invalid quoting used."),
            (strict.invalid_part, "invalid part parsing."),
            (strict.invalid_header_folding, "invalid header folding used."),
        ];
        for (_, warning) in warnings.iter().filter(|(is_so, _)| *is_so) {
            self.form.note(|| format!("Warning: {warning}"));
        }
    }

    /// Makes variables of a part.
    fn deliver(&mut self, part: &Part) {
        let upload = &mut self.form.upload;
        let value = part.data.clone().unwrap_or_default();
        let name = || part.name.clone();
        upload.places.push(part.place());
        if part.filename.is_empty() {
            let value = self.body.get(value).unwrap_or_default();
            self.form.arguments.push(Pair::new(name(), value));
            return;
        }
        upload.total_size += value.len() as u64;
        upload.sizes.push(Pair::new(name(), value.len().to_string()));
        upload.files.push(Pair::new(name(), part.filename.clone()));
        let kept = if part.is_kept { value } else { 0..0 };
        upload.contents.push((name(), kept));
        if part.is_kept {
            upload.kept.push(format!("upload-{}", upload.kept.len() + 1).into_bytes());
        }
    }
}
