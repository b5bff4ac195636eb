//! Header fields as the host hands them over: a byte multimap in wire order, held in one buffer.

use crate::edit::Edit;

/// A header multimap: names and values are bytes, order and duplicates are kept, names are lower case.
///
/// All fields of a message stand in one buffer with an index of offsets, because the host delivers them in one call
/// and most are never looked at. Offsets are `u32`: the host caps a message's headers far below 4 GiB.
#[derive(Clone, Default)]
pub struct Headers {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone, Copy)]
struct Field {
    name: (u32, u32),
    value: (u32, u32),
}

impl Headers {
    /// An empty map.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// Takes over a buffer in which the fields stand; each entry gives the offsets of name and value in it.
    ///
    /// Returns `None` if a span does not lie within the buffer.
    pub fn from_spans(
        bytes: Vec<u8>,
        spans: impl IntoIterator<Item = (std::ops::Range<usize>, std::ops::Range<usize>)>,
    ) -> Option<Headers> {
        let mut fields = Vec::new();
        for (name, value) in spans {
            bytes.get(name.clone())?;
            bytes.get(value.clone())?;
            fields.push(Field { name: offsets(name)?, value: offsets(value)? });
        }
        Some(Headers { bytes, fields })
    }

    /// Builds a map from pairs; names are made lower case, as the host delivers them.
    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.push(&name.as_ref().to_ascii_lowercase(), value.as_ref());
        }
        headers
    }

    /// The number of fields, duplicates counted.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of the first field of this name (lower case).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(field, _)| *field == name.as_bytes()).map(|(_, value)| value)
    }

    /// The values of all fields of this name (lower case), in wire order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let wanted = name.as_bytes();
        self.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| value)
    }

    /// Whether a field of this name (lower case) exists.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All fields in wire order, pseudo-headers included.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (self.slice(field.name), self.slice(field.value)))
    }

    /// `:method`, or empty.
    pub fn method(&self) -> &[u8] {
        self.get(":method").unwrap_or_default()
    }

    /// `:path` with its query, raw, or empty.
    pub fn path(&self) -> &[u8] {
        self.get(":path").unwrap_or_default()
    }

    /// `:path` cut at the first `?`: path, and the query if there is one.
    pub fn path_and_query(&self) -> (&[u8], Option<&[u8]>) {
        let path = self.path();
        match path.iter().position(|&byte| byte == b'?') {
            Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..)),
            None => (path, None),
        }
    }

    /// `:authority`, or empty.
    pub fn authority(&self) -> &[u8] {
        self.get(":authority").unwrap_or_default()
    }

    /// `:status` as a number, if there is one of three digits.
    pub fn status(&self) -> Option<u16> {
        match self.get(":status")? {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
            }
            _ => None,
        }
    }

    /// `content-type` without parameters and surrounding blanks; compare it with [`slice::eq_ignore_ascii_case`].
    pub fn media_type(&self) -> Option<&[u8]> {
        let value = self.get("content-type")?;
        Some(value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii())
    }

    /// Applies an edit that the host has accepted, so that later phases see what was sent.
    pub fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Set { name, value } => {
                let name = name.as_bytes();
                let at = self.fields.iter().position(|field| self.slice(field.name) == name);
                match at {
                    Some(at) => {
                        let value = self.store(value.as_bytes());
                        if let Some(field) = self.fields.get_mut(at) {
                            field.value = value;
                        }
                        self.drop_where(name, at + 1);
                    }
                    None => self.push(name, value.as_bytes()),
                }
            }
            Edit::Append { name, value } => self.push(name.as_bytes(), value.as_bytes()),
            Edit::Remove { name } => self.drop_where(name.as_bytes(), 0),
        }
    }

    fn push(&mut self, name: &[u8], value: &[u8]) {
        let field = Field { name: self.store(name), value: self.store(value) };
        self.fields.push(field);
    }

    /// Drops the fields of this name that stand at or behind index `from`.
    fn drop_where(&mut self, name: &[u8], from: usize) {
        let bytes = &self.bytes;
        let mut index = 0;
        self.fields.retain(|field| {
            let keep = index < from || slice_of(bytes, field.name) != name;
            index += 1;
            keep
        });
    }

    fn store(&mut self, text: &[u8]) -> (u32, u32) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        offsets(start..self.bytes.len()).unwrap_or((0, 0))
    }

    fn slice(&self, span: (u32, u32)) -> &[u8] {
        slice_of(&self.bytes, span)
    }
}

fn slice_of(bytes: &[u8], (start, end): (u32, u32)) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

fn offsets(range: std::ops::Range<usize>) -> Option<(u32, u32)> {
    Some((u32::try_from(range.start).ok()?, u32::try_from(range.end).ok()?))
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(
                self.iter()
                    .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value))),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Headers {
        Headers::from_pairs([(":path", "/a?b=c"), ("X-A", "1"), ("x-b", "2"), ("x-a", "3")])
    }

    #[test]
    fn reads_first_and_all() {
        let headers = sample();
        assert_eq!(headers.get("x-a"), Some(&b"1"[..]));
        assert_eq!(headers.get_all("x-a").collect::<Vec<_>>(), [b"1", b"3"]);
        assert_eq!(headers.path_and_query(), (&b"/a"[..], Some(&b"b=c"[..])));
    }

    #[test]
    fn set_replaces_the_first_and_drops_the_others() {
        let mut headers = sample();
        headers.apply(&Edit::set("x-a", "9").unwrap());
        assert_eq!(headers, Headers::from_pairs([(":path", "/a?b=c"), ("x-a", "9"), ("x-b", "2")]));
    }

    #[test]
    fn append_and_remove() {
        let mut headers = sample();
        headers.apply(&Edit::append("x-b", "4").unwrap());
        headers.apply(&Edit::remove("x-a").unwrap());
        assert_eq!(headers, Headers::from_pairs([(":path", "/a?b=c"), ("x-b", "2"), ("x-b", "4")]));
    }

    #[test]
    fn spans_outside_the_buffer_are_refused() {
        assert!(Headers::from_spans(b"ab".to_vec(), [(0..1, 1..3)]).is_none());
    }

    #[test]
    fn status_wants_three_digits() {
        let status = |text: &str| Headers::from_pairs([(":status", text)]).status();
        assert_eq!(
            [status("204"), status("20"), status("2x4"), status("099")],
            [Some(204), None, None, None]
        );
    }

    #[test]
    fn media_type_without_parameters() {
        let headers = Headers::from_pairs([("content-type", " text/html ; charset=utf-8")]);
        assert_eq!(headers.media_type(), Some(&b"text/html"[..]));
    }
}
