//! XML bodies: all text and all attribute values, as `XML:/*` and `XML://@*` ask for them.
//!
//! A reader of form, not a validator: elements must be balanced. Entities of a document type are never expanded.

use super::data::{Pair, Xml};

/// Reads a body; elements may stand within one another `depth` deep.
pub(super) fn read(body: &[u8], depth: usize) -> Result<Xml, String> {
    let mut xml = Xml::default();
    scan(body, depth, &mut xml)?;
    Ok(xml)
}

/// The text of each element that has no others in it as an argument, like `xml.order.item`; at most so many.
pub(super) fn arguments(body: &[u8], depth: usize, most: usize) -> (Vec<Pair>, Result<(), String>) {
    let mut arguments =
        Arguments { path: b"xml".to_vec(), ends: Vec::new(), text: Vec::new(), out: Vec::new(), most };
    let mut outcome = scan(body, depth, &mut arguments);
    if arguments.out.len() >= most {
        outcome = outcome.and(Err("too many arguments".to_owned()));
    }
    (arguments.out, outcome)
}

struct Arguments {
    path: Vec<u8>,
    /// Where the path ends without each open element.
    ends: Vec<usize>,
    /// What stands in the element that was opened last, if none was closed since.
    text: Vec<u8>,
    out: Vec<Pair>,
    most: usize,
}

impl Sink for Arguments {
    fn open(&mut self, name: &[u8]) {
        self.ends.push(self.path.len());
        self.path.push(b'.');
        self.path.extend_from_slice(name);
        self.text.clear();
    }

    fn attribute(&mut self, _: &[u8], _: &[u8]) {}

    fn close(&mut self) {
        if !self.text.trim_ascii().is_empty() && self.out.len() < self.most {
            self.out.push(Pair::new(self.path.clone(), std::mem::take(&mut self.text)));
        }
        self.text.clear();
        self.path.truncate(self.ends.pop().unwrap_or(0));
    }

    fn text(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }
}

/// Takes what stands in a document, in its order.
pub(super) trait Sink {
    fn open(&mut self, _name: &[u8]) {}
    fn attribute(&mut self, name: &[u8], value: &[u8]);
    /// All attributes of the element have come.
    fn opened(&mut self) {}
    fn close(&mut self) {}
    fn text(&mut self, text: &[u8]);
}

impl Sink for Xml {
    fn attribute(&mut self, _: &[u8], value: &[u8]) {
        self.attributes.push(value.to_vec());
    }

    fn text(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }
}

/// Hands a body's pieces to the sink. What stands before a fault has been handed out.
pub(super) fn scan(body: &[u8], depth: usize, sink: &mut impl Sink) -> Result<(), String> {
    let mut reader = Reader { sink, open: Vec::new(), depth, elements: 0, decoded: Vec::new() };
    let mut rest = body;
    while !rest.is_empty() {
        rest = reader.piece(rest)?;
    }
    match reader.open.is_empty() && reader.elements > 0 {
        true => Ok(()),
        false => Err("XML: an element does not end".to_owned()),
    }
}

struct Reader<'a, 's, S> {
    sink: &'s mut S,
    /// Text with its entities decoded; kept for its room.
    decoded: Vec<u8>,
    open: Vec<&'a [u8]>,
    depth: usize,
    elements: usize,
}

impl<'a, S: Sink> Reader<'a, '_, S> {
    fn piece(&mut self, text: &'a [u8]) -> Result<&'a [u8], String> {
        if let Some(inside) = text.strip_prefix(b"<!--") {
            return Ok(split_at(inside, b"-->").ok_or("XML: a comment does not end")?.1);
        }
        if let Some(inside) = text.strip_prefix(b"<![CDATA[") {
            let (data, rest) = split_at(inside, b"]]>").ok_or("XML: a CDATA section does not end")?;
            self.sink.text(data);
            return Ok(rest);
        }
        if let Some(inside) = text.strip_prefix(b"<?") {
            return Ok(split_at(inside, b"?>").ok_or("XML: an instruction does not end")?.1);
        }
        if let Some(inside) = text.strip_prefix(b"<!") {
            return document_type(inside);
        }
        if let Some(inside) = text.strip_prefix(b"</") {
            let (name, rest) = split_at(inside, b">").ok_or("XML: a tag does not end")?;
            return match self.open.pop() {
                Some(open) if open == name.trim_ascii() => {
                    self.sink.close();
                    Ok(rest)
                }
                _ => Err("XML: an end tag without its element".to_owned()),
            };
        }
        if let Some(inside) = text.strip_prefix(b"<") {
            return self.element(inside);
        }
        let end = memchr::memchr(b'<', text).unwrap_or(text.len());
        let (data, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
        if self.open.is_empty() && !data.trim_ascii().is_empty() {
            return Err("XML: text outside of the root element".to_owned());
        }
        self.decoded.clear();
        decode(data, &mut self.decoded);
        self.sink.text(&self.decoded);
        Ok(rest)
    }

    fn element(&mut self, text: &'a [u8]) -> Result<&'a [u8], String> {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:-.".contains(byte) || *byte >= 0x80;
        let (name, mut rest) = span(text, is_name);
        if name.is_empty() {
            return Err("XML: a tag without name".to_owned());
        }
        self.elements += 1;
        self.sink.open(name);
        loop {
            rest = rest.trim_ascii_start();
            match rest {
                [b'>', rest @ ..] => {
                    if self.open.len() >= self.depth {
                        return Err("XML: nested too deeply".to_owned());
                    }
                    self.open.push(name);
                    self.sink.opened();
                    return Ok(rest);
                }
                [b'/', b'>', rest @ ..] => {
                    self.sink.opened();
                    self.sink.close();
                    return Ok(rest);
                }
                _ => rest = self.attribute(rest, is_name)?,
            }
        }
    }

    fn attribute(&mut self, text: &'a [u8], is_name: impl Fn(&u8) -> bool) -> Result<&'a [u8], String> {
        let fault = || "XML: a malformed attribute".to_owned();
        let (name, rest) = span(text, is_name);
        let rest = rest.trim_ascii_start().strip_prefix(b"=").ok_or_else(fault)?.trim_ascii_start();
        let [quote @ (b'"' | b'\''), inside @ ..] = rest else { return Err(fault()) };
        let (value, rest) = split_at(inside, &[*quote]).filter(|_| !name.is_empty()).ok_or_else(fault)?;
        self.decoded.clear();
        decode(value, &mut self.decoded);
        self.sink.attribute(name, &self.decoded);
        Ok(rest)
    }
}

/// Steps over `<!DOCTYPE ... [ ... ]>`.
fn document_type(text: &[u8]) -> Result<&[u8], String> {
    let mut brackets = 0usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            b'>' if brackets == 0 => return Ok(text.get(at + 1..).unwrap_or_default()),
            _ => {}
        }
    }
    Err("XML: a document type does not end".to_owned())
}

fn span(text: &[u8], keep: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| keep(byte)).count();
    text.split_at_checked(length).unwrap_or((text, &[]))
}

fn split_at<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// Decodes the five named entities and numbers; others stay as they are.
fn decode(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(b'&', text) {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, &[]));
        out.extend_from_slice(before);
        text = match split_at(rest, b";").and_then(|(name, behind)| Some((entity(name.get(1..)?)?, behind))) {
            Some((decoded, behind)) => {
                out.extend(decoded.encode_utf8(&mut [0; 4]).bytes());
                behind
            }
            None => {
                out.push(b'&');
                rest.get(1..).unwrap_or_default()
            }
        };
    }
    out.extend_from_slice(text);
}

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

fn number(digits: &[u8], base: u32) -> Option<char> {
    char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes() {
        let body = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]>\n<a x=\"1&lt;2\"><b/>t&#65;&b;<![CDATA[<u>]]></a>";
        let xml = read(body, 8).unwrap();
        assert_eq!(xml.text.escape_ascii().to_string(), "\\ntA&b;<u>");
        assert_eq!(xml.attributes, [b"1<2"]);
    }

    #[test]
    fn texts_as_arguments() {
        let body = b"<o a='1'><i>x</i><i>y&amp;z</i><e/> <j><k>1</k> t</j></o>";
        let (found, outcome) = arguments(body, 8, 10);
        assert_eq!(outcome, Ok(()));
        let expected = [("xml.o.i", "x"), ("xml.o.i", "y&z"), ("xml.o.j.k", "1"), ("xml.o.j", " t")];
        assert_eq!(found, expected.map(|(name, value)| Pair::new(name, value)));
        assert!(arguments(body, 8, 2).1.is_err());
    }

    #[test]
    fn faults() {
        for bad in
            ["", "a", "<a>", "<a></b>", "<a b></a>", "<a><b></a>", "<a", "<!--", "<a><a><a></a></a></a>"]
        {
            assert!(read(bad.as_bytes(), 2).is_err(), "{bad}");
        }
    }
}
