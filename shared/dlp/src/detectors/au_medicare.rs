//! Australian Medicare numbers: ten digits from 2 to 6 on, the ninth a check digit.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const AU_MEDICARE: CheckedNumber = CheckedNumber {
    name: "au_medicare",
    first: ByteSet::EMPTY.with_range(b'2', b'6'),
    form: Form { grouped: &[&[4, 5, 1]], plain: 10, separators: b" " },
    context: &["medicare"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    let sum = checks::weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]);
    digits.get(8).is_some_and(|check| sum % 10 == u32::from(*check))
}
