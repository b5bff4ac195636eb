//! Transformations: one file each, and the table of their names.

mod base64;
mod base64_decode;
mod base64_decode_ext;
mod base64_encode;
mod chars;
mod cmd_line;
mod compress_whitespace;
mod css_decode;
mod escape_seq_decode;
mod hex_decode;
mod hex_encode;
mod html_entity_decode;
mod js_decode;
mod length;
mod lowercase;
mod md5;
mod none;
mod normalise_path;
mod normalise_path_win;
mod parity_even_7bit;
mod parity_odd_7bit;
mod parity_zero_7bit;
mod php_args_names;
mod remove_comments;
mod remove_comments_char;
mod remove_nulls;
mod remove_whitespace;
mod replace_comments;
mod replace_nulls;
pub(crate) mod sha1;
mod sql_hex_decode;
mod trim;
mod uppercase;
mod url_decode;
mod url_decode_uni;
mod url_encode;
mod utf8_to_unicode;

use crate::stored::{Reader, Stored, Writer};
use portcullis_patterns::ByteSet;
use portcullis_patterns::scanner::Classes;
use std::borrow::Cow;

/// A function that a rule applies to a value before its operator sees it.
///
/// It borrows where nothing, or only the ends, changed.
#[derive(Clone, Copy)]
pub struct Transformation {
    /// Its name in rules.
    pub name: &'static str,
    apply: for<'a> fn(&'a [u8]) -> Cow<'a, [u8]>,
}

impl Transformation {
    /// The transformation of that name, without regard to case.
    pub fn find(name: &str) -> Option<Transformation> {
        // ModSecurity's own test data says `cmd_line`.
        let name = if name == "cmd_line" { "cmdLine" } else { name };
        TABLE.iter().find(|known| known.name.eq_ignore_ascii_case(name)).copied()
    }

    /// The value transformed.
    pub fn apply<'a>(&self, input: &'a [u8]) -> Cow<'a, [u8]> {
        (self.apply)(input)
    }

    /// Bytes without which it changes no text; `None` if it changes texts of any bytes. Classes are coarser than bytes:
    /// of a class that is in it, all bytes are meant.
    pub(crate) fn changes(&self) -> Option<Classes> {
        const SPACE: ByteSet = ByteSet::EMPTY.with(b" \t\n\r\x0b\x0c");
        let of = |bytes: &[u8]| Some(Classes::of_set(ByteSet::EMPTY.with(bytes)));
        match self.name {
            "none" => Some(Classes::NONE),
            "lowercase" => Some(Classes::UPPER),
            "cmdLine" => of(b"\\\"'^ ,;\t\r\n").map(|signs| signs.or(Classes::UPPER)),
            "compressWhitespace" | "trim" | "trimLeft" | "trimRight" => Some(Classes::of_set(SPACE)),
            "removeWhitespace" => Some(Classes::of_set(SPACE.with(b"\xa0\xc2"))),
            "cssDecode" | "escapeSeqDecode" | "jsDecode" => of(b"\\"),
            "htmlEntityDecode" => of(b"&"),
            "normalisePath" | "normalizePath" => of(b"./"),
            "normalisePathWin" | "normalizePathWin" => of(b"./\\"),
            "phpArgsNames" => of(b" .["),
            "removeComments" => of(b"/<-#"),
            "removeCommentsChar" => of(b"/*<-#"),
            "replaceComments" => of(b"/"),
            "removeNulls" | "replaceNulls" => of(b"\0"),
            "sqlHexDecode" => of(b"0"),
            "urlDecode" | "urlDecodeUni" => of(b"%+"),
            "utf8toUnicode" => Some(Classes::of_set(ByteSet::EMPTY.with_range(0x80, 0xff))),
            _ => None,
        }
    }

    /// Whether it does nothing but change the case of ASCII letters.
    pub(crate) fn is_case(&self) -> bool {
        matches!(self.name, "lowercase" | "uppercase")
    }

    /// Whether texts that differ in the case of letters alone become such texts.
    pub(crate) fn ignores_case(&self) -> bool {
        matches!(
            self.name,
            "none"
                | "lowercase"
                | "uppercase"
                | "cmdLine"
                | "compressWhitespace"
                | "trim"
                | "trimLeft"
                | "trimRight"
                | "removeWhitespace"
                | "htmlEntityDecode"
                | "normalisePath"
                | "normalizePath"
                | "normalisePathWin"
                | "normalizePathWin"
                | "removeComments"
                | "removeCommentsChar"
                | "replaceComments"
                | "removeNulls"
                | "replaceNulls"
        )
    }

    /// All of them, in the order of their names.
    pub fn all() -> &'static [Transformation] {
        TABLE
    }
}

/// Base64 up to the first byte that is foreign to it.
pub(crate) fn decode_base64(text: &[u8]) -> Vec<u8> {
    base64::decode(text, base64::Strictness::StopAtForeign)
}

impl std::fmt::Debug for Transformation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "t:{}", self.name)
    }
}

impl PartialEq for Transformation {
    fn eq(&self, other: &Transformation) -> bool {
        self.name == other.name
    }
}

/// As the place in the table.
impl Stored for Transformation {
    fn write(&self, writer: &mut Writer) {
        writer.count(TABLE.iter().position(|known| known == self).unwrap_or(TABLE.len()));
    }

    fn read(reader: &mut Reader<'_>) -> Option<Transformation> {
        TABLE.get(reader.count()?).copied()
    }
}

const TABLE: &[Transformation] = &[
    Transformation { name: "base64Decode", apply: base64_decode::apply },
    Transformation { name: "base64DecodeExt", apply: base64_decode_ext::apply },
    Transformation { name: "base64Encode", apply: base64_encode::apply },
    Transformation { name: "cmdLine", apply: cmd_line::apply },
    Transformation { name: "compressWhitespace", apply: compress_whitespace::apply },
    Transformation { name: "cssDecode", apply: css_decode::apply },
    Transformation { name: "escapeSeqDecode", apply: escape_seq_decode::apply },
    Transformation { name: "hexDecode", apply: hex_decode::apply },
    Transformation { name: "hexEncode", apply: hex_encode::apply },
    Transformation { name: "htmlEntityDecode", apply: html_entity_decode::apply },
    Transformation { name: "jsDecode", apply: js_decode::apply },
    Transformation { name: "length", apply: length::apply },
    Transformation { name: "lowercase", apply: lowercase::apply },
    Transformation { name: "md5", apply: md5::apply },
    Transformation { name: "none", apply: none::apply },
    Transformation { name: "normalisePath", apply: normalise_path::apply },
    Transformation { name: "normalisePathWin", apply: normalise_path_win::apply },
    Transformation { name: "normalizePath", apply: normalise_path::apply },
    Transformation { name: "normalizePathWin", apply: normalise_path_win::apply },
    Transformation { name: "parityEven7bit", apply: parity_even_7bit::apply },
    Transformation { name: "parityOdd7bit", apply: parity_odd_7bit::apply },
    Transformation { name: "parityZero7bit", apply: parity_zero_7bit::apply },
    Transformation { name: "phpArgsNames", apply: php_args_names::apply },
    Transformation { name: "removeComments", apply: remove_comments::apply },
    Transformation { name: "removeCommentsChar", apply: remove_comments_char::apply },
    Transformation { name: "removeNulls", apply: remove_nulls::apply },
    Transformation { name: "removeWhitespace", apply: remove_whitespace::apply },
    Transformation { name: "replaceComments", apply: replace_comments::apply },
    Transformation { name: "replaceNulls", apply: replace_nulls::apply },
    Transformation { name: "sha1", apply: sha1::apply },
    Transformation { name: "sqlHexDecode", apply: sql_hex_decode::apply },
    Transformation { name: "trim", apply: trim::both },
    Transformation { name: "trimLeft", apply: trim::left },
    Transformation { name: "trimRight", apply: trim::right },
    Transformation { name: "uppercase", apply: uppercase::apply },
    Transformation { name: "urlDecode", apply: url_decode::apply },
    Transformation { name: "urlDecodeUni", apply: url_decode_uni::apply },
    Transformation { name: "urlEncode", apply: url_encode::apply },
    Transformation { name: "utf8toUnicode", apply: utf8_to_unicode::apply },
];

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    const PIECES: &[&[u8]] = &[
        b"a",
        b"Z",
        b"u",
        b"X41",
        b"x4a",
        b"U0041",
        b"&",
        b"#",
        b"lt;",
        b"LT",
        b"\\",
        b"/",
        b"*",
        b"*/",
        b"--",
        b"<!--",
        b"-->",
        b".",
        b"..",
        b"//",
        b"%",
        b"+",
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\0",
        b"0x",
        b"[",
        b"]",
        b"\xc2\xa0",
        b"\xe4",
        b"'",
        b"\"",
        b"^",
        b";",
        b",",
        b"(",
        b"=",
    ];

    fn text(u: &mut arbtest::arbitrary::Unstructured<'_>) -> arbtest::arbitrary::Result<Vec<u8>> {
        let mut text = Vec::new();
        for _ in 0..u.int_in_range(0..=7)? {
            text.extend_from_slice(u.choose(PIECES)?);
        }
        Ok(text)
    }

    #[test]
    fn nothing_changes_without_the_bytes_that_it_needs() {
        let mut unchanged = 0;
        arbtest(|u| {
            let text = text(u)?;
            for transformation in TABLE {
                if transformation.changes().is_some_and(|changes| !Classes::of(&text).meets(changes)) {
                    unchanged += 1;
                    assert_eq!(
                        transformation.apply(&text),
                        &text[..],
                        "{transformation:?} on {}",
                        text.escape_ascii()
                    );
                }
            }
            Ok(())
        });
        assert!(unchanged > 100);
    }

    #[test]
    fn those_that_ignore_case_do() {
        arbtest(|u| {
            let text = text(u)?;
            for transformation in TABLE.iter().filter(|transformation| transformation.ignores_case()) {
                let lower = transformation.apply(&text.to_ascii_lowercase()).to_ascii_lowercase();
                assert_eq!(
                    transformation.apply(&text).to_ascii_lowercase(),
                    lower,
                    "{transformation:?} on {}",
                    text.escape_ascii()
                );
            }
            Ok(())
        });
    }
}
