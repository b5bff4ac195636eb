//! Polish PESEL numbers: eleven digits, six of them a date, weights 1, 3, 7 and 9.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const PL_PESEL: CheckedNumber = CheckedNumber {
    name: "pl_pesel",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[], plain: 11, separators: b"" },
    context: &["pesel"],
    is_valid,
};

/// The month carries the century: 80, 00, 20, 40 or 60 is added to it.
fn is_valid(digits: &[u8]) -> bool {
    let [a, b, m, month, d, day, ..] = digits else { return false };
    let date = checks::is_day(a * 10 + b, (m % 2) * 10 + month, d * 10 + day);
    date && checks::weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}
