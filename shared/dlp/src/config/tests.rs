//! Good configurations, and bad ones with the very line that they get.

use super::*;
use crate::Dlp;
use portcullis_core::{Boot, Plugin};

fn load(text: &str) -> Result<Dlp, String> {
    let config: DlpConfig = serde_json::from_str(text).map_err(|error| place_cut(&error.to_string()))?;
    Dlp::new(&config).map_err(|error| error.to_string())
}

/// The host puts a path in place of line and column.
fn place_cut(error: &str) -> String {
    error.split(" at line ").next().unwrap().to_owned()
}

#[track_caller]
fn check_bad(text: &str, expected: &str) {
    assert_eq!(load(text).err().as_deref(), Some(expected), "{text}");
}

#[track_caller]
fn check_bad_rule(detect_and_action: &str, expected: &str) {
    check_bad(&format!(r#"{{"rules": [{{"name": "a", {detect_and_action}}}]}}"#), expected);
}

#[test]
fn good_ones() {
    for text in [
        "{}",
        r#"{"direction": "both", "onUninspectable": "pass", "contentTypes": ["text/*", "*/*+json", "*/*"]}"#,
        r#"{"rules": [{"name": "a", "detect": {"detector": "card", "minScore": 0}, "action": {"count": {}}}]}"#,
        r#"{"rules": [{"name": "a", "detect": {"regex": "k=(?<v>\\w+)", "group": "v", "maxLength": 99}}]}"#,
        r#"{"rules": [{"name": "a", "detect": {"regex": "(a)(b)", "group": 2, "caseInsensitive": true},
            "action": {"mask": {"char": "X", "percent": 60, "keepSeparators": true}}}]}"#,
    ] {
        assert_eq!(load(text).err(), None, "{text}");
    }
}

#[test]
fn unknown_fields_and_values_are_refused() {
    check_bad(
        r#"{"rule": []}"#,
        "unknown field `rule`, expected one of `direction`, `contentTypes`, `onUninspectable`, `rules`",
    );
    check_bad(
        r#"{"direction": "off"}"#,
        "unknown variant `off`, expected one of `request`, `response`, `both`",
    );
    check_bad_rule(
        r#""detect": {"detector": "card", "x": 1}"#,
        "unknown field `x`, expected one of `detector`, `minScore`, `regex`, `group`, `caseInsensitive`, `maxLength`",
    );
    check_bad_rule(
        r#""detect": {}, "action": {"block": {}}"#,
        "unknown variant `block`, expected `mask` or `count`",
    );
}

#[test]
fn rules_and_names() {
    check_bad(r#"{"rules": []}"#, "rules: no rule; leave the field out for the default rules");
    check_bad(
        r#"{"rules": [{"name": "a b", "detect": {}}]}"#,
        "rules[0].name: `a b` is no name: 1 to 64 letters, digits and `_`",
    );
    check_bad(
        r#"{"rules": [{"name": "a", "detect": {"detector": "card"}}, {"name": "a", "detect": {"detector": "card"}}]}"#,
        "rules[1].name: `a` is there twice",
    );
    let many = |index| format!(r#"{{"name": "a{index}", "detect": {{"detector": "card"}}}}"#);
    let many: Vec<_> = (0..33).map(many).collect();
    check_bad(
        &format!(r#"{{"rules": [{}]}}"#, many.join(",")),
        "rules: 33 rules with a `detector`, at most 32",
    );
}

#[test]
fn what_a_rule_looks_for() {
    check_bad_rule(r#""detect": {}"#, "rules[0].detect: one of `detector` and `regex` is needed");
    check_bad_rule(
        r#""detect": {"detector": "card", "regex": "a"}"#,
        "rules[0].detect: one of `detector` and `regex` is needed",
    );
    check_bad_rule(
        r#""detect": {"detector": "cards"}"#,
        "rules[0].detect.detector: no detector `cards`; there are aba_routing, au_abn, au_acn, au_medicare, au_tfn, ca_sin, card, \
         email, iban, in_aadhaar, ipv4, ipv6, mac, pl_pesel, tr_national_id, uk_nhs, us_itin, us_npi, us_ssn, za_id_number",
    );
    check_bad_rule(
        r#""detect": {"detector": "card", "minScore": 101}"#,
        "rules[0].detect.minScore: 101 is more than 100",
    );
    check_bad_rule(
        r#""detect": {"detector": "card", "maxLength": 5}"#,
        "rules[0].detect.maxLength: only with `regex`",
    );
    check_bad_rule(
        r#""detect": {"regex": "a", "minScore": 5}"#,
        "rules[0].detect.minScore: only with `detector`",
    );
}

#[test]
fn regexes_have_an_end() {
    check_bad_rule(
        r#""detect": {"regex": "a(b"}"#,
        "rules[0].detect.regex: `a(b` is no regex: unclosed group",
    );
    check_bad_rule(
        r#""detect": {"regex": "a+"}"#,
        "rules[0].detect.regex: a match can be of any length: set `maxLength`",
    );
    check_bad_rule(
        r#""detect": {"regex": "a{513}"}"#,
        "rules[0].detect.regex: a match can have 513 bytes, more than 512: set `maxLength`",
    );
    check_bad_rule(
        r#""detect": {"regex": "a+", "maxLength": 513}"#,
        "rules[0].detect.maxLength: 513 is not within 1 and 512",
    );
    check_bad_rule(
        r#""detect": {"regex": "a{9}b+", "maxLength": 5}"#,
        "rules[0].detect.regex: the shortest match of `a{9}b+` has 10 bytes, more than 5",
    );
    check_bad_rule(
        r#""detect": {"regex": "a?"}"#,
        "rules[0].detect.regex: `a?` can match the empty text, or nothing at all",
    );
    check_bad_rule(
        r#""detect": {"regex": "(a)", "group": 2}"#,
        "rules[0].detect.group: the regex has 1 groups",
    );
    check_bad_rule(
        r#""detect": {"regex": "(a)", "group": "n"}"#,
        "rules[0].detect.group: the regex has no group `n`",
    );
}

#[test]
fn masks_and_types() {
    let mask = |mask: &str, expected: &str| {
        check_bad_rule(
            &format!(r#""detect": {{"detector": "card"}}, "action": {{"mask": {mask}}}"#),
            expected,
        );
    };
    let no_char = |char: &str| {
        format!(
            "rules[0].action.mask.char: `{char}` is not one visible ASCII character other than a digit and `\"\\<>&`"
        )
    };
    for char in ["", "ab", "7", "<", " ", "\u{2022}"] {
        mask(&format!(r#"{{"char": "{char}"}}"#), &no_char(char));
    }
    mask(r#"{"percent": 101}"#, "rules[0].action.mask.percent: 101 is more than 100");
    mask(
        r#"{"percent": 10, "keepLast": 0}"#,
        "rules[0].action.mask.percent: not together with `keepFirst` or `keepLast`",
    );
    for bad in ["text", "Text/html", "text/html; charset=utf-8", "*/html", "te*/x"] {
        check_bad(
            &format!(r#"{{"contentTypes": ["text/*", "{bad}"]}}"#),
            &format!("contentTypes[1]: `{bad}` is no media type: `type/subtype`, `type/*` or `*/*+suffix`"),
        );
    }
}

#[test]
fn equal_settings_are_compiled_once_and_errors_say_whose() {
    let config = |text: &str| serde_json::from_str::<DlpConfig>(text).unwrap();
    let made =
        Dlp::compile(vec![config("{}"), config(r#"{"direction": "both"}"#), config("{}")], &Boot::default());
    let made = made.unwrap();
    assert!(std::rc::Rc::ptr_eq(&made[0], &made[2]) && !std::rc::Rc::ptr_eq(&made[0], &made[1]));
    let error = Dlp::compile(vec![config("{}"), config(r#"{"rules": []}"#)], &Boot::default()).err().unwrap();
    assert_eq!(error.config, 1);
}
