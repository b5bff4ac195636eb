//! Each detector against its file in `testdata`: at least five hits and five near misses.

use super::*;
use crate::text::Text;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// A text, and what is found in it.
    hits: Vec<(String, String)>,
    misses: Vec<String>,
}

/// What a detector finds first, at the score that a rule takes if it says nothing.
fn first_finding(detector: &dyn Detector, text: &str) -> Option<String> {
    let whole = Text::whole(text.as_bytes());
    let asked = |place: &usize| match detector.trigger() {
        Trigger::WordStart(set) => set.contains(text.as_bytes()[*place]) && whole.starts_word(*place),
        Trigger::Anywhere(set) => set.contains(text.as_bytes()[*place]),
    };
    let found = (0..text.len()).filter(asked).find_map(|place| {
        let finding = detector.at(&whole, place).unwrap()?;
        (finding.score >= Score::DEFAULT_MINIMUM).then_some(finding.range)
    })?;
    Some(text.get(found).unwrap().to_owned())
}

#[test]
fn each_detector_has_hits_and_near_misses() {
    for detector in ALL {
        let name = detector.name();
        let file = format!("{}/testdata/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let cases: Cases = toml::from_str(&std::fs::read_to_string(&file).expect(&file)).expect(&file);
        assert!(cases.hits.len() >= 5 && cases.misses.len() >= 5, "{name}: too few cases");
        for (text, expected) in &cases.hits {
            assert_eq!(first_finding(*detector, text).as_deref(), Some(&**expected), "{name}: {text}");
        }
        for text in &cases.misses {
            assert_eq!(first_finding(*detector, text), None, "{name}: {text}");
        }
    }
}

#[test]
fn names_are_in_order_and_found() {
    assert!(ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
    assert!(by_name("card").is_some() && by_name("Card").is_none());
}

/// Of random bare numbers of sixteen digits few are cards, for most ranges need a context word.
#[test]
fn few_random_numbers_are_cards() {
    let card = by_name("card").unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % 10_000_000_000_000_000
    };
    let total = 50_000;
    let found = (0..total).filter(|_| first_finding(card, &format!("{:016}", random())).is_some()).count();
    assert!(found * 1000 <= total * 26, "{found} of {total}");
}
