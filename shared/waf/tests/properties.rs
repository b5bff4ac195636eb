//! No bytes make an operator, a transformation or a transaction panic, and fuel ends all work.

use arbtest::arbtest;
use portcullis_waf::operators::{Captures, Compile, Recipe, compile, libinjection, names};
use portcullis_waf::transformations::Transformation;
use portcullis_waf::{Ruleset, Transaction};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Pieces that attacks are made of, so that texts come far into the detectors.
const PIECES: &[&[u8]] = &[
    b"'",
    b"\"",
    b" or ",
    b"1",
    b"=",
    b"--",
    b"/*",
    b"*/",
    b"union select",
    b"(",
    b")",
    b"<",
    b">",
    b"<script",
    b"on",
    b"&#x3c;",
    b"%3c",
    b"%u0041",
    b"\\x41",
    b"\\u0041",
    b"\0",
    b"\xff",
    b"\xc0\xaf",
    b"../",
    b";",
    b"|",
    b"${",
    b"}",
    b"x",
    b"@@",
    b"`",
    b"#",
    b"$$",
    b"0x41",
    b"e1",
    b"{",
    b"[",
    b"\r\n",
    b"+",
    b"\\",
];

fn text(u: &mut arbtest::arbitrary::Unstructured<'_>) -> arbtest::arbitrary::Result<Vec<u8>> {
    let mut text = Vec::new();
    for _ in 0..u.int_in_range(0..=20)? {
        match u.ratio(1, 4)? {
            true => text.push(u.arbitrary()?),
            false => text.extend_from_slice(u.choose(PIECES)?),
        }
    }
    Ok(text)
}

#[test]
fn libinjection_never_panics() {
    arbtest(|u| {
        let text = text(u)?;
        let _ = (libinjection::sqli(&text), libinjection::xss(&text));
        Ok(())
    })
    .budget_ms(1_500);
}

#[test]
fn no_operator_or_transformation_panics() {
    let nothing = |_: &str| Some("10.0.0.0/8\n".into());
    let tests: Vec<_> = names()
        .map(|name| {
            let argument = match name {
                "ipmatch" => "10.0.0.0/8,::1",
                "validatebyterange" => "1-255",
                "validatenid" => "us a",
                _ => "a",
            };
            let argument = &argument.into();
            let recipe = Recipe { argument, has_macros: false, files: &nothing, compile: Compile::Now };
            compile(name, &recipe).unwrap()
        })
        .collect();
    arbtest(|u| {
        let (text, argument) = (text(u)?, text(u)?);
        for test in &tests {
            let mut captures = Captures::default();
            let with = test.matches(&text, &argument, Some(&mut captures));
            assert_eq!(with, test.matches(&text, &argument, None), "{test:?} on {}", text.escape_ascii());
        }
        for transformation in Transformation::all() {
            let _ = transformation.apply(&text);
        }
        Ok(())
    })
    .budget_ms(1_500);
}

#[test]
fn transactions_end_whatever_comes() {
    let ruleset = || Rc::new(Ruleset::parse(&[("test", "Include @builtin")], &BTreeMap::new()).unwrap());
    // What a request costs depends on what the patterns' automata have seen, and on nothing else.
    let (one, other, third) = (ruleset(), ruleset(), ruleset());
    const TYPES: [&[u8]; 5] = [
        b"application/json",
        b"application/xml",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"text/plain",
    ];
    arbtest(|u| {
        let (uri, value, body) = (text(u)?, text(u)?, text(u)?);
        let kind = *u.choose(&TYPES)?;
        let run = |ruleset: &Rc<Ruleset>, fuel: u64| {
            let mut transaction = Transaction::new(ruleset, fuel);
            transaction.process_uri(&uri, b"POST", b"HTTP/1.1")?;
            transaction.add_request_header(b"content-type", kind);
            transaction.add_request_header(b"cookie", &value);
            let _ = transaction.process_request_headers()?;
            let _ = transaction.write_request_body(&body);
            let _ = transaction.process_request_body()?;
            Ok::<_, portcullis_core::OutOfFuel>((
                transaction.interruption().cloned(),
                transaction.fuel_left(),
            ))
        };
        let plenty = run(&one, 1 << 40);
        assert!(plenty.is_ok());
        assert_eq!(plenty, run(&other, 1 << 40), "the same request costs the same");
        assert!(run(&third, 8).is_err(), "fuel of 8 units is not enough for anything");
        Ok(())
    })
    .budget_ms(2_000);
}
