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
