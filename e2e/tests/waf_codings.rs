//! Compressed bodies in real Envoy: an attack or a leak inside one is seen, and what is fine passes to the byte.

use portcullis_e2e::{Framed, Message, Protocol, Rig, filter_listener};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::h1::Request;
use serde_json::json;
use std::sync::LazyLock;

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/html
SecResponseBodyLimit 300000
SecResponseBodyLimitAction Reject
SecRule REQBODY_ERROR "@eq 1" "id:1,phase:2,deny,status:400"
SecRule ARGS "@contains attack" "id:2,phase:2,deny,status:403"
SecRule RESPONSE_BODY "@contains secret" "id:3,phase:4,deny,status:403"
"#;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let settings = json!({ "rules": [RULES], "acceptEncoding": "narrow" });
    Rig::builder("waf-codings").listener(filter_listener("waf", "waf", settings, json!({}))).start().unwrap()
});

const NAMES: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

fn encode(name: &str, text: &[u8]) -> Vec<u8> {
    match name {
        "gzip" => {
            let mut out = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
            out.extend(miniz_oxide::deflate::compress_to_vec(text, 6));
            out.extend([0; 8]);
            out
        }
        "deflate" => miniz_oxide::deflate::compress_to_vec_zlib(text, 6),
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &text[..], &mut out, &Default::default()).unwrap();
            out
        }
        _ => ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest),
    }
}

/// Text of this length with one word in its midst.
fn page(length: usize, word: &str) -> Vec<u8> {
    let half = (0..).map(|n: u32| format!("<p>line {n}</p>\n")).scan(0, |sum, line| {
        *sum += line.len();
        (*sum < length / 2).then_some(line)
    });
    let half: String = half.collect();
    [half.as_str(), word, half.as_str()].concat().into_bytes()
}

fn post(path: &str, codings: &[&str], text: &[u8], framed: Framed) -> Message {
    let body = codings.iter().fold(text.to_vec(), |text, coding| encode(coding, &text));
    let fields =
        [("content-type", "application/x-www-form-urlencoded"), ("content-encoding", &codings.join(", "))];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Message { path: path.to_owned(), fields, body, framed }
}

#[test]
fn an_attack_in_a_compressed_request_is_stopped() {
    let text = |word: &str| [b"a=".to_vec(), page(20_000, word)].concat();
    for codings in [&["gzip"][..], &["deflate"], &["br"], &["zstd"], &["gzip", "br"]] {
        for (protocol, framed) in [(Protocol::H1, Framed::Length), (Protocol::H2, Framed::Chunks)] {
            let attack = post("/attack", codings, &text("attack"), framed);
            assert_eq!(attack.send(&RIG, "waf", protocol).unwrap().status, 403, "{codings:?} {protocol:?}");
            let path = format!("/fine/{}/{protocol:?}", codings.join("/"));
            let fine = post(&path, codings, &text("fine"), framed);
            assert_eq!(fine.send(&RIG, "waf", protocol).unwrap().status, 200, "{path}");
            let seen = RIG.h1.only(&path).unwrap();
            assert_eq!(seen.body, fine.body, "{path}: it goes on as it came");
        }
    }
    assert_eq!(RIG.h1.seen("/attack").len(), 0);
    RIG.assert_sound();
}

#[test]
fn a_leak_in_a_compressed_response_is_stopped() {
    for name in NAMES {
        for word in ["secret", "nothing"] {
            let path = format!("/page/{name}/{word}");
            let body = encode(name, &page(30_000, word));
            RIG.h1.on(&path, Answer::ok("text/html", &body).field("content-encoding", name));
            let response = RIG.connect("waf").exchange(&Request::get(&path)).unwrap();
            match word {
                "secret" => assert_eq!(response.status, 403, "{path}"),
                _ => assert_eq!((response.status, response.body == body), (200, true), "{path}"),
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn bombs_rubbish_and_unknown_codings_have_an_answer() {
    let stat = |reason: &str| {
        RIG.envoy.stat(&format!("wasmcustom.portcullis_waf_uninspected_bodies.reason.{reason}")).unwrap()
    };
    for name in NAMES {
        let path = format!("/bomb/{name}");
        let bomb = encode(name, &vec![b'x'; 4 << 20]);
        RIG.h1.on(&path, Answer::ok("text/html", &bomb).field("content-encoding", name));
        assert_eq!(RIG.connect("waf").exchange(&Request::get(&path)).unwrap().status, 403, "{path}");
        let mut broken = post("/broken", &[name], &page(5_000, "fine"), Framed::Length);
        broken.body.truncate(broken.body.len() / 2);
        assert_eq!(broken.send(&RIG, "waf", Protocol::H1).unwrap().status, 400, "{name}");
    }
    assert!(stat("broken_coding") >= 4);
    RIG.h1.on("/unknown", Answer::ok("text/html", "as it is").field("content-encoding", "compress"));
    assert_eq!(RIG.connect("waf").exchange(&Request::get("/unknown")).unwrap().status, 200);
    assert!(stat("unknown_coding") >= 1);
    RIG.assert_sound();
}

#[test]
fn the_upstream_is_asked_for_what_can_be_read() {
    let request = Request::get("/narrow").field("accept-encoding", "gzip, dcb, br");
    assert_eq!(RIG.connect("waf").exchange(&request).unwrap().status, 200);
    assert_eq!(RIG.h1.only("/narrow").unwrap().fields.get("accept-encoding"), Some(&b"gzip, br"[..]));
    RIG.assert_sound();
}
