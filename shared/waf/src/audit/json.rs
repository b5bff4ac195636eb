//! JSON as it is written, value after value.

use std::fmt::Write;

/// A text that grows.
#[derive(Debug, Default)]
pub(super) struct Json(String);

impl Json {
    /// An object whose members the closure writes.
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Json)) {
        self.within('{', members, '}');
    }

    /// A list, an element a call.
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut element: impl FnMut(&mut Json, T),
    ) {
        self.within(
            '[',
            |json| {
                for item in items {
                    json.comma();
                    element(json, item);
                }
            },
            ']',
        );
    }

    /// A member; its value is what is written next.
    pub(super) fn key(&mut self, name: &[u8]) -> &mut Json {
        self.comma();
        self.bytes(name);
        self.0.push(':');
        self
    }

    pub(super) fn member(&mut self, name: &str, value: &[u8]) {
        self.key(name.as_bytes()).bytes(value);
    }

    pub(super) fn number(&mut self, name: &str, value: impl Into<i128>) {
        let value: i128 = value.into();
        let _ = write!(self.key(name.as_bytes()).0, "{value}");
    }

    pub(super) fn truth(&mut self, name: &str, value: bool) {
        let _ = write!(self.key(name.as_bytes()).0, "{value}");
    }

    /// A string. Bytes that are not UTF-8 stand as the character of the same number, so that none is lost.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.push('"');
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '"' => self.0.push_str("\\\""),
                    '\\' => self.0.push_str("\\\\"),
                    '\n' => self.0.push_str("\\n"),
                    '\r' => self.0.push_str("\\r"),
                    '\t' => self.0.push_str("\\t"),
                    c if c.is_control() => {
                        let _ = write!(self.0, "\\u{:04x}", u32::from(c));
                    }
                    c => self.0.push(c),
                }
            }
            for byte in chunk.invalid() {
                let _ = write!(self.0, "\\u00{byte:02x}");
            }
        }
        self.0.push('"');
    }

    /// A number as it stands.
    pub(super) fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn within(&mut self, open: char, inner: impl FnOnce(&mut Json), close: char) {
        self.0.push(open);
        inner(self);
        self.0.push(close);
    }

    fn comma(&mut self) {
        if !self.0.ends_with(['{', '[', ':']) {
            self.0.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut json = Json::default();
        json.object(|json| {
            json.member("a", b"x\"\\\n\x01\xff\xc3\xa4:");
            json.key(b"b").list([1, 2], |json, n| json.object(|json| json.number("n", n)));
            json.key(b"c").list(Vec::<u8>::new(), |_, _| {});
            json.truth("d", true);
            json.key(b"e").object(|_| {});
        });
        assert_eq!(
            json.finish(),
            "{\"a\":\"x\\\"\\\\\\n\\u0001\\u00ffä:\",\"b\":[{\"n\":1},{\"n\":2}],\"c\":[],\"d\":true,\"e\":{}}"
        );
    }
}
