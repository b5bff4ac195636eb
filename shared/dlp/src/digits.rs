//! Digits in groups, as people write numbers.

use crate::text::{More, Text};

/// The most digits that are read.
pub(crate) const MOST: usize = 19;
/// The most groups that are read.
const MOST_GROUPS: usize = 8;

/// Digits with single separators between groups, read from a place on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digits {
    digits: [u8; MOST],
    count: usize,
    /// Digits up to and with each group, and the place behind it.
    ends: [(usize, usize); MOST_GROUPS],
    groups: usize,
    /// What stands between the groups, if there are several and it is always the same.
    pub(crate) separator: Separator,
}

/// What stands between groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// There is one group.
    None,
    /// This byte.
    Same(u8),
    /// Different ones.
    Mixed,
}

impl Digits {
    /// Reads groups of digits, each separated by one of `separators`, up to and with `most` digits. Of a longer run of
    /// digits nothing is taken.
    // Always inlined: with its limits known it is a seventh cheaper for cards, and a change elsewhere must not undo that.
    #[inline(always)]
    pub(crate) fn read(
        text: &Text<'_>,
        start: usize,
        most: usize,
        separators: &[u8],
    ) -> Result<Option<Digits>, More> {
        let mut read = Digits {
            digits: [0; MOST],
            count: 0,
            ends: [(0, 0); MOST_GROUPS],
            groups: 0,
            separator: Separator::None,
        };
        let mut at = start;
        loop {
            let before = read.count;
            while let Some(digit) = text.digit(at)? {
                let slot = read.digits.get_mut(read.count).filter(|_| read.count < most);
                let Some(slot) = slot else { return Ok((read.groups > 0).then(|| read.without(before))) };
                *slot = digit;
                read.count += 1;
                at += 1;
            }
            let Some(end) = read.ends.get_mut(read.groups) else { return Ok(Some(read)) };
            *end = (read.count, at);
            read.groups += 1;
            let separator = text.peek(at)?.filter(|byte| separators.contains(byte));
            let Some(separator) = separator else { return Ok(Some(read)) };
            if text.digit(at + 1)?.is_none() || read.count >= most {
                return Ok(Some(read));
            }
            read.separator = match read.separator {
                Separator::None => Separator::Same(separator),
                Separator::Same(known) if known == separator => Separator::Same(known),
                _ => Separator::Mixed,
            };
            at += 1;
        }
    }

    /// The digits, as numbers.
    pub(crate) fn all(&self) -> &[u8] {
        self.first(self.count)
    }

    /// The first so many digits.
    pub(crate) fn first(&self, count: usize) -> &[u8] {
        self.digits.get(..count.min(self.count)).unwrap_or_default()
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// The sizes of the first so many groups.
    pub(crate) fn sizes(&self, groups: usize) -> impl Iterator<Item = usize> {
        let mut before = 0;
        self.ends.iter().take(groups.min(self.groups)).map(move |(count, _)| {
            let size = count - before;
            before = *count;
            size
        })
    }

    /// Whether the groups have these sizes.
    pub(crate) fn grouped(&self, sizes: &[usize]) -> bool {
        self.groups == sizes.len() && self.sizes(self.groups).eq(sizes.iter().copied())
    }

    /// How many digits the first so many groups have, and the place behind them.
    pub(crate) fn end(&self, groups: usize) -> Option<(usize, usize)> {
        self.ends.get(..self.groups)?.get(groups.checked_sub(1)?).copied()
    }

    /// Without the digits of a group that was not finished.
    fn without(mut self, count: usize) -> Digits {
        self.count = count;
        self
    }
}

/// Digits as one of the usual ways of writing a number: the whole run is it, and no word or further group follows.
pub(crate) struct Form {
    /// Ways of grouping that only such numbers have, with one separator; the first group has at least two digits.
    pub(crate) grouped: &'static [&'static [usize]],
    /// How many digits it has when written in one piece.
    pub(crate) plain: usize,
    /// What may stand between the groups.
    pub(crate) separators: &'static [u8],
}

/// A number in one of its forms.
pub(crate) struct Number {
    pub(crate) digits: Digits,
    pub(crate) end: usize,
    /// Whether it is written in groups with one separator.
    pub(crate) is_grouped: bool,
}

impl Form {
    /// Reads the number at a place.
    pub(crate) fn read(&self, text: &Text<'_>, start: usize) -> Result<Option<Number>, More> {
        if !begins_with(text, start, 2)? || continues_number(text, start) {
            return Ok(None);
        }
        let Some(digits) = Digits::read(text, start, self.plain, self.separators)? else { return Ok(None) };
        let Some((_, end)) = digits.end(digits.groups()) else { return Ok(None) };
        if digits.all().len() != self.plain || !text.ends_word(end)? || goes_on(text, end)? {
            return Ok(None);
        }
        let plain = digits.groups() == 1;
        let same = matches!(digits.separator, Separator::Same(_));
        let is_grouped = same && self.grouped.iter().any(|sizes| digits.grouped(sizes));
        Ok((plain || is_grouped).then_some(Number { digits, end, is_grouped }))
    }
}

/// Whether so many digits stand at a place: most numbers are short, and this is the cheapest way to say so.
pub(crate) fn begins_with(text: &Text<'_>, place: usize, digits: usize) -> Result<bool, More> {
    for at in place..place + digits {
        if text.digit(at)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a digit and `.` or `-` stand in front of a place: a fraction, or the middle of a longer number.
pub(crate) fn continues_number(text: &Text<'_>, start: usize) -> bool {
    matches!(text.before(start), Some(b'.' | b'-'))
        && text.before(start - 1).is_some_and(|byte| byte.is_ascii_digit())
}

/// Whether `.` or `-` and a digit stand at a place.
pub(crate) fn goes_on(text: &Text<'_>, end: usize) -> Result<bool, More> {
    Ok(matches!(text.peek(end)?, Some(b'.' | b'-')) && text.digit(end + 1)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> Option<Vec<usize>> {
        let digits = Digits::read(&Text::whole(text.as_bytes()), 0, 19, b" -").unwrap()?;
        Some(digits.sizes(9).collect())
    }

    #[test]
    fn groups_end_where_two_separators_stand() {
        assert_eq!(sizes("1234 567-8"), Some(vec![4, 3, 1]));
        assert_eq!(sizes("12  34"), Some(vec![2]));
        assert_eq!(sizes("12-"), Some(vec![2]));
        assert_eq!(sizes(&"1".repeat(19)), Some(vec![19]));
        assert_eq!(sizes(&"1".repeat(20)), None);
        assert_eq!(sizes("1234 1234567890123456"), Some(vec![4]));
    }

    #[test]
    fn more_is_asked_for_only_where_it_decides() {
        let open = |text: &str| Digits::read(&Text::open(text.as_bytes()), 0, 19, b" -").is_err();
        assert!(open("12") && open("12 ") && open("12 3"));
        assert!(!open("12x") && !open("12 x") && !open(&"1".repeat(20)));
    }
}
