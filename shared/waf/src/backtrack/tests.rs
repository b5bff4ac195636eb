//! What patterns match, and that no text makes them run on.

use super::{Flags, Program};
use regex::bytes::RegexBuilder;

fn find(pattern: &str, text: &[u8]) -> Option<Vec<Option<String>>> {
    let program = Program::compile(pattern, Flags::RX).unwrap();
    let show = |range: std::ops::Range<usize>| String::from_utf8_lossy(&text[range]).into_owned();
    program.find_at(text, 0).map(|groups| groups.into_iter().map(|group| group.map(show)).collect())
}

#[track_caller]
fn check(pattern: &str, text: &str, expected: Option<&str>) {
    let found = find(pattern, text.as_bytes()).map(|groups| groups[0].clone().unwrap());
    assert_eq!(found.as_deref(), expected, "{pattern} on {text}");
}

#[test]
fn look_around() {
    check(r"<\?(?!xml)", "<?xml <?php", Some("<?"));
    check(r"<\?(?!xml)", "<?xml", None);
    check(r"foo(?=bar)", "foobaz foobar", Some("foo"));
    check(r"(?<=a)b", "cb ab", Some("b"));
    check(r"(?<!a)b", "ab", None);
    check(r"(?<=ab|c)d", "cd", Some("d"));
    check(r"(?<=\d{2})x", "1x12x", Some("x"));
    check(r"^(?=.*\d)(?=.*[a-z]).{4,}$", "abc1", Some("abc1"));
    check(r"^(?!ref)", "ref", None);
    check(r"(?<![\w.])\d+(?!\d)", "a1 22", Some("22"));
}

#[test]
fn references_and_atoms() {
    check(r"(['\x22]).*?\1", "a 'b\" c' d", Some("'b\" c'"));
    check(r"(?<q>a|b)x\k<q>", "axb bxb", Some("bxb"));
    check(r"(?i)(ab)\g{-1}", "aBAb", Some("aBAb"));
    check(r"(?>a+)b", "aaab", Some("aaab"));
    check(r"(?>a+)ab", "aaab", None);
    check(r"a++b", "aab", Some("aab"));
    check(r"a*+a", "aaa", None);
    check(r"(a)|\1b", "b", None);
}

#[test]
fn groups_are_those_of_the_match() {
    let groups = find(r"(?=(a+))a(b)?(c)", b"xaac").unwrap();
    assert_eq!(groups, [Some("ac".into()), Some("a".into()), None, Some("c".into())]);
    assert_eq!(find(r"(?!(a))b", b"b").unwrap(), [Some("b".into()), None]);
}

#[test]
fn the_rest_of_the_notation() {
    check(r"(?x) a b # no", "ab", Some("ab"));
    check(r"(?i:A)b(?-i)", "ab", Some("ab"));
    check(r"[[:digit:]a-c\]-]+", "x1b]-z", Some("1b]-"));
    check(r"[^\W\d_]+", "12ab_", Some("ab"));
    check(r"\x41\x{42}\103\t\Q.*\E", "ABC\t.*", Some("ABC\t.*"));
    check(r"a{2,3}?", "aaaa", Some("aa"));
    check(r"a{,3}", "a{,3}", Some("a{,3}"));
    check(r"(?:a|ab)(?:c|bcd)(d*)", "abcd", Some("abcd"));
    check(r"(?:(?:a*)*)*b", "aaab", Some("aaab"));
    check(r"\bfoo\b.\bx?", "a foo bar", Some("foo "));
    check(r"a.c(?s-m)$", "a\nc", Some("a\nc"));
}

#[test]
fn faults() {
    for bad in [
        "(",
        ")",
        "[a",
        "a**+*+(",
        "*a",
        r"\1",
        r"(?<n>a)\k<m>",
        "(?<=a+)b",
        r"\y",
        "(?(1)a)",
        "(?R)",
        "a{2,1}",
        "[b-a]",
        "\\",
    ] {
        assert!(Program::compile(bad, Flags::RX).is_err(), "{bad}");
    }
    assert!(Program::compile(&"(".repeat(200), Flags::RX).is_err());
    assert!(Program::compile("((a{900}){900}){900}", Flags::RX).is_err());
}

#[test]
fn agrees_with_the_linear_engine() {
    let patterns = [
        "a|ab|abc",
        "(a+)(b*)c?",
        "(?:a|b)*?c",
        "^b|a$",
        "[^a]+",
        "(a|b)(a|c)?",
        "a{2}b?",
        r"\ba",
        r"(a*)(a|b)",
        "(?i)AB",
        "(?:ab?)+",
        "(a??)(b+)",
        r"\s+\S",
    ];
    arbtest::arbtest(|u| {
        let pattern = *u.choose(&patterns)?;
        let text: Vec<u8> =
            (0..u.int_in_range(0..=12)?).map(|_| u.choose(b"abcA \n").copied()).collect::<Result<_, _>>()?;
        let mut builder = RegexBuilder::new(pattern);
        let regex = builder.unicode(false).multi_line(true).dot_matches_new_line(true).build().unwrap();
        let expected = regex
            .captures(&text)
            .map(|groups| groups.iter().map(|g| g.map(|g| g.range())).collect::<Vec<_>>());
        let found = Program::compile(pattern, Flags::RX).unwrap().find_at(&text, 0);
        assert_eq!(found, expected, "{pattern} on {}", text.escape_ascii());
        Ok(())
    });
}

#[test]
fn no_text_makes_it_run_on() {
    let hostile = [
        (r"(?:a+)+(?!b)$", "a".repeat(50_000) + "b"),
        (r"(?=.*x)(?=.*y)z", "z".repeat(100_000)),
        (r"(.*)\1\1x", "ab".repeat(20_000)),
        (r"(?<!a)(?:b*)*c", "b".repeat(100_000)),
    ];
    for (pattern, text) in &hostile {
        let begin = std::time::Instant::now();
        Program::compile(pattern, Flags::RX).unwrap().is_match(text.as_bytes());
        assert!(begin.elapsed().as_millis() < 2_000, "{pattern}");
    }
}
