//! South African identity numbers: thirteen digits, six of them a date, Luhn.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const ZA_ID_NUMBER: CheckedNumber = CheckedNumber {
    name: "za_id_number",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[6, 4, 3], &[6, 4, 2, 1]], plain: 13, separators: b" " },
    context: &["id", "rsa", "sa", "identity", "african"],
    is_valid,
};

/// The eleventh digit says citizen, resident or refugee.
fn is_valid(digits: &[u8]) -> bool {
    let [a, b, c, d, e, f, _, _, _, _, status, ..] = digits else { return false };
    let (year, month, day) = (a * 10 + b, c * 10 + d, e * 10 + f);
    *status <= 2 && checks::is_day(year, month, day) && checks::luhn(digits)
}
