//! Canadian social insurance numbers: nine digits, Luhn; none begins with 0 or 8.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const CA_SIN: CheckedNumber = CheckedNumber {
    name: "ca_sin",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[3, 3, 3]], plain: 9, separators: b" -" },
    context: &["sin", "social", "insurance", "nas", "assurance"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    !matches!(digits.first(), Some(0 | 8)) && checks::luhn(digits) && !checks::is_uniform(digits)
}
