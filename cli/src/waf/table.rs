//! Tables of aligned columns.

use std::fmt::Write as _;

/// Rows under a header; columns of numbers stand to the right.
pub(crate) fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = header.len();
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |text| text.chars().count());
    let width = |column: usize| {
        let longest = rows.iter().map(|row| cell(row, column)).max().unwrap_or_default();
        longest.max(header.get(column).map_or(0, |title| title.chars().count()))
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let is_number = |column: usize| {
        let mut texts =
            rows.iter().filter_map(|row| row.get(column)).filter(|text| !text.is_empty()).peekable();
        texts.peek().is_some() && texts.all(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbers: Vec<bool> = (0..columns).map(is_number).collect();
    let titles: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    let mut out = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for (column, (text, width)) in row.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            // Writing to a string cannot fail.
            let _infallible = match numbers.get(column) {
                Some(true) => write!(line, "{gap}{text:>width$}"),
                _ => write!(line, "{gap}{text:<width$}"),
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned() {
        let rows = [["942100", "7", "a b"], ["1", "12", ""]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            super::render(&["rule", "count", "what"], &rows),
            "  rule  count  what\n942100      7  a b\n     1     12\n"
        );
    }
}
