//! Australian company numbers: nine digits, weights 8 to 1, a check digit mod 10.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const AU_ACN: CheckedNumber = CheckedNumber {
    name: "au_acn",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[3, 3, 3]], plain: 9, separators: b" " },
    context: &["acn", "company"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    checks::weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]).is_multiple_of(10) && !checks::is_uniform(digits)
}
