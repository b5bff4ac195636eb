//! Indian Aadhaar numbers: twelve digits from 2 on, Verhoeff; no palindromes.

use super::checked_number::CheckedNumber;
use crate::checks;
use crate::digits::Form;
use portcullis_patterns::ByteSet;

pub(super) const IN_AADHAAR: CheckedNumber = CheckedNumber {
    name: "in_aadhaar",
    first: ByteSet::EMPTY.with_range(b'2', b'9'),
    form: Form { grouped: &[&[4, 4, 4]], plain: 12, separators: b" -:" },
    context: &["aadhaar", "aadhar", "uidai", "uid"],
    is_valid,
};

fn is_valid(digits: &[u8]) -> bool {
    checks::verhoeff(digits) && !digits.iter().eq(digits.iter().rev())
}
