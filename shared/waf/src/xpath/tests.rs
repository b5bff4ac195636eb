//! Expressions on one document.

use super::*;
use crate::actions::Namespace;
use crate::transaction::Dom;

const BODY: &[u8] = br#"<?xml version="1.0"?>
<shop xmlns:s="urn:s" xmlns="urn:d" plain="1"><s:item id="1" s:kind="a">one<b> and</b></s:item><s:item id="2">two</s:item></shop>"#;
const BARE: &[u8] = b"<r><a n='1'>x</a><a n='2'>y<![CDATA[<z>]]></a><b>3</b><b>4</b></r>";

fn run(body: &[u8], path: &str) -> Vec<String> {
    let dom = Dom::read(body, 64).unwrap();
    let namespace =
        |prefix: &'static str, uri: &'static str| Namespace { prefix: prefix.into(), uri: uri.into() };
    let namespaces = [namespace("q", "urn:s"), namespace("d", "urn:d")];
    match select(&XPath::compile(path).unwrap(), &dom, &namespaces) {
        Selected::Nodes(nodes) => {
            nodes.iter().map(|node| String::from_utf8_lossy(node).into_owned()).collect()
        }
        Selected::Exhausted => vec!["exhausted".to_owned()],
    }
}

#[track_caller]
fn check(path: &str, expected: &[&str]) {
    assert_eq!(run(BARE, path), expected, "{path}");
}

#[test]
fn paths() {
    check("/*", &["xy<z>34"]);
    check("/r/a", &["x", "y<z>"]);
    check("//a/text()", &["x", "y<z>"]);
    check("//@*", &["1", "2"]);
    check("//a/@n", &["1", "2"]);
    check("/r/*[2]", &["y<z>"]);
    check("//b[last()]", &["4"]);
    check("//a[@n='2']", &["y<z>"]);
    check("//a[@n=1 or . = 'q']", &["x"]);
    check("//*[local-name()='a'][position()=1]", &["x"]);
    check("//*[starts-with(name(), 'b') and not(text()='4')]", &["3"]);
    check("//a[contains(., '<z')]", &["y<z>"]);
    check("//a/.. /b", &["3", "4"]);
    check("//a/following-sibling::b[1]", &["3"]);
    check("//b/preceding-sibling::a[1]", &["y<z>"]);
    check("//b[1]/ancestor::*", &["xy<z>34"]);
    check("/r/descendant::a | /r/b", &["x", "y<z>", "3", "4"]);
    check("(//a | //b)[3]", &["3"]);
    check("//b[. > 3]", &["4"]);
    check("//b[count(../a) = 2][string-length(concat(., 'x')) = 2]", &["3", "4"]);
    check("//b[. mod 2 = 1]", &["3"]);
    check("//a[translate(., 'x', 'w') = 'w']", &["x"]);
    check("//b/preceding::a", &["x", "y<z>"]);
    check("//a[1]/following::*", &["y<z>", "3", "4"]);
    check("//nothing", &[]);
    check("count(//a)", &[]);
    check("/", &["xy<z>34"]);
}

#[test]
fn namespaces() {
    assert_eq!(run(BODY, "//q:item/@id"), ["1", "2"]);
    assert_eq!(run(BODY, "//item"), Vec::<String>::new());
    assert_eq!(run(BODY, "/d:shop/q:item[@q:kind='a']"), ["one and"]);
    assert_eq!(run(BODY, "/d:shop/@plain"), ["1"]);
    assert_eq!(run(BODY, "//q:*[namespace-uri()='urn:s'][2]"), ["two"]);
    assert_eq!(run(BODY, "//*[name()='s:item'][1]"), ["one and"]);
    assert_eq!(run(BODY, "//unknown:item"), Vec::<String>::new());
}

#[test]
fn faults() {
    for bad in ["", "/a[", "/a]", "a b", "foo()", "$x", "'a", "/a[1", "count()", "x::a", "//"] {
        assert!(XPath::compile(bad).is_err(), "{bad}");
    }
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(XPath::compile(&deep).is_err());
}

#[test]
fn work_is_bounded() {
    let body = format!("<r>{}</r>", "<a><b>x</b></a>".repeat(5_000));
    assert_eq!(run(body.as_bytes(), "//*[//*[//*]]"), ["exhausted"]);
}
