//! What is read of a body, and what is said about an odd one.

use super::*;

const TYPE: &[u8] = b"multipart/form-data; boundary=xy";

fn limits(parts: usize) -> Limits {
    Limits { parts, no_files: 10_000, files: None }
}

#[track_caller]
fn form(kind: &[u8], body: &[u8]) -> Form {
    read(kind, body, limits(10), true)
}

#[test]
fn fields_and_files() {
    let body =
        b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--xy\r\nContent-Disposition: \
        form-data; name=\"f\"; filename=\"q\\\".txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--xy--\r\n";
    let form = form(TYPE, body);
    assert_eq!(form.outcome, Ok(()));
    assert_eq!(form.arguments, [Pair::new("a", "1\r\n2")]);
    assert_eq!(form.upload.files, [Pair::new("f", "q\".txt")]);
    assert_eq!((form.upload.total_size, form.upload.part_headers.len()), (5, 3));
    assert!(!form.upload.strict.any());
    assert_eq!(form.upload.strict.unmatched_boundary, 2);
}

#[test]
fn an_empty_value_is_a_value() {
    let body = b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--xy--";
    let form = form(TYPE, body);
    assert_eq!((form.outcome, form.arguments), (Ok(()), vec![Pair::new("a", "")]));
    assert!(!form.upload.strict.any());
}

#[test]
fn oddities() {
    let one = b"x\r\n--xy\nContent-Disposition: form-data; name='a'\r\n\r\n1\r\n--xy--\r\ny";
    let strict = form(b"multipart/form-data boundary=\"xy\"", one).upload.strict;
    assert!(strict.missing_semicolon && strict.boundary_quoted && strict.data_before && strict.data_after);
    assert!(strict.lf_line && strict.crlf_lf_lines && strict.invalid_quoting);
    let folded = b"--xy\r\nContent-Disposition: form-data;\r\n\x0cname=\"a\"\r\n\r\n1\r\n--xy--\r\n";
    let strict = form(TYPE, folded).upload.strict;
    assert!(strict.header_folding && strict.invalid_header_folding);
    let foreign = b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--zz\r\n--xy--\r\n";
    assert_eq!(form(TYPE, foreign).upload.strict.unmatched_boundary, 2);
    let within = b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1 --xy\r\n";
    assert_eq!(form(TYPE, within).upload.strict.unmatched_boundary, 1);
}

#[test]
fn faults() {
    let disposition = |text: &str| {
        let body = format!("--xy\r\nContent-Disposition: {text}\r\n\r\n1\r\n--xy--\r\n");
        form(TYPE, body.as_bytes()).outcome
    };
    let cases = [
        ("file; name=a", "(-1)"),
        ("form-data, name=a", "(-2)"),
        ("form-data; name", "(-4)"),
        ("form-data; name=", "(-6)"),
        ("form-data; name=a b", "(-12)"),
        ("form-data; name=a; name=b", "(-14)"),
        ("form-data; x=a", "(-11)"),
        ("form-data; name=a; filename*=x", "(-16)"),
        ("form-data; name=a; filename*=utf-8'x", "(-17)"),
        ("form-data; name=a; filename*=utf-8''%z", "(-18)"),
        ("form-data; name=a; filename*=utf-8''x", "(-21)"),
        ("form-data", "missing name field"),
    ];
    for (text, expected) in cases {
        let message = disposition(text).unwrap_err();
        assert!(message.contains(expected), "{text}: {message}");
    }
    for (kind, expected) in [
        (&b"multipart/form-data"[..], "not found"),
        (b"multipart/form-data; BOUNDARY=x", "case sensitivity"),
        (b"multipart/form-data; boundary=x; boundary=y", "Multiple"),
        (b"multipart/form-data; a=b; boundary=x", "malformed"),
        (b"multipart/form-data; boundaryx=x", "parameter name"),
        (b"multipart/form-data; boundary=\"x", "quote"),
        (b"multipart/form-data; boundary=x!", "characters"),
        (b"multipart/mixed; boundary=x", "MIME"),
    ] {
        let message = form(kind, b"--x--").outcome.unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
    for body in [&b"--xy\r\n"[..], b"x", b"--xy\r\nA: b\r\n\r\n1\r\n--xy--", b"--xyz\r\n"] {
        assert!(form(TYPE, body).outcome.is_err(), "{}", body.escape_ascii());
    }
}

#[test]
fn limits_hold() {
    let part = "--xy\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1\r\n";
    let body = part.repeat(3) + "--xy--\r\n";
    let two = read(TYPE, body.as_bytes(), limits(2), false);
    assert_eq!((two.outcome.is_err(), two.upload.files.len()), (true, 2));
    let kept = Limits { files: Some(2), ..limits(10) };
    let form = read(TYPE, body.as_bytes(), kept, false);
    assert!(form.upload.strict.limit_exceeded && form.outcome.is_err());
    assert_eq!((form.upload.files.len(), form.upload.kept.len()), (3, 2));
}
