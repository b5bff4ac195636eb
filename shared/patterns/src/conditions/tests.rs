//! What a text must have, against the regex itself on texts of every kind.

use super::*;
use arbtest::arbtest;
use regex::bytes::RegexBuilder;

const FLAGS: RegexOptions = RegexOptions::MODSECURITY;

fn need(pattern: &str, alphabet: Alphabet) -> String {
    let conditions = Conditions::of(pattern, &FLAGS).unwrap();
    let Some(need) = conditions.need(alphabet) else { return "never".to_owned() };
    let atom = |atom: &Atom| {
        let bound = |is_bound| if is_bound { "|" } else { "" };
        let text = String::from_utf8_lossy(&atom.bytes);
        format!("{}{text}{}", bound(atom.bounds.left), bound(atom.bounds.right))
    };
    let atoms: Vec<String> = need.atoms.iter().map(atom).collect();
    format!("{} [{}] {}", need.shortest, atoms.join(" "), need.sets.len())
}

#[test]
fn atoms_are_read_from_patterns() {
    let any = Alphabet::Any;
    assert_eq!(need("(?i)union.*select", any), "11 [select] 0");
    assert_eq!(need(r"\bca[tr]\b", any), "3 [|car| |cat|] 0");
    assert_eq!(need("ab(?:x|yz)?cd|ef", any), "2 [abcd abxcd abyzcd ef] 0");
    assert_eq!(need(r"select\s+from", Alphabet::Sentence), "11 [select ] 1");
    assert_eq!(need("a*", any), "0 [] 0");
    assert_eq!(need("(?:ab){3}", any), "6 [abab] 1");
    assert_eq!(need("(?:abc|xabcx|q[uv])", any), "2 [abc qu qv] 1");
}

#[test]
fn a_smaller_alphabet_leaves_plain_words() {
    let pattern = r#"c['"\\]*a['"\\]*t(?:\s|[;|])"#;
    assert_eq!(need(pattern, Alphabet::Word), "never");
    assert_eq!(need(pattern, Alphabet::Sentence), "4 [cat ] 0");
    assert_eq!(need(pattern, Alphabet::Address), "4 [cat  cat;] 0");
    assert!(!need(pattern, Alphabet::Any).contains("ca"));
}

#[test]
fn texts_find_their_alphabet() {
    let of = |text: &[u8]| Alphabet::of(ByteSet::of(text));
    assert_eq!(of(b"Abc_9"), Alphabet::Word);
    assert_eq!(of(b"a b-c"), Alphabet::Sentence);
    assert_eq!(of(b"a/b?c=d"), Alphabet::Address);
    assert_eq!(of(b"a'b"), Alphabet::Any);
}

#[test]
fn phrases_and_sets() {
    let phrases = [&b"Foo"[..], b"b-r", b"(x"];
    let conditions = Conditions::of_phrases(phrases.into_iter());
    assert!(conditions.allow(b"a FOO") && conditions.allow(b"b-R") && !conditions.allow(b"fo"));
    assert!(!conditions.allow(b"x(") && conditions.allow(b"(X"));
    let conditions = Conditions::of_sets(&[ByteSet::EMPTY.with(b"<=")]);
    assert!(conditions.allow(b"a=b") && !conditions.allow(b"ab"));
}

/// A pattern of a small grammar over a small alphabet.
fn pattern(u: &mut arbtest::arbitrary::Unstructured<'_>, depth: u32) -> arbtest::arbitrary::Result<String> {
    let pieces = [
        "a",
        "b",
        "ab",
        "ba",
        "_",
        " ",
        "'",
        "[ab]",
        "[^a]",
        "[b' ]",
        r"\s",
        r"\w",
        r"\W",
        ".",
        r"\b",
        "^",
        "$",
        "(?i)A",
        r"\B",
        "[[:punct:]]",
        r"\xff",
    ];
    if depth == 0 {
        return Ok((*u.choose(&pieces)?).to_owned());
    }
    let mut sub = || pattern(u, depth - 1);
    let (first, second) = (sub()?, sub()?);
    let repeat = *u.choose(&["", "?", "*", "+", "{2}", "{0}", "{1,3}", "{3,}", "{0,2}?"])?;
    Ok(match u.int_in_range(0..=3)? {
        0 => format!("{first}{second}"),
        1 => format!("(?:{first}|{second})"),
        2 => format!("(?:{first}){repeat}"),
        _ => format!("({first}{second}){repeat}|{second}"),
    })
}

#[test]
fn every_match_has_what_its_pattern_needs() {
    let mut matches = 0u32;
    let mut refused = 0u32;
    arbtest(|u| {
        let depth = u.int_in_range(1..=4)?;
        let pattern = pattern(u, depth)?;
        let mut builder = RegexBuilder::new(&pattern);
        let regex = builder.unicode(false).dot_matches_new_line(true).multi_line(true).build().unwrap();
        let conditions = Conditions::of(&pattern, &FLAGS).unwrap();
        for _ in 0..8 {
            let mut text = Vec::new();
            for _ in 0..u.int_in_range(0..=9)? {
                text.push(*u.choose(b"aabbAB_ '\xff\n")?);
            }
            let is_match = regex.is_match(&text);
            assert!(!is_match || conditions.allow(&text), "{pattern} on {}", text.escape_ascii());
            matches += u32::from(is_match);
            refused += u32::from(!conditions.allow(&text));
        }
        Ok(())
    })
    .budget_ms(3_000);
    assert!(matches > 200 && refused > 100, "{matches} matches, {refused} refused");
}

#[test]
fn bytes_give_back_what_was_written() {
    arbtest(|u| {
        let pattern = pattern(u, 3)?;
        let conditions = Conditions::of(&pattern, &FLAGS).unwrap();
        let mut bytes = Vec::new();
        conditions.to_bytes(&mut bytes);
        let mut rest = &bytes[..];
        assert_eq!(Conditions::from_bytes(&mut rest), Ok(conditions));
        assert!(rest.is_empty());
        let short = &bytes[..bytes.len() - 1];
        let _ = Conditions::from_bytes(&mut &short[..u.int_in_range(0..=short.len())?]);
        Ok(())
    });
}
