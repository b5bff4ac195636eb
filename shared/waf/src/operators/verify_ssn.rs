//! `@verifySSN`: US social security numbers, of nine digits, by area, group and serial as ModSecurity has it.

use super::digits::{all_same, exactly, rising};
use super::{Recipe, Test};

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    super::verify::make(recipe, is_valid)
}

fn is_valid(text: &[u8]) -> bool {
    let Some(digits) = exactly::<9>(text) else { return false };
    let [a, b, c, d, e, f, g, h, i] = digits;
    let (area, group, serial) = (a * 100 + b * 10 + c, d * 10 + e, f * 1000 + g * 100 + h * 10 + i);
    let in_use = area != 0 && area < 740 && area != 666 && group != 0 && serial != 0;
    in_use && !all_same(&digits) && !rising(&digits)
}
