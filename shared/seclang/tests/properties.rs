//! No text makes the parser panic, and what it prints means what it read.

use arbtest::arbtest;
use portcullis_seclang::parse;

/// Pieces that texts are put together from, so that most of them come far into the parser.
const PIECES: &[&str] = &[
    "SecRule",
    "SecAction",
    "SecMarker",
    "Include",
    " ",
    "\t",
    "\n",
    "\\\n",
    "\\",
    "\"",
    "'",
    "ARGS",
    "|",
    "!",
    "&",
    ":",
    "/",
    "/^a|b/",
    "XML:/*",
    "@rx",
    "@",
    "id:1",
    "phase:2",
    ",",
    "msg:'a, b'",
    "setvar:tx.a='b,c'",
    "=",
    "#",
    "\\\"",
    "\\'",
    "%{tx.a}",
    "é",
    "\0",
    "\r",
    "t:none",
    "SecRule ARGS \"@rx a\" \"id:1",
    "\"\n",
];

#[test]
fn parse_and_print_agree() {
    let mut parsed = 0;
    arbtest(|u| {
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=24)? {
            text.push_str(u.choose(PIECES)?);
        }
        if let Ok(document) = parse("a", &text) {
            parsed += 1;
            let printed = document.to_string();
            let again =
                parse("b", &printed).unwrap_or_else(|error| panic!("{text:?} -> {printed:?}: {error}"));
            assert!(document.same_text(&again), "{text:?} -> {printed:?}");
        }
        Ok(())
    })
    .budget_ms(1_500);
    assert!(parsed > 100, "only {parsed} texts parsed");
}

/// Found by the property above.
#[test]
fn what_quotes_cannot_hold_stands_without_them() {
    for text in
        [r#"SecAction a:2\"b"#, r#"SecRule ARGS "@rx a" "id:1 !b'c'@\,""#, r#"SecRule ARGS &\"a id:1"#]
    {
        let document = parse("a", text).unwrap();
        let printed = document.to_string();
        assert!(document.same_text(&parse("b", &printed).unwrap()), "{text:?} -> {printed:?}");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    arbtest(|u| {
        let text: String = u.arbitrary()?;
        let _ = parse("a", &text);
        Ok(())
    })
    .budget_ms(500);
}

#[test]
fn faults_have_their_place() {
    for (text, expected) in [
        ("\n  SecRule ARGS", "f:2:3: `SecRule` needs variables and an operator"),
        ("SecRule ARGS \\\n  \"@rx a", "f:2:3: a quoted argument does not end"),
        ("SecRule \"ARGS|\\\"\" \"a\"", "f:1:15: expected a variable at `\"`"),
        ("SecAction \"id:1,\\\n  msg:'x\"", "f:2:7: a quoted value does not end"),
        ("SecRule ARGS a b c", "f:1:18: `SecRule` takes no fourth argument"),
        ("!", "f:1:1: expected a directive at `!`"),
    ] {
        assert_eq!(parse("f", text).unwrap_err().to_string(), expected, "{text}");
    }
}
