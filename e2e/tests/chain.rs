//! The shipped chain of all four filters: what the demonstration shows, and what nobody should send.

use portcullis_e2e::{Dice, Hostile, shipped, signs_of_death};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::envoy::Envoy;
use portcullis_testkit::h1::Request;
use portcullis_testkit::h2client::{H2Client, H2Request};
use portcullis_testkit::raw::{Client, Response};
use portcullis_testkit::upstream::Upstream;
use serde_json::json;
use std::net::SocketAddr;

const HOSTILE: usize = 2_000;
const WORKERS: usize = 4;

struct Chain {
    upstream: Upstream,
    envoy: Envoy,
    edge: SocketAddr,
}

/// One Envoy for all that follows: the four modules are most of the start.
#[test]
fn the_shipped_chain() {
    let upstream = Upstream::start().unwrap();
    let envoy = Envoy::from_text("chain", &shipped("chain.yaml", upstream.port()).unwrap()).unwrap();
    let chain = Chain { edge: envoy.address("edge").unwrap(), upstream, envoy };
    chain.attacks_are_stopped();
    chain.policy_decides();
    chain.cards_are_masked();
    chain.bodies_are_transformed();
    chain.hostile_requests();
    chain.attacks_are_stopped();
    assert_eq!(chain.upstream.faults(), [""; 0]);
    assert_eq!(signs_of_death(&chain.envoy), [""; 0]);
}

impl Chain {
    fn send(&self, request: &Request) -> Response {
        let mut client = Client::connect(self.edge).unwrap();
        let response = client.exchange(&request.clone().field("user-agent", "test")).unwrap();
        assert_eq!(response.broken, None, "{response:?}");
        response
    }

    fn attacks_are_stopped(&self) {
        let before = self.upstream.seen("/waf").len();
        for query in
            ["id=1%27%20OR%20%271%27=%271", "q=<script>alert(1)</script>", "f=../../../../etc/passwd"]
        {
            let denied =
                self.send(&Request::get(format!("/waf?{query}").replace('<', "%3C").replace('>', "%3E")));
            assert_eq!(denied.status, 403, "{query} {denied:?}");
        }
        let body = "name=x&id=1' UNION SELECT password FROM users--";
        let form = Request::post("/waf", body).field("content-type", "application/x-www-form-urlencoded");
        assert_eq!(self.send(&form).status, 403);
        let json = Request::post("/waf", json!({ "a": [{ "b": "1' OR '1'='1" }] }).to_string());
        assert_eq!(self.send(&json.field("content-type", "application/json")).status, 403);
        assert_eq!(self.upstream.seen("/waf").len(), before, "the upstream saw an attack");
        let h2 = H2Client::connect(self.edge).unwrap();
        assert_eq!(
            h2.exchange(&H2Request::new("GET", "/waf?id=1%27%20OR%20%271%27=%271")).unwrap().status,
            403
        );
    }

    fn policy_decides(&self) {
        assert_eq!(self.send(&Request::get("/admin").field("x-api-key", "let-me-in")).status, 200);
        for refused in [
            Request::get("/admin"),
            Request::get("/admin").field("x-api-key", "guess"),
            Request::post("/admin", "").field("x-api-key", "let-me-in"),
        ] {
            assert_eq!(self.send(&refused).status, 403, "{refused:?}");
        }
        assert_eq!(self.upstream.seen("/admin").len(), 1);
    }

    fn cards_are_masked(&self) {
        let card = self.send(&Request::get("/card"));
        assert_eq!((card.status, card.text().contains("4111 1111")), (200, false), "{}", card.text());
        assert!(card.text().contains("1111") && card.json().unwrap()["card"].is_string(), "{}", card.text());
        let text = "pay 4111111111111111 now".repeat(2000);
        for (path, answer) in [
            ("/cards/length", Answer::ok("text/plain", &text)),
            (
                "/cards/chunks",
                text.as_bytes().chunks(7).fold(Answer::ok("text/plain", ""), Answer::piece).chunked(),
            ),
            ("/cards/close", Answer::ok("text/plain", &text).until_close()),
            ("/cards/trailers", Answer::ok("text/plain", &text).trailer("x-t", "1").field("trailer", "x-t")),
        ] {
            self.upstream.on(path, answer);
            let masked = self.send(&Request::get(path));
            assert_eq!((masked.status, masked.body.len()), (200, text.len()), "{path}");
            assert!(
                !masked.text().contains("4111111111111111") && masked.text().contains("*1111 now"),
                "{path}"
            );
        }
    }

    fn bodies_are_transformed(&self) {
        let person =
            json!({ "user": { "first": "Ada", "last": "Lovelace" }, "items": [1, 2, 3] }).to_string();
        let request = Request::post("/anything", &person).field("content-type", "application/json");
        let response = self.send(&request);
        assert_eq!(
            response.json().unwrap()["json"],
            json!({ "name": "Ada Lovelace", "items": 3 }),
            "{response:?}"
        );
        assert_eq!(response.json().unwrap()["headers"]["x-api-version"], "2");
        let other = self.send(&Request::get("/get"));
        assert_eq!((other.field("x-content-type-options").as_deref(), other.status), (Some("nosniff"), 200));
    }

    fn hostile_requests(&self) {
        let vms = self.envoy.stat("wasm.envoy.wasm.runtime.v8.created").unwrap();
        let before = self.upstream.count();
        std::thread::scope(|scope| {
            for worker in 0..WORKERS {
                scope.spawn(move || {
                    let mut dice = Dice::new(7_000 + worker as u64);
                    (0..HOSTILE / WORKERS).filter(|_| Hostile::next(&mut dice).send(self.edge)).count()
                });
            }
        });
        assert!(
            self.upstream.count() > before + HOSTILE / 50,
            "few reached the upstream: {}",
            self.upstream.count()
        );
        assert_eq!(self.envoy.stat("wasm.envoy.wasm.runtime.v8.created").unwrap(), vms, "a VM was made anew");
    }
}
