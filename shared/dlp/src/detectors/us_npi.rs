//! US national provider identifiers: ten digits from 1 or 2 on, Luhn over 80840 and the number.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const US_NPI: CheckedNumber = CheckedNumber {
    name: "us_npi",
    first: ByteSet::EMPTY.with_range(b'1', b'2'),
    form: Form { grouped: &[&[4, 3, 3]], plain: 10, separators: b" -" },
    context: &["npi", "provider", "prescriber", "practitioner"],
    is_valid,
};

/// The prefix 80840 adds 24 to the sum of the Luhn check.
fn is_valid(digits: &[u8]) -> bool {
    let mut prefixed = [8, 0, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (slot, digit) in prefixed.iter_mut().skip(5).zip(digits) {
        *slot = *digit;
    }
    checks::luhn(&prefixed) && !checks::is_uniform(digits.get(1..).unwrap_or_default())
}
