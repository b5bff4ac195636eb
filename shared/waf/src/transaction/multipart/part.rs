//! One part: its header lines, then its content.

use super::disposition;
use super::{Halt, LINE, Reader};
use crate::transaction::data::Place;
use std::collections::BTreeSet;
use std::ops::Range;

/// A part that is being read.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) in_headers: bool,
    /// Name, value and where the value stands.
    headers: Vec<(Vec<u8>, Vec<u8>, usize)>,
    /// Their names in lower case: a part may have thousands.
    names: BTreeSet<Vec<u8>>,
    /// Header lines, folded ones joined, and where they stand.
    pub(super) lines: Vec<(usize, Vec<u8>)>,
    /// Whether the last header line can be continued.
    is_open: bool,
    /// Whether the last line has been joined already.
    is_folded: bool,
    pub(super) name: Vec<u8>,
    pub(super) filename: Vec<u8>,
    pub(super) name_at: usize,
    pub(super) filename_at: usize,
    /// The content without the line end in front of the boundary.
    pub(super) data: Option<Range<usize>>,
    /// Bytes of the first and start of the last line's content, as ModSecurity counts them.
    size_at: usize,
    content_at: usize,
    /// Whether it is a file that would be kept.
    pub(super) is_kept: bool,
}

impl Default for Part {
    fn default() -> Part {
        Part {
            in_headers: true,
            headers: Vec::new(),
            names: BTreeSet::new(),
            lines: Vec::new(),
            is_open: false,
            is_folded: false,
            name: Vec::new(),
            filename: Vec::new(),
            name_at: 0,
            filename_at: 0,
            data: None,
            size_at: 0,
            content_at: 0,
            is_kept: false,
        }
    }
}

impl Part {
    fn header(&self, name: &[u8]) -> Option<&(Vec<u8>, Vec<u8>, usize)> {
        self.headers.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
    }

    pub(super) fn place(&self) -> Place {
        Place {
            is_file: !self.filename.is_empty(),
            name: self.name_at,
            filename: self.filename_at,
            value: self.data.as_ref().map_or(0, |data| data.start),
            size: self.size_at,
            content: self.content_at,
        }
    }

    pub(super) fn describe(&self, offset: usize, length: usize) -> String {
        let name = String::from_utf8_lossy(&self.name);
        match self.filename.is_empty() {
            true => format!("Added part to the list: name \"{name}\" (offset {offset}, length {length})"),
            false => {
                let file = String::from_utf8_lossy(&self.filename);
                format!(
                    "Added file part to the list: name \"{name}\" file name \"{file}\" (offset {offset}, length {length})"
                )
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn header_line(&mut self, part: &mut Part, line: &[u8], at: usize) -> Result<(), Halt> {
        if line.len() >= LINE {
            return self.halt(format!("Part header line over {LINE} bytes long"));
        }
        if memchr::memchr(0, line).is_some() {
            self.form.fault("Nul byte in part headers.");
            return Ok(());
        }
        self.no_files += line.len();
        match line.ends_with(b"\r\n") {
            true => self.crlf_seen = true,
            false => self.form.upload.strict.lf_line = true,
        }
        if matches!(line, b"\r\n" | b"\n") {
            self.end_headers(part);
        } else if is_space(line.first().copied().unwrap_or_default()) {
            self.folded(part, line);
        } else {
            self.new_header(part, line, at);
        }
        Ok(())
    }

    fn end_headers(&mut self, part: &mut Part) {
        part.is_open = false;
        let Some((_, value, at)) = part.header(b"content-disposition").cloned() else {
            return self.form.fault("Part missing Content-Disposition header.");
        };
        let shown = || String::from_utf8_lossy(&value).into_owned();
        if let Err(code) = disposition::read(&value, at, part, &mut self.form) {
            return self.form.fault(format!("Invalid Content-Disposition header ({code}): {}", shown()));
        }
        if part.name.is_empty() {
            return self.form.fault("Content-Disposition header missing name field.");
        }
        if !part.filename.is_empty() && memchr::memmem::find(&value, b"filename=").is_none() {
            return self.form.fault("Invalid Content-Disposition header (filename).");
        }
        part.in_headers = false;
    }

    fn folded(&mut self, part: &mut Part, line: &[u8]) {
        let strict = &mut self.form.upload.strict;
        strict.header_folding = true;
        let trimmed = trim_start(line);
        let indent = line.get(..line.len() - trimmed.len()).unwrap_or_default();
        strict.invalid_header_folding |= !indent.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        let (Some((name, value, _)), Some((_, whole)), true) =
            (part.headers.last_mut(), part.lines.last_mut(), part.is_open)
        else {
            return self.form.fault("Invalid part header (folding error).");
        };
        if !part.is_folded {
            part.is_folded = true;
            *whole = [&name[..], b": ", value].concat();
        }
        for joined in [value, whole] {
            joined.push(b' ');
            joined.extend_from_slice(without_line_end(trimmed));
        }
    }

    fn new_header(&mut self, part: &mut Part, line: &[u8], at: usize) {
        let text = without_line_end(line);
        let Some(colon) = memchr::memchr(b':', text) else {
            let shown = String::from_utf8_lossy(line).into_owned();
            return self.form.fault(format!("Invalid part header (colon missing): {shown}"));
        };
        let name = text.get(..colon).unwrap_or_default();
        if name.is_empty() {
            return self.form.fault("Invalid part header (header name missing).");
        }
        if name.iter().any(|byte| !(33..=126).contains(byte)) {
            return self.form.fault("Invalid part header (contains invalid character).");
        }
        let behind = text.get(colon + 1..).unwrap_or_default();
        let blanks = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let value = behind.get(blanks..).unwrap_or_default();
        if !part.names.insert(name.to_ascii_lowercase()) {
            let name = String::from_utf8_lossy(name).into_owned();
            return self.form.note(|| format!("Duplicate part header: {name}."));
        }
        part.headers.push((name.to_vec(), value.to_vec(), at + colon + 1 + blanks));
        part.lines.push((at, text.to_vec()));
        (part.is_open, part.is_folded) = (true, false);
        self.form.note(|| {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            format!("Added part header \"{name}\" \"{value}\".")
        });
    }

    pub(super) fn data_line(&mut self, part: &mut Part, line: &[u8], at: usize) {
        let content = without_line_end(line);
        let end = at + content.len();
        part.content_at = at + line.len() - content.len();
        let is_first = part.data.is_none();
        if is_first {
            part.size_at = part.content_at;
        }
        let start = part.data.as_ref().map_or(at, |data| data.start);
        part.data = Some(start..end);
        match part.filename.is_empty() {
            true => {
                self.no_files += line.len();
                self.form.note(|| format!("Added data to variable: {}", String::from_utf8_lossy(content)));
            }
            false if is_first => self.keep_file(part),
            false => {}
        }
    }

    fn keep_file(&mut self, part: &mut Part) {
        let Some(limit) = self.limits.files else { return };
        part.is_kept = self.files < limit || limit == 0;
        match part.is_kept {
            true => self.files += 1,
            false if self.form.upload.strict.limit_exceeded => {}
            false => {
                self.form.upload.strict.limit_exceeded = true;
                self.form.fault(format!(
                    "Upload file limit exceeded {limit}. Use SecUploadFileLimit to change the limit."
                ));
            }
        }
    }
}

/// `isspace` in the C locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

pub(super) fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_space(**byte)).count();
    text.get(blanks..).unwrap_or_default()
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
