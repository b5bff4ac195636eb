//! The configuration of coraza-proxy-wasm in real Envoy, as its README has it: only the module is another one.
//!
//! Skipped with a notice where no waf-crs.wasm is built.

use portcullis_e2e::{Rig, with_upstreams};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::envoy::{Listener, Wasm};
use portcullis_testkit::h1::Request;
use portcullis_testkit::repo;
use serde_json::{Value, json};
use std::sync::LazyLock;

static RIG: LazyLock<Option<Rig>> = LazyLock::new(|| {
    if !repo::module("waf-crs").is_file() {
        eprintln!("notice: no waf-crs.wasm: skipped");
        return None;
    }
    let crs = json!({
        "directives_map": {
            "default": [
                "Include @demo-conf",
                "SecDebugLogLevel 9",
                "SecRuleEngine On",
                "Include @crs-setup-conf",
                "Include @owasp_crs/*.conf"
            ]
        },
        "default_directives": "default",
        "metric_labels": { "owner": "coraza", "identifier": "global" }
    });
    let authorities = json!({
        "directives_map": {
            "default": [
                "SecDebugLogLevel 9",
                "SecRuleEngine On",
                "SecRule REQUEST_URI \"@streq /admin\" \"id:101,phase:1,t:lowercase,deny\""
            ],
            "foo": [
                "Include @demo-conf",
                "Include @crs-setup-conf",
                "Include @owasp_crs/REQUEST-901-INITIALIZATION.conf",
                "Include @owasp_crs/REQUEST-942-APPLICATION-ATTACK-SQLI.conf",
                "Include @owasp_crs/REQUEST-949-BLOCKING-EVALUATION.conf"
            ]
        },
        "default_directives": "default",
        "per_authority_directives": { "foo.example.com": "foo", "bar.example.com": "default" }
    });
    let rig = Rig::builder("waf-config")
        .listener(listener("crs", crs))
        .listener(listener("authorities", authorities))
        .start();
    Some(rig.unwrap())
});

/// As Coraza's users have it: headers are not held.
fn listener(name: &str, configuration: Value) -> Listener {
    with_upstreams(Listener::new(name, "h1")).wasm(&Wasm::new("waf-crs").named(name).config(configuration))
}

fn status(rig: &Rig, listener: &str, request: &Request) -> u16 {
    rig.connect(listener).exchange(request).unwrap().status
}

fn get(path: &str) -> Request {
    Request::get(path).field("user-agent", "Mozilla/5.0 (X11)").field("accept", "text/html")
}

#[test]
fn the_requests_of_its_readme_go_as_it_says() {
    let Some(rig) = &*RIG else { return };
    rig.h1.on("/anything", Answer::new(200));
    let xss = "/anything?arg=<script>alert(0)</script>";
    assert_eq!(status(rig, "crs", &get(&xss.replace('<', "%3C").replace('>', "%3E"))), 403);
    let form = |body: &str| {
        Request::post("/anything", body)
            .field("content-type", "application/x-www-form-urlencoded")
            .field("user-agent", "Mozilla/5.0 (X11)")
            .field("accept", "text/html")
    };
    assert_eq!(status(rig, "crs", &form("1%27%20ORDER%20BY%203--%2B")), 403);
    // The scanner that the README names is no longer on CRS's list.
    let scanner = Request::get("/anything").field("user-agent", "sqlmap/1.8").field("accept", "*/*");
    assert_eq!(status(rig, "crs", &scanner), 403);
    assert_eq!(status(rig, "crs", &get("/anything?arg=arg_1")), 200);
    assert_eq!(status(rig, "crs", &form("this=is+a+payload")), 200);
    rig.assert_sound();
}

#[test]
fn sets_go_by_authority() {
    let Some(rig) = &*RIG else { return };
    for path in ["/admin", "/fine"] {
        rig.h1.on(path, Answer::new(200));
    }
    let at = |authority: &str, path: &str| status(rig, "authorities", &get(path).field("host", authority));
    assert_eq!(at("shop.example.com", "/admin"), 403);
    assert_eq!(at("bar.example.com", "/admin"), 403);
    assert_eq!(at("foo.example.com", "/admin"), 200);
    assert_eq!(at("foo.example.com:10000", "/fine?id=1'%20or%20'1'='1"), 403);
    assert_eq!(at("bar.example.com", "/fine?id=1'%20or%20'1'='1"), 200);
    rig.assert_sound();
}
