//! `@verifyCC`: numbers that pass Luhn's check (ISO/IEC 7812-1, annex B).

use super::{Recipe, Test};

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    super::verify::make(recipe, is_valid)
}

fn is_valid(text: &[u8]) -> bool {
    let digits = || text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    digits().next().is_some() && sum.is_multiple_of(10)
}
