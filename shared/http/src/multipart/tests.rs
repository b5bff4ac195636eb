//! Tables of bodies with what is odd about them.

use super::*;
use arbtest::arbtest;

/// Parts as `name|filename|content`, then the flags that are set.
fn summary(content_type: &str, body: &str) -> (Vec<String>, Vec<String>) {
    let media = MediaType::parse(content_type.as_bytes()).unwrap();
    let read =
        read(body.as_bytes(), &media, Limits { parts: 3, part_headers: 3, ..Limits::default() }).unwrap();
    let text = |value: &Option<Cow<'_, [u8]>>| {
        value.as_ref().map_or("-".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
    };
    let parts = read.parts.iter().map(|part| {
        let content = String::from_utf8_lossy(&body.as_bytes()[part.body.clone()]).into_owned();
        format!("{}|{}|{content}", text(&part.name), text(&part.filename))
    });
    let flags = format!("{:?}", read.flags);
    let set = flags.split([',', '{', '}']).filter_map(|flag| flag.trim().strip_suffix(": true"));
    (parts.collect(), set.map(str::to_owned).collect())
}

#[track_caller]
fn check(body: &str, parts: &[&str], flags: &[&str]) {
    let (found, set) = summary("multipart/form-data; boundary=B", &body.replace('~', "\r\n"));
    assert_eq!(found, parts.iter().map(|part| part.replace('~', "\r\n")).collect::<Vec<_>>(), "{body}");
    assert_eq!(set, flags, "{body}");
}

const A: &str = "Content-Disposition: form-data; name=\"a\"~~";

#[test]
fn well_formed_bodies() {
    check(&format!("--B~{A}1~--B--~"), &["a|-|1"], &["crlf_line"]);
    check(&format!("--B~{A}~--B--"), &["a|-|"], &["crlf_line"]);
    check(
        &format!(
            "--B~{A}1~2~~--B~content-disposition: form-data; name=f; filename=\"x.txt\"~Content-Type: text/plain~~hi~--B--~"
        ),
        &["a|-|1~2~", "f|x.txt|hi"],
        &["crlf_line"],
    );
}

#[test]
fn odd_bodies_are_read_and_marked() {
    check(&format!("junk~--B~{A}1~--B--~"), &["a|-|1"], &["data_before", "crlf_line"]);
    check(&format!("--B~{A}1~--B--~junk"), &["a|-|1"], &["data_after", "crlf_line"]);
    check(&format!("--B \t~{A}1~--B--~"), &["a|-|1"], &["boundary_whitespace", "crlf_line"]);
    check(&format!("--B~{A}1"), &["a|-|1"], &["crlf_line", "unclosed"]);
    check(&format!("--B~{A}1~--C~2~--B--~"), &["a|-|1~--C~2"], &["crlf_line", "unmatched_boundary"]);
    check(&format!("--B~{A}x--B~1~--Bx~--B--~"), &["a|-|x--B~1~--Bx"], &["crlf_line", "unmatched_boundary"]);
    check("--B\nContent-Disposition: form-data; name=a\n\n1\n--B--\n", &["a|-|1"], &["lf_line"]);
    check(&format!("--B\n{A}1~--B--~"), &["a|-|1"], &["lf_line", "crlf_line"]);
    check(
        "--B~Content-Disposition: form-data;~ name=\"a\"~~1~--B--",
        &["a|-|1"],
        &["header_folding", "crlf_line"],
    );
    check(
        &format!("--B~ folded~{A}1~--B--"),
        &["a|-|1"],
        &["header_folding", "invalid_header_folding", "crlf_line"],
    );
    check(&format!("--B~nonsense~{A}1~--B--"), &["a|-|1"], &["crlf_line", "invalid_part"]);
    check("--B~X: y~~1~--B--", &["-|-|1"], &["crlf_line", "unnamed_part"]);
    check("--B~--B--", &["-|-|"], &["crlf_line", "unnamed_part", "invalid_part"]);
    check("nothing", &[], &["no_boundary"]);
    let four = format!("--B~{A}~").repeat(4);
    check(&four, &["a|-|"; 3], &["crlf_line", "limit_exceeded"]);
    check("--B~A: 1~A: 2~A: 3~A: 4~~x~--B--", &["-|-|~x"], &["crlf_line", "unnamed_part", "limit_exceeded"]);
}

#[track_caller]
fn check_disposition(value: &str, expected: &str, flags: &[&str]) {
    let (found, set) = summary(
        "multipart/form-data; boundary=B",
        &format!("--B\r\nContent-Disposition: {value}\r\n\r\n\r\n--B--"),
    );
    assert_eq!(found, [format!("{expected}|")], "{value}");
    assert_eq!(set.iter().filter(|flag| *flag != "crlf_line").collect::<Vec<_>>(), flags, "{value}");
}

#[test]
fn dispositions() {
    check_disposition("form-data; name=\"a;b\"", "a;b|-", &[]);
    check_disposition("form-data; NAME = a ; x", "a|-", &[]);
    check_disposition(r#"form-data; name="a\"b"; filename="C:\tmp\x""#, r#"a"b|C:\tmp\x"#, &[]);
    check_disposition("form-data; name=a; filename*=utf-8''%41", "a|utf-8''%41", &[]);
    check_disposition("form-data; name=\"a\" filename=\"b\"", "a|b", &["missing_semicolon"]);
    check_disposition("form-data; name=\"a", "a|-", &["invalid_quoting"]);
    check_disposition("form-data; name='a'", "'a'|-", &["invalid_quoting"]);
    check_disposition("form-data; name=a; name=b", "a|-", &["duplicate_parameter"]);
    check_disposition("form-data", "-|-", &["unnamed_part"]);
}

#[test]
fn a_boundary_is_needed_and_looked_at() {
    let media = MediaType::parse(b"multipart/mixed").unwrap();
    assert_eq!(read(b"", &media, Limits::default()), Err(NoBoundary));
    assert_eq!(summary("multipart/mixed; boundary=\"B\"", "").1, ["boundary_quoted", "no_boundary"]);
    assert_eq!(summary("multipart/mixed; boundary=B{", "").1, ["boundary_invalid", "no_boundary"]);
}

#[test]
fn no_bytes_panic_and_spans_stay_inside() {
    arbtest(|u| {
        let mut body = Vec::new();
        for _ in 0..u.int_in_range(0..=12)? {
            let pieces: &[&[u8]] = &[
                b"--B",
                b"--",
                b"\r\n",
                b"\n",
                b"Content-Disposition: form-data; name=",
                b"\"",
                b";",
                b" ",
                b"\\",
            ];
            match u.arbitrary()? {
                true => body.extend_from_slice(u.choose(pieces)?),
                false => body.extend(u.arbitrary::<[u8; 3]>()?),
            }
        }
        let media = MediaType::parse(b"multipart/mixed; boundary=B").unwrap();
        let read = read(&body, &media, Limits::default()).unwrap();
        let mut last = 0;
        for part in read.parts {
            assert!(
                last <= part.body.start && part.body.start <= part.body.end && part.body.end <= body.len()
            );
            last = part.body.end;
        }
        Ok(())
    });
}
