//! Turkish identity numbers: eleven digits, none first a zero, two check digits.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const TR_NATIONAL_ID: CheckedNumber = CheckedNumber {
    name: "tr_national_id",
    first: ByteSet::EMPTY.with_range(b'1', b'9'),
    form: Form { grouped: &[], plain: 11, separators: b"" },
    context: &["tckn", "tc", "kimlik", "vatandas", "turkish"],
    is_valid,
};

/// The tenth digit is seven times the odd places less the even ones, the eleventh the sum of all, each mod 10.
fn is_valid(digits: &[u8]) -> bool {
    let tenth = checks::weighted(digits, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
    let eleventh = checks::weighted(digits, &[1; 10]) % 10;
    digits.get(9..).is_some_and(|check| check.iter().map(|digit| u32::from(*digit)).eq([tenth, eleventh]))
}
