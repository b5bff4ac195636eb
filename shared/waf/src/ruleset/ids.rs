//! Ids and ranges of ids: `942100`, `942100-942199`.

use std::ops::RangeInclusive;

pub(crate) type IdRange = RangeInclusive<u64>;

/// Reads ids and ranges, separated by blanks or commas.
pub(crate) fn parse_ids(text: &str) -> Result<Vec<IdRange>, String> {
    let items = text.split([' ', ',', '\t']).filter(|item| !item.is_empty());
    let ranges = items.map(range).collect::<Result<Vec<_>, _>>()?;
    match ranges.is_empty() {
        true => Err("expected a rule id".to_owned()),
        false => Ok(ranges),
    }
}

fn range(text: &str) -> Result<IdRange, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let both = first.trim().parse().ok().zip(last.trim().parse().ok());
    both.filter(|(first, last)| first <= last)
        .map(|(first, last)| first..=last)
        .ok_or_else(|| format!("`{text}` is not a rule id or a range of ids"))
}
