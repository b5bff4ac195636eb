//! UK NHS numbers: ten digits, weights 10 to 1, a multiple of eleven.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const UK_NHS: CheckedNumber = CheckedNumber {
    name: "uk_nhs",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[3, 3, 4]], plain: 10, separators: b" -" },
    context: &["nhs", "health", "patient"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    checks::weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
        && !checks::is_uniform(digits)
}
