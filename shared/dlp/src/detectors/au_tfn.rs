//! Australian tax file numbers: nine digits, weights, mod 11.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const AU_TFN: CheckedNumber = CheckedNumber {
    name: "au_tfn",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[3, 3, 3]], plain: 9, separators: b" " },
    context: &["tfn", "tax"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    checks::weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !checks::is_uniform(digits)
}
