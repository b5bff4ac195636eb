//! Rego policies in real Envoy: what is refused never reaches the upstream, and a policy that cannot decide allows nothing.

use portcullis_e2e::{Framed, Message, Protocol, Rig, filter_listener};
use portcullis_testkit::h1::Request;
use serde_json::{Value, json};
use std::sync::LazyLock;

const METHODS: &str = r#"
package envoy.authz
default allow := false
allow if input.attributes.request.http.method == "GET"
allow if input.attributes.request.http.headers["x-role"] == data.roles[_]
"#;

const BODIES: &str = r#"
package envoy.authz
default allow := false
allow if input.parsed_body.amount < 100
"#;

const OBJECTS: &str = r#"
package envoy.authz
default allow := {"allowed": false, "http_status": 418, "headers": {"x-why": "no reason"}, "body": "short and stout"}
allow := {"allowed": true, "headers": {"x-user": "ada"}} if startswith(input.attributes.request.http.path, "/open")
"#;

const ENDLESS: &str = r#"
package envoy.authz
default allow := false
allow if count([x | x := numbers.range(1, 100000)[_]; x % 7 == 0]) > 0
"#;

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let listener = |name: &str, policy: &str, envelope: Value| {
        let settings = json!({ "policies": { "policy.rego": policy }, "data": { "roles": ["admin"] } });
        filter_listener("authz", name, settings, envelope)
    };
    Rig::builder("authz")
        .listener(listener("methods", METHODS, json!({})))
        .listener(listener("bodies", BODIES, json!({})))
        .listener(listener("objects", OBJECTS, json!({})))
        .listener(listener("endless-deny", ENDLESS, json!({ "limits": { "fuel": 100_000 } })))
        .listener(listener(
            "endless-allow",
            ENDLESS,
            json!({ "limits": { "fuel": 100_000 }, "onError": "allow" }),
        ))
        .start()
        .unwrap()
});

#[test]
fn headers_decide() {
    assert_eq!(RIG.connect("methods").exchange(&Request::get("/get")).unwrap().status, 200);
    let as_admin = Request::post("/post/admin", "body").field("x-role", "admin");
    assert_eq!(RIG.connect("methods").exchange(&as_admin).unwrap().status, 200);
    assert_eq!(RIG.h1.only("/post/admin").unwrap().text(), "body");
    for refused in [Request::post("/post", "body"), Request::post("/post", "body").field("x-role", "guest")] {
        assert_eq!(RIG.connect("methods").exchange(&refused).unwrap().status, 403);
    }
    assert_eq!(RIG.h1.seen("/post").len(), 0);
    RIG.assert_sound();
}

#[test]
fn bodies_decide_however_they_are_framed() {
    for protocol in Protocol::ALL {
        for framed in Framed::ALL {
            let message = |path: &str, amount: u32| Message {
                path: path.to_owned(),
                fields: vec![("content-type".into(), "application/json".into())],
                body: json!({ "amount": amount }).to_string().into_bytes(),
                framed,
            };
            let path = format!("/small/{protocol:?}/{framed:?}");
            assert_eq!(message(&path, 99).send(&RIG, "bodies", protocol).unwrap().status, 200, "{path}");
            assert_eq!(RIG.h1.only(&path).unwrap().text(), "{\"amount\":99}");
            assert_eq!(message("/large", 100).send(&RIG, "bodies", protocol).unwrap().status, 403, "{path}");
        }
    }
    let broken = Request::post("/large", "{\"amount\":").field("content-type", "application/json");
    assert_eq!(RIG.connect("bodies").exchange(&broken).unwrap().status, 400);
    let none = RIG.connect("bodies").exchange(&Request::get("/large")).unwrap();
    assert_eq!((none.status, RIG.h1.seen("/large").len()), (403, 0));
    RIG.assert_sound();
}

#[test]
fn a_decision_can_say_how() {
    let refused = RIG.connect("objects").exchange(&Request::get("/closed")).unwrap();
    assert_eq!((refused.status, refused.text().as_str()), (418, "short and stout"), "{refused:?}");
    assert_eq!(refused.field("x-why").as_deref(), Some("no reason"));
    assert_eq!(
        RIG.connect("objects").exchange(&Request::get("/open").field("x-user", "forged")).unwrap().status,
        200
    );
    assert_eq!(RIG.h1.only("/open").unwrap().fields.all("x-user").collect::<Vec<_>>(), [b"ada"]);
    RIG.assert_sound();
}

#[test]
fn a_policy_that_uses_up_its_fuel_ends_as_on_error_says() {
    assert_eq!(RIG.connect("endless-deny").exchange(&Request::get("/endless/deny")).unwrap().status, 403);
    assert_eq!(RIG.connect("endless-allow").exchange(&Request::get("/endless/allow")).unwrap().status, 200);
    assert_eq!((RIG.h1.seen("/endless/deny").len(), RIG.h1.seen("/endless/allow").len()), (0, 1));
    assert_eq!(RIG.envoy.stat("wasmcustom.portcullis_authz_errors_total.reason.fuel").unwrap(), 2);
    RIG.assert_sound();
}
