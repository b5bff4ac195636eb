//! `@verifyCPF`: Brazil's tax numbers, eleven digits of which two are checks.

use super::digits::{all_same, exactly, weighted};
use super::{Recipe, Test};

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    super::verify::make(recipe, is_valid)
}

fn is_valid(text: &[u8]) -> bool {
    let Some(digits) = exactly::<11>(text) else { return false };
    let check = |weights: &[u32]| match weighted(&digits, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    let [.., first, second] = digits;
    !all_same(&digits)
        && first == check(&[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && second == check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}
