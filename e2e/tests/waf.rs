//! SecLang rules in real Envoy: wherever an attack stands and however its body is framed, the upstream sees nothing of it.

use portcullis_e2e::{Framed, Message, Protocol, Rig, filter_listener};
use portcullis_testkit::answer::filler;
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule ARGS|REQUEST_HEADERS:X-Test|REQUEST_COOKIES "@rx (?i)attack" "id:2,phase:2,deny,status:403,t:urlDecodeUni"
SecRule RESPONSE_BODY "@contains secret" "id:3,phase:4,deny,status:403"
"#;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let listener =
        |name: &str, envelope: Value| filter_listener("waf", name, json!({ "rules": [RULES] }), envelope);
    Rig::builder("waf")
        .listener(listener("waf", json!({})))
        .listener(listener("shadow", json!({ "mode": "shadow" })))
        .listener(listener("frugal-deny", json!({ "limits": { "fuel": 20_000 } })))
        .listener(listener("frugal-allow", json!({ "limits": { "fuel": 20_000 }, "onError": "allow" })))
        .start()
        .unwrap()
});

fn post(path: &str, content_type: &str, body: &[u8], framed: Framed) -> Message {
    let fields = vec![("content-type".to_owned(), content_type.to_owned())];
    Message { path: path.to_owned(), fields, body: body.to_vec(), framed }
}

#[test]
fn an_attack_is_stopped_wherever_it_stands() {
    for request in [
        Request::get("/attack?a=1&b=an%20ATTACK"),
        Request::get("/attack").field("x-test", "attack"),
        Request::get("/attack").field("cookie", "a=1; b=attack"),
    ] {
        assert_eq!(RIG.connect("waf").exchange(&request).unwrap().status, 403, "{request:?}");
    }
    let filling = String::from_utf8(filler(30_000)).unwrap().replace('\n', " ");
    for protocol in Protocol::ALL {
        for framed in Framed::ALL {
            let form = format!("a={filling}&b=an+at%74ack");
            let form = post("/attack", "application/x-www-form-urlencoded", form.as_bytes(), framed);
            assert_eq!(form.send(&RIG, "waf", protocol).unwrap().status, 403, "{protocol:?} {framed:?}");
            let json = json!({ "filling": filling, "a": [{ "b": "an attack" }] }).to_string();
            let json = post("/attack", "application/json", json.as_bytes(), framed);
            assert_eq!(json.send(&RIG, "waf", protocol).unwrap().status, 403, "{protocol:?} {framed:?}");
        }
    }
    assert_eq!(RIG.h1.seen("/attack").len(), 0);
    RIG.assert_sound();
}

#[test]
fn what_is_no_attack_passes_to_the_byte() {
    for protocol in Protocol::ALL {
        for framed in Framed::ALL {
            let path = format!("/fine/{protocol:?}/{framed:?}");
            RIG.h1.on(&path, Message::answer(b"fine", framed));
            let body = [b"a=".to_vec(), filler(20_000)].concat();
            let message = post(&path, "application/x-www-form-urlencoded", &body, framed);
            let received = message.send(&RIG, "waf", protocol).unwrap();
            assert_eq!((received.status, received.body.as_slice()), (200, &b"fine"[..]), "{path}");
            assert_eq!(RIG.h1.only(&path).unwrap().body, body, "{path}");
        }
    }
    RIG.assert_sound();
}

#[test]
fn a_response_is_stopped_before_its_first_byte() {
    for framed in Framed::ALL {
        let path = format!("/response/{framed:?}");
        RIG.h1.on(&path, Message::answer(&[filler(10_000), b"secret".to_vec()].concat(), framed));
        for protocol in Protocol::ALL {
            let received =
                post(&path, "text/plain", b"x", Framed::Length).send(&RIG, "waf", protocol).unwrap();
            assert_eq!((received.status, received.broken.clone()), (403, None), "{path} {protocol:?}");
        }
    }
    RIG.assert_sound();
}

#[test]
fn shadow_only_counts() {
    let response = RIG.connect("shadow").exchange(&Request::get("/shadow?a=attack")).unwrap();
    assert_eq!((response.status, RIG.h1.seen("/shadow").len()), (200, 1));
    assert!(RIG.envoy.stat("wasmcustom.portcullis_waf_shadow_denied_total").unwrap() > 0);
    RIG.assert_sound();
}

#[test]
fn used_up_fuel_ends_as_on_error_says() {
    let body = [b"a=".to_vec(), filler(50_000)].concat();
    let message = |path: &str| post(path, "application/x-www-form-urlencoded", &body, Framed::Length);
    assert_eq!(message("/frugal/deny").send(&RIG, "frugal-deny", Protocol::H1).unwrap().status, 500);
    assert_eq!(RIG.h1.seen("/frugal/deny").len(), 0);
    assert_eq!(message("/frugal/allow").send(&RIG, "frugal-allow", Protocol::H1).unwrap().status, 200);
    assert_eq!(RIG.h1.only("/frugal/allow").unwrap().body, body);
    assert!(RIG.envoy.stat("wasmcustom.portcullis_waf_errors_total.reason.fuel").unwrap() >= 2);
    RIG.assert_sound();
}
