//! `@validateNid`: national identity numbers, `cl` of Chile and `us` of the United States, that a pattern finds (Coraza).

use super::digits::{all_same, rising};
use super::{Recipe, Test};

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    let fault = || "`@validateNid` needs `cl` or `us` and a pattern".to_owned();
    let (country, pattern) = recipe.argument.split_once(' ').ok_or_else(fault)?;
    let check = match country {
        "cl" => chile,
        "us" => united_states,
        _ => return Err(fault()),
    };
    let argument = pattern.trim_start().to_owned().into();
    super::verify::make(&Recipe { argument: &argument, ..*recipe }, check)
}

/// The last sign is what the digits times 2 to 7, from the right, leave of 11.
fn chile(text: &[u8]) -> bool {
    let signs: Vec<u8> = text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let Some((last, digits)) = signs.split_last().filter(|(_, digits)| (7..=9).contains(&digits.len()))
    else {
        return false;
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weights = (2..=7).cycle();
    let sum: u32 =
        digits.iter().rev().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'k',
        number => b'0' + number as u8,
    };
    last.to_ascii_lowercase() == expected
}

/// Area, group and serial number: none is zero, and some areas were never given out.
fn united_states(text: &[u8]) -> bool {
    let Some(digits) = super::digits::exactly::<9>(text) else { return false };
    let number = |range: std::ops::Range<usize>| {
        digits.get(range).unwrap_or_default().iter().fold(0, |number, digit| number * 10 + digit)
    };
    let (area, group, serial) = (number(0..3), number(3..5), number(5..9));
    let is_given = area != 0 && area != 666 && area < 740 && group != 0 && serial != 0;
    is_given && !all_same(&digits) && !rising(&digits)
}

#[cfg(test)]
mod tests {
    use super::{chile, united_states};

    #[test]
    fn numbers() {
        for (number, expected) in
            [("11.111.111-1", true), ("16100407-3", true), ("16100407-4", false), ("1-9", false)]
        {
            assert_eq!(chile(number.as_bytes()), expected, "{number}");
        }
        for (number, expected) in
            [("547-89-8912", true), ("000-89-8912", false), ("666-11-2222", false), ("123456789", false)]
        {
            assert_eq!(united_states(number.as_bytes()), expected, "{number}");
        }
    }
}
