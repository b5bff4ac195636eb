//! US bank routing numbers (ABA): nine digits, the first two of a Federal Reserve district, weights 3, 7 and 1.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const ABA_ROUTING: CheckedNumber = CheckedNumber {
    name: "aba_routing",
    first: ByteSet::DIGIT,
    form: Form { grouped: &[&[4, 4, 1]], plain: 9, separators: b"-" },
    context: &["aba", "routing", "rtn", "bank", "wire"],
    is_valid,
};

/// The first two digits are those of the districts, thrift institutions, electronic processing or checks of the state.
fn is_valid(digits: &[u8]) -> bool {
    let [tens, ones, ..] = digits else { return false };
    let district = matches!(tens * 10 + ones, 1..=12 | 21..=32 | 61..=72 | 80);
    district && checks::weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}
