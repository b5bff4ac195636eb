//! What is looked for: one file a detector, each with its form, its check and its context words. The numbers that
//! differ in nothing else are constants of one type, `CheckedNumber`.

mod aba_routing;
mod au_abn;
mod au_acn;
mod au_medicare;
mod au_tfn;
mod ca_sin;
mod card;
mod checked_number;
mod email;
mod iban;
mod in_aadhaar;
mod ipv4;
mod ipv6;
mod mac;
mod pl_pesel;
mod tr_national_id;
mod uk_nhs;
mod us_itin;
mod us_npi;
mod us_ssn;
mod za_id_number;

#[cfg(test)]
mod tests;

use crate::text::{More, Text};
use portcullis_patterns::ByteSet;
use std::ops::Range;

/// Finds one kind of value.
///
/// The answer for a place may depend on [`crate::text::HISTORY`] bytes in front of the finding and on what stands
/// behind it, but never on how the text came in pieces: where a byte is missing that decides, it is [`More`].
pub trait Detector: Sync {
    /// Its name in configurations and metrics.
    fn name(&self) -> &'static str;

    /// The bytes at which [`Detector::at`] is asked.
    fn trigger(&self) -> Trigger;

    /// The finding that belongs to the trigger at this place.
    fn at(&self, text: &Text<'_>, place: usize) -> Result<Option<Finding>, More>;

    /// Where a finding of the trigger at this place can begin, at the earliest, while [`Detector::at`] says [`More`].
    fn earliest(&self, _text: &Text<'_>, place: usize) -> usize {
        place
    }

    /// From where on the text must be kept although it has no trigger yet; its length if nothing need be kept.
    fn pending(&self, text: &Text<'_>) -> usize {
        text.bytes().len()
    }
}

/// When a detector is asked.
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    /// At these bytes, where no letter, digit or `_` stands in front of them.
    WordStart(ByteSet),
    /// At these bytes wherever they stand.
    Anywhere(ByteSet),
}

/// A value that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its bytes.
    pub range: Range<usize>,
    /// How sure it is.
    pub score: Score,
}

/// How sure a finding is, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(pub u8);

impl Score {
    /// A form that many other values have: useful only where nothing else can stand.
    pub(crate) const WEAK: Score = Score(20);
    /// A form that some other values have: counts near a context word.
    pub(crate) const MEDIUM: Score = Score(40);
    /// What a rule takes if it says nothing.
    pub const DEFAULT_MINIMUM: Score = Score(50);
    /// A form with a check, or near a context word.
    pub(crate) const STRONG: Score = Score(90);

    /// Strong near a context word, else this.
    fn or_strong_near(self, text: &Text<'_>, place: usize, words: &[&str]) -> Score {
        if self < Score::STRONG && text.has_context(place, words) { Score::STRONG } else { self }
    }
}

/// All detectors, in the order of their names.
pub static ALL: &[&dyn Detector] = &[
    &aba_routing::ABA_ROUTING,
    &au_abn::AU_ABN,
    &au_acn::AU_ACN,
    &au_medicare::AU_MEDICARE,
    &au_tfn::AU_TFN,
    &ca_sin::CA_SIN,
    &card::Card,
    &email::Email,
    &iban::Iban,
    &in_aadhaar::IN_AADHAAR,
    &ipv4::Ipv4,
    &ipv6::Ipv6,
    &mac::Mac,
    &pl_pesel::PL_PESEL,
    &tr_national_id::TR_NATIONAL_ID,
    &uk_nhs::UK_NHS,
    &us_itin::UsItin,
    &us_npi::US_NPI,
    &us_ssn::UsSsn,
    &za_id_number::ZA_ID_NUMBER,
];

/// The detector of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Detector> {
    ALL.iter().find(|detector| detector.name() == name).copied()
}
