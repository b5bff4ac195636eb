//! What a regex can match, read from its syntax: how short, how long, beginning with which byte.

use crate::{ByteSet, PatternError, RegexOptions};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, Hir, HirKind, Repetition};

/// What a regex can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of the shortest match; `None` if it can never match.
    pub shortest: Option<usize>,
    /// Bytes of the longest match; `None` if there is no longest.
    pub longest: Option<usize>,
    /// Every match that is not empty begins with one of these.
    pub first: ByteSet,
}

impl Shape {
    /// Reads a pattern.
    pub fn of(pattern: &str, options: &RegexOptions) -> Result<Shape, PatternError> {
        Ok(Shape::read(&parse(pattern, options)?))
    }

    /// The pattern with its repetitions cut so that no match is longer than `longest` bytes, and its shape.
    ///
    /// All repetitions that reach beyond some number are cut to that number, the largest that will do. The pattern
    /// that comes back is complete in itself: its flags are written into it, so read it with [`RegexOptions::PRINTED`].
    pub fn bounded(
        pattern: &str,
        options: &RegexOptions,
        longest: usize,
    ) -> Result<(String, Shape), PatternError> {
        let hir = parse(pattern, options)?;
        let fits = |hir: &Hir| hir.properties().maximum_len().is_some_and(|length| length <= longest);
        let mut best = fits(&hir).then(|| hir.clone());
        let (mut low, mut high) = (0, u32::try_from(longest).unwrap_or(u32::MAX).saturating_add(1));
        while best.is_none() && low < high {
            let middle = low + (high - low) / 2;
            if high - low == 1 {
                best = Some(cut(&hir, low)).filter(&fits);
                break;
            }
            match fits(&cut(&hir, middle)) {
                true => low = middle,
                false => high = middle,
            }
        }
        match best {
            Some(hir) => Ok((hir.to_string(), Shape::read(&hir))),
            None => Err(PatternError::TooLong {
                pattern: pattern.to_owned(),
                shortest: hir.properties().minimum_len().unwrap_or_default(),
                longest,
            }),
        }
    }

    fn read(hir: &Hir) -> Shape {
        let properties = hir.properties();
        Shape { shortest: properties.minimum_len(), longest: properties.maximum_len(), first: first(hir) }
    }
}

/// Reads a pattern; the parser limits how deep it may be nested, so what walks it may recurse.
pub(crate) fn parse(pattern: &str, options: &RegexOptions) -> Result<Hir, PatternError> {
    ParserBuilder::new()
        .case_insensitive(options.case_insensitive)
        .dot_matches_new_line(options.dot_all)
        .multi_line(options.multi_line)
        .unicode(options.unicode)
        .utf8(false)
        .nest_limit(100)
        .build()
        .parse(pattern)
        .map_err(|error| PatternError::Syntax { pattern: pattern.to_owned(), cause: cause(&error) })
}

/// The parser's reason without its drawing of the place.
fn cause(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => {
            other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// The same expression, with no repetition beyond `most` (or beyond its own minimum, where that is larger).
fn cut(hir: &Hir, most: u32) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            let max = repetition.max.unwrap_or(u32::MAX).min(most).max(repetition.min);
            Hir::repetition(Repetition {
                min: repetition.min,
                max: Some(max),
                greedy: repetition.greedy,
                sub: Box::new(cut(&repetition.sub, most)),
            })
        }
        HirKind::Capture(capture) => Hir::capture(Capture {
            index: capture.index,
            name: capture.name.clone(),
            sub: Box::new(cut(&capture.sub, most)),
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(|part| cut(part, most)).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(|part| cut(part, most)).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

/// The bytes with which a match that is not empty can begin.
fn first(hir: &Hir) -> ByteSet {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => ByteSet::EMPTY,
        HirKind::Literal(literal) => {
            literal.0.first().map_or(ByteSet::EMPTY, |byte| ByteSet::EMPTY.with_range(*byte, *byte))
        }
        HirKind::Class(class) => first_of_class(class),
        HirKind::Repetition(repetition) => first(&repetition.sub),
        HirKind::Capture(capture) => first(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().fold(ByteSet::EMPTY, |set, part| set.or(first(part))),
        HirKind::Concat(parts) => {
            let mut set = ByteSet::EMPTY;
            for part in parts {
                set = set.or(first(part));
                if part.properties().minimum_len() != Some(0) {
                    break;
                }
            }
            set
        }
    }
}

fn first_of_class(class: &Class) -> ByteSet {
    match class {
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .fold(ByteSet::EMPTY, |set, range| set.with_range(range.start(), range.end())),
        Class::Unicode(class) => class.ranges().iter().fold(ByteSet::EMPTY, |set, range| {
            let lead = |c: char| c.encode_utf8(&mut [0; 4]).bytes().next().unwrap_or(0);
            set.with_range(lead(range.start()), lead(range.end()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LazyRegex;
    use arbtest::arbtest;

    fn shape(pattern: &str) -> (Option<usize>, Option<usize>, String) {
        let shape = Shape::of(pattern, &RegexOptions::default()).unwrap();
        (shape.shortest, shape.longest, shape.first.iter().map(char::from).collect())
    }

    #[test]
    fn lengths_and_first_bytes() {
        assert_eq!(shape("ab?c{2,3}"), (Some(3), Some(5), "a".into()));
        assert_eq!(shape("a*b"), (Some(1), None, "ab".into()));
        assert_eq!(shape(r"\b(?:x|[0-2])?(y)"), (Some(1), Some(2), "012xy".into()));
        assert_eq!(shape("(?i)k"), (Some(1), Some(1), "Kk".into()));
        assert_eq!(shape(r"$^|\xff"), (Some(0), Some(1), "\u{ff}".into()));
    }

    #[track_caller]
    fn check_bounded(pattern: &str, longest: usize, expected: &str) {
        let bounded = Shape::bounded(pattern, &RegexOptions::default(), longest);
        assert_eq!(
            bounded.map_or_else(|error| error.to_string(), |(pattern, _)| pattern),
            expected,
            "{pattern}"
        );
    }

    #[test]
    fn repetitions_are_cut_to_what_fits() {
        check_bounded("ab", 2, "(?:ab)");
        check_bounded("a+", 5, "a{1,5}");
        check_bounded("ab+c*", 7, "(?:ab{1,3}c{0,3})");
        check_bounded("(?:ab)*?", 5, "(?:ab){0,2}?");
        check_bounded("a{1,100}b", 10, "(?:a{1,9}b)");
        check_bounded("a{20,}", 10, "the shortest match of `a{20,}` has 20 bytes, more than 10");
        check_bounded("a", 1, "a");
        check_bounded("a+b{2,}", 2, "the shortest match of `a+b{2,}` has 3 bytes, more than 2");
    }

    #[test]
    fn a_bounded_pattern_matches_as_the_first_did_within_the_bound() {
        const PATTERNS: [&str; 7] =
            ["a+", r"\b[ab]+c", "(?:ab)+", "a*b+", r"(?i)a[^c]*c", r"\xff+|a{2,}", "(?u)(a|[é-Ā])(b+)"];
        arbtest(|u| {
            let pattern = *u.choose(&PATTERNS)?;
            let length = u.int_in_range(0..=9)?;
            let mut text = Vec::new();
            for _ in 0..length {
                text.push(*u.choose(b"abcAC\xff \xc3\xa9")?);
            }
            let options = RegexOptions::default();
            let (bounded, shape) = Shape::bounded(pattern, &options, 40).unwrap();
            let (whole, cut) = (
                LazyRegex::new(pattern, options).unwrap(),
                LazyRegex::new(bounded, RegexOptions::PRINTED).unwrap(),
            );
            let find = |regex: &LazyRegex| regex.get().unwrap().find(&text).map(|found| found.range());
            assert_eq!(find(&whole), find(&cut), "{pattern}");
            if let Some(found) = find(&cut) {
                assert!(found.len() <= shape.longest.unwrap() && shape.first.contains(text[found.start]));
            }
            Ok(())
        });
    }
}
