//! Australian business numbers: eleven digits, weights, mod 89.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const AU_ABN: CheckedNumber = CheckedNumber {
    name: "au_abn",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[2, 3, 3, 3]], plain: 11, separators: b" " },
    context: &["abn", "business"],
    is_valid,
};

/// One is taken from the first digit.
fn is_valid(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    let sum = checks::weighted(digits, &WEIGHTS);
    !matches!(digits.first(), Some(0)) && (sum + 79).is_multiple_of(89)
}
