//! Which bytes of a finding are covered, and with what. The length never changes.

use crate::json_state::JsonState;
use std::ops::Range;

/// How a finding is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask {
    /// Stands in place of each covered byte: visible ASCII, no digit, no `"`, `\`, `<`, `>`, `&`.
    pub character: u8,
    /// How much stays.
    pub keep: Keep,
    /// Whether what is neither letter nor digit stays, and does not count as kept.
    pub keep_separators: bool,
}

/// How many characters of a finding stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The first and the last so many. If that would be all of them, none.
    Ends {
        /// At the beginning.
        first: usize,
        /// At the end.
        last: usize,
    },
    /// All but so many percent of them, rounded to the nearest, from the beginning.
    AllBut(u8),
}

/// A piece of a finding that is covered whole or not at all.
#[derive(Debug, Clone)]
struct Unit {
    range: Range<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A letter, a digit, a character beyond ASCII, an escape, the mask's own character.
    Plain,
    /// Another character.
    Separator,
    /// A digit of a JSON number.
    Digit,
    /// What holds the JSON together.
    Structure,
}

impl Mask {
    /// The places to cover in `range` of a text and what stands there then. `json` is the state in front of the range,
    /// if the text is JSON: its numbers stay numbers (9, then zeros), its quotes and escapes stay whole.
    pub(crate) fn marks(
        &self,
        text: &[u8],
        range: Range<usize>,
        json: Option<JsonState>,
    ) -> Vec<(usize, u8)> {
        let units = self.units(text, range, json);
        let covered = self.covered(&units);
        let mut marks = Vec::with_capacity(units.len());
        let mut in_number = false;
        for (unit, covered) in units.iter().zip(covered) {
            match unit.kind {
                Kind::Digit => marks.push((unit.range.start, if in_number { b'0' } else { b'9' })),
                Kind::Plain | Kind::Separator if covered => {
                    marks.extend(unit.range.clone().map(|at| (at, self.character)));
                }
                _ => {}
            }
            let stays_number = text.get(unit.range.start).is_some_and(|byte| b".eE+-".contains(byte));
            in_number = unit.kind == Kind::Digit || (in_number && stays_number);
        }
        marks
    }

    fn units(&self, text: &[u8], range: Range<usize>, json: Option<JsonState>) -> Vec<Unit> {
        let mut units = Vec::new();
        let mut state = json;
        let mut at = range.start + cut_at_start(text, &range, json);
        for place in range.start..at {
            state = state.zip(text.get(place)).map(|(state, byte)| state.step(*byte));
        }
        while let Some(byte) = text.get(at).filter(|_| at < range.end).copied() {
            let length = match state {
                Some(JsonState::Outside) => 1,
                Some(_) if byte == b'\\' => {
                    if text.get(at + 1) == Some(&b'u') {
                        6
                    } else {
                        2
                    }
                }
                _ => character_length(text.get(at..range.end).unwrap_or_default()),
            };
            // A character or escape that the finding takes only a part of stays whole.
            if at + length > range.end {
                break;
            }
            let unit = Unit { range: at..at + length, kind: self.kind(byte, length, state) };
            at += length;
            for byte in text.get(unit.range.clone()).unwrap_or_default() {
                state = state.map(|state| state.step(*byte));
            }
            units.push(unit);
        }
        units
    }

    fn kind(&self, byte: u8, length: usize, state: Option<JsonState>) -> Kind {
        match state {
            Some(JsonState::Outside) if byte.is_ascii_digit() => Kind::Digit,
            Some(JsonState::Outside) => Kind::Structure,
            Some(JsonState::Inside) if byte == b'"' => Kind::Structure,
            _ if length > 1 || byte >= 0x80 || byte.is_ascii_alphanumeric() || byte == self.character => {
                Kind::Plain
            }
            _ => Kind::Separator,
        }
    }

    /// For each unit whether it is covered.
    fn covered<'a>(&self, units: &'a [Unit]) -> impl Iterator<Item = bool> + use<'a> {
        let keep_separators = self.keep_separators;
        let in_percent = matches!(self.keep, Keep::AllBut(_));
        let counts = move |kind: Kind| match kind {
            Kind::Plain => true,
            Kind::Separator => in_percent || !keep_separators,
            Kind::Digit | Kind::Structure => false,
        };
        let count = units.iter().filter(|unit| counts(unit.kind)).count();
        let range = match self.keep {
            Keep::Ends { first, last } if first.saturating_add(last) >= count => 0..count,
            Keep::Ends { first, last } => first..count - last,
            Keep::AllBut(percent) => 0..(count * usize::from(percent) * 2 + 100) / 200,
        };
        let mut index = 0;
        units.iter().map(move |unit| {
            let covered = range.contains(&index) && !(keep_separators && unit.kind == Kind::Separator);
            index += usize::from(counts(unit.kind));
            covered
        })
    }
}

/// How many bytes at the start of a range belong to a character or escape that begins in front of it.
fn cut_at_start(text: &[u8], range: &Range<usize>, json: Option<JsonState>) -> usize {
    let escape = match json {
        Some(JsonState::Backslash) if text.get(range.start) == Some(&b'u') => 5,
        Some(JsonState::Backslash) => 1,
        Some(JsonState::Digits(left)) => usize::from(left),
        _ => 0,
    };
    if escape > 0 {
        return escape.min(range.len());
    }
    for back in 1..=3.min(range.start) {
        let Some(lead) = text.get(range.start - back) else { return 0 };
        if !is_continuation(*lead) {
            let length = character_length(text.get(range.start - back..range.end).unwrap_or_default());
            return length.saturating_sub(back).min(range.len());
        }
    }
    0
}

/// The length of the character at the start of a text, 1 if it is no UTF-8. What is cut off by the end has the length
/// that it would have.
fn character_length(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return 1,
    };
    match text.iter().take(length).skip(1).all(|byte| is_continuation(*byte)) {
        true => length,
        false => 1,
    }
}

fn is_continuation(byte: u8) -> bool {
    (0x80..0xc0).contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARS: Mask =
        Mask { character: b'*', keep: Keep::Ends { first: 0, last: 0 }, keep_separators: false };

    fn masked(mask: Mask, text: &str, range: Range<usize>, json: Option<JsonState>) -> String {
        let mut out = text.as_bytes().to_vec();
        for (at, byte) in mask.marks(text.as_bytes(), range, json) {
            out[at] = byte;
        }
        String::from_utf8(out).unwrap()
    }

    #[track_caller]
    fn check(mask: Mask, text: &str, expected: &str) {
        assert_eq!(masked(mask, text, 0..text.len(), None), expected, "{mask:?}");
        assert_eq!(masked(mask, expected, 0..text.len(), None), expected, "again: {mask:?}");
    }

    #[test]
    fn what_is_kept() {
        let ends = |first, last| Mask { keep: Keep::Ends { first, last }, ..STARS };
        let separators = |mask| Mask { keep_separators: true, ..mask };
        check(STARS, "4111-1111", "*********");
        check(ends(0, 4), "4111-1111", "*****1111");
        check(separators(ends(0, 4)), "4111-1111-1", "****-*111-1");
        check(separators(ends(2, 2)), "ab-cd-ef", "ab-**-ef");
        check(ends(2, 2), "abcd", "****");
        check(ends(0, 4), "abc", "***");
        let x = Mask { character: b'X', keep: Keep::AllBut(75), keep_separators: true };
        check(x, "123-45-6789", "XXX-XX-X789");
        check(x, "4397945340344828", "XXXXXXXXXXXX4828");
        check(Mask { keep: Keep::AllBut(60), ..x }, "Dog", "XXg");
        check(Mask { keep: Keep::AllBut(100), ..x }, "Dog", "XXX");
        check(x, "hello", "XXXXo");
    }

    #[test]
    fn characters_stay_whole() {
        check(STARS, "a\u{e9}\u{20ac}\u{1f600}b", "***********");
        check(Mask { keep: Keep::Ends { first: 1, last: 1 }, ..STARS }, "\u{e9}a\u{20ac}", "\u{e9}*\u{20ac}");
        assert_eq!(masked(STARS, "\u{e9}a\u{20ac}", 1..5, None), "\u{e9}*\u{20ac}");
    }

    #[test]
    fn json_stays_json() {
        let json = |text: &str, range: Range<usize>| {
            let state = JsonState::Outside.skip(&text.as_bytes()[..range.start]);
            masked(STARS, text, range, Some(state))
        };
        assert_eq!(json("{\"a\":-123.45}", 6..12), "{\"a\":-900.00}");
        assert_eq!(json("{\"a\":1234}", 6..9), "{\"a\":1900}");
        assert_eq!(json(r#"{"a": "bc", "d": 10}"#, 0..20), r#"{"*": "**", "*": 90}"#);
        assert_eq!(json(r#""a\nb\u0041c""#, 1..12), r#""***********""#);
        assert_eq!(json(r#""a\nb\u0041c""#, 3..8), r#""a\n*\u0041c""#);
        assert_eq!(json(r#""\u0041b""#, 4..8), r#""\u0041*""#);
        assert_eq!(json("[true, null]", 0..12), "[true, null]");
    }
}
