//! `@verifySVNR`: Austria's social security numbers, ten digits of which the fourth is a check.

use super::digits::{all_same, exactly, rising, weighted};
use super::{Recipe, Test};

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    super::verify::make(recipe, is_valid)
}

fn is_valid(text: &[u8]) -> bool {
    let Some(digits) = exactly::<10>(text) else { return false };
    let [_, _, _, check, ..] = digits;
    let expected = weighted(&digits, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 % 10;
    expected == check && !all_same(&digits) && !rising(&digits)
}
