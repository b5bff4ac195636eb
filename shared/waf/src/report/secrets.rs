//! What no log shows: credentials, by the names of what holds them.

use crate::transaction::{Data, Pair};
use portcullis_http::percent;

/// Headers whose values are hidden, as those of all cookies are.
const HEADERS: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];
/// Arguments are hidden that have one of these among the words of their name.
const WORDS: [&[u8]; 3] = [b"token", b"secret", b"card"];
/// Or a word that begins so.
const BEGINNING: &[u8] = b"pass";
/// Shorter values are not looked for in other texts: they would be found everywhere.
const SHORTEST: usize = 3;
/// The most values that are looked for.
const MOST: usize = 32;

/// Whether the value of this variable's member is hidden.
pub(crate) fn hides(variable: &[u8], member: &[u8]) -> bool {
    match variable {
        b"ARGS" | b"ARGS_GET" | b"ARGS_POST" => is_secret_name(member),
        b"REQUEST_HEADERS" | b"RESPONSE_HEADERS" => is_secret_header(member),
        b"REQUEST_COOKIES" => true,
        _ => false,
    }
}

/// The hidden values of one exchange.
#[derive(Debug)]
pub(crate) struct Secrets<'a> {
    values: Vec<&'a [u8]>,
    /// Names of arguments that rules hide.
    arguments: &'a [Vec<u8>],
}

impl<'a> Secrets<'a> {
    pub(crate) fn of(data: &'a Data) -> Secrets<'a> {
        let hidden = &data.hidden;
        let is_in =
            |names: &[Vec<u8>], pair: &Pair| names.iter().any(|name| name.eq_ignore_ascii_case(&pair.name));
        let arguments = data.args_get.iter().chain(&data.args_post);
        let arguments = arguments.filter(|pair| is_in(&hidden.arguments, pair) || is_secret_name(&pair.name));
        let headers = data.request_headers.iter();
        let headers =
            headers.filter(|pair| is_in(&hidden.request_headers, pair) || is_secret_header(&pair.name));
        let response = data.response_headers.iter().filter(|pair| is_in(&hidden.response_headers, pair));
        let pairs = arguments.chain(headers).chain(response).chain(&data.cookies).map(|pair| &*pair.value);
        let values = hidden.texts.iter().map(Vec::as_slice).chain(pairs);
        let values = values.filter(|value| value.len() >= SHORTEST).take(MOST).collect();
        Secrets { values, arguments: &hidden.arguments }
    }

    /// Whether a text is a part of a hidden value.
    pub(crate) fn has_part(&self, text: &[u8]) -> bool {
        text.len() >= SHORTEST && self.values.iter().any(|value| find(value, text, 0).is_some())
    }

    /// Puts stars in the place of hidden values, and of what a name says is one.
    pub(crate) fn mask(&self, text: &mut [u8]) {
        for value in &self.values {
            let mut from = 0;
            while let Some(at) = find(text, value, from) {
                from = at + value.len();
                star(text, at, from);
            }
        }
        self.mask_named(text);
    }

    /// `password=...`, `"password":"..."` and `authorization: ...` within a longer text.
    fn mask_named(&self, text: &mut [u8]) {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let name = name_before(text, at);
            let hidden = match byte {
                b'=' => self.hides_argument(&percent::decode(name)).then(|| form_value(text, at + 1)),
                b':' if is_secret_header(name) => Some((at + 1, line_end(text, at + 1))),
                b':' => self.hides_argument(name).then(|| json_value(text, at + 1)),
                _ => None,
            };
            at = match hidden {
                Some((start, end)) => {
                    star(text, start, end);
                    end.max(at + 1)
                }
                None => at + 1,
            };
        }
    }

    /// Whether the value of an argument of this name is hidden.
    pub(crate) fn hides_argument(&self, name: &[u8]) -> bool {
        is_secret_name(name) || self.arguments.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The name that ends at `end`, perhaps in quotes.
fn name_before(text: &[u8], end: usize) -> &[u8] {
    let head = text.get(..end).unwrap_or_default().trim_ascii_end();
    let head = head.strip_suffix(b"\"").unwrap_or(head);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]%$".contains(byte);
    let length = head.iter().rev().take(128).take_while(|byte| is_name(byte)).count();
    head.get(head.len() - length..).unwrap_or_default()
}

fn form_value(text: &[u8], start: usize) -> (usize, usize) {
    let ends = |byte: &u8| matches!(byte, b'&' | b';' | b'"' | b'\'') || byte.is_ascii_whitespace();
    (start, end_of(text, start, ends))
}

fn line_end(text: &[u8], start: usize) -> usize {
    end_of(text, start, |byte| matches!(byte, b'\r' | b'\n'))
}

/// A string up to its quote, else up to what ends a value.
fn json_value(text: &[u8], start: usize) -> (usize, usize) {
    let blanks = text.iter().skip(start).take_while(|byte| byte.is_ascii_whitespace()).count();
    let start = start + blanks;
    if text.get(start) != Some(&b'"') {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
        return (start, end_of(text, start, ends));
    }
    let mut escaped = false;
    let end = end_of(text, start + 1, |byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    (start + 1, end)
}

fn end_of(text: &[u8], start: usize, ends: impl FnMut(&u8) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + rest.iter().position(ends).unwrap_or(rest.len())
}

fn star(text: &mut [u8], start: usize, end: usize) {
    if let Some(part) = text.get_mut(start..end) {
        part.fill(b'*');
    }
}

/// The next place of a part, in whatever case.
fn find(text: &[u8], part: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(part.len().max(1)).position(|window| window.eq_ignore_ascii_case(part)).map(|at| from + at)
}

fn is_secret_header(name: &[u8]) -> bool {
    HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Names are taken apart at whatever is no letter or digit, and where a capital begins a word.
fn is_secret_name(name: &[u8]) -> bool {
    let mut start = 0;
    for at in 0..=name.len() {
        let ends = match (name.get(at.wrapping_sub(1)), name.get(at)) {
            (_, None) => true,
            (_, Some(byte)) if !byte.is_ascii_alphanumeric() => true,
            (Some(before), Some(byte)) => before.is_ascii_lowercase() && byte.is_ascii_uppercase(),
            (None, Some(_)) => false,
        };
        if ends {
            let word = name.get(start..at).unwrap_or_default();
            if is_secret_word(word) {
                return true;
            }
            let is_letter = name.get(at).is_some_and(u8::is_ascii_alphanumeric);
            start = if is_letter { at } else { at + 1 };
        }
    }
    false
}

fn is_secret_word(word: &[u8]) -> bool {
    let begins = word.get(..BEGINNING.len()).is_some_and(|head| head.eq_ignore_ascii_case(BEGINNING));
    begins || WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::Pair;

    #[test]
    fn names_are_known_by_their_words() {
        let secret = ["pass", "Password", "user[password]", "json.user.passPhrase", "TOKEN", "access_token"];
        let more = ["csrfToken", "client-secret", "card", "card_number", "creditCard", "passwd2", "x.token"];
        for name in secret.into_iter().chain(more) {
            assert!(is_secret_name(name.as_bytes()), "{name}");
        }
        for name in ["", "q", "compass", "tokenize", "cardinal", "discard", "secretary", "by-pas-s", "x.y"] {
            assert!(!is_secret_name(name.as_bytes()), "{name}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let data = Data {
            args_post: vec![Pair::new("password", "hunter2"), Pair::new("q", "shown")],
            cookies: vec![Pair::new("sid", "abcdef")],
            ..Data::default()
        };
        let mut bytes = text.as_bytes().to_vec();
        Secrets::of(&data).mask(&mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap_or_default(), expected);
    }

    #[test]
    fn values_are_hidden_wherever_they_stand() {
        check("found HUNTER2 in shown", "found ******* in shown");
        check("/a?q=1&token=a%20b&x=2", "/a?q=1&token=*****&x=2");
        check(r#"{"a":1,"pass" : "x\"y","b":2}"#, r#"{"a":1,"pass" : "****","b":2}"#);
        check(r#"{"card":4111,"b":2}"#, r#"{"card":****,"b":2}"#);
        check(
            "GET / HTTP/1.1\nAuthorization: Basic eA==\nx: y",
            "GET / HTTP/1.1\nAuthorization:***********\nx: y",
        );
        check("sid abcdef, abc", "sid ******, abc");
        check("token=", "token=");
        check("x?a%5Bp%61ss%5D=1", "x?a%5Bp%61ss%5D=*");
    }

    #[test]
    fn parts_of_a_value_are_known() {
        let data = Data { cookies: vec![Pair::new("sid", "1' or 1=1")], ..Data::default() };
        let secrets = Secrets::of(&data);
        assert!(secrets.has_part(b"or 1") && !secrets.has_part(b"or") && !secrets.has_part(b"select"));
    }
}
