//! The phases of one exchange, as they come in real Envoy: each once, the end before anything held is released, and
//! bodies that must not be held are not.

use portcullis_e2e::{Framed, Hold, Message, Protocol, Rig, probe_listener};
use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use portcullis_testkit::h2client::{H2Request, grpc_frame, grpc_messages};
use serde_json::json;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    Rig::builder("phases")
        .listener(inspecting("held", Hold::Held))
        .listener(inspecting("early", Hold::Early))
        .listener(inspecting("upgrades", Hold::Held).websocket())
        .listener(chunks("chunks"))
        .start()
        .unwrap()
});

/// Reads both bodies whole; `attack` in a request and `secret` in a response are denied.
fn inspecting(name: &str, hold: Hold) -> Listener {
    let settings = json!({
        "request": { "body": "whole", "denyIfBody": "attack", "set": { "x-probe": "seen" } },
        "response": { "body": "whole", "denyIfBody": "secret", "access": "edit", "grow": 3 },
    });
    probe_listener(name, hold, settings, json!({ "hostBufferLimit": 1 << 20 }))
}

fn chunks(name: &str) -> Listener {
    let settings = json!({
        "request": { "body": "chunks", "denyIfBody": "attack" },
        "response": { "body": "chunks", "access": "edit", "upper": true },
    });
    probe_listener(name, Hold::Early, settings, json!({}))
}

#[track_caller]
fn check_phases(listener: &str, request: Request, expected: &str) {
    let path = String::from_utf8(request.target.clone()).unwrap();
    let response = RIG.connect(listener).exchange(&request).unwrap();
    assert!(response.broken.is_none(), "{response:?}");
    let line = RIG.envoy.access_line(listener, &format!("{path} ")).unwrap();
    assert!(line.contains(&format!("[{expected}]")), "{line}");
    RIG.assert_sound();
}

#[test]
fn each_phase_comes_once_and_the_end_always() {
    let response = "response_headers response_body:4 response_end";
    RIG.h1.on("/p/get", Answer::ok("text/plain", "four"));
    check_phases("held", Request::get("/p/get"), &format!("request_headers request_end {response}"));
    RIG.h1.on("/p/post", Answer::ok("text/plain", "four"));
    check_phases(
        "held",
        Request::post("/p/post", "body"),
        &format!("request_headers request_body:4 request_end {response}"),
    );
    RIG.h1.on("/p/empty", Answer::ok("text/plain", "four"));
    check_phases("held", Request::post("/p/empty", ""), &format!("request_headers request_end {response}"));
    RIG.h1.on("/p/trailers", Message::answer(b"four", Framed::Trailers));
    check_phases(
        "held",
        Request::new("POST", "/p/trailers").chunks(["bo", "dy"]).trailer("x-t", "1"),
        "request_headers request_body:4 request_trailers request_end \
         response_headers response_body:4 response_trailers response_end",
    );
    RIG.h1.on("/p/204", Answer::new(204));
    check_phases("held", Request::get("/p/204"), "request_headers request_end response_headers response_end");
    check_phases(
        "early",
        Request::post("/p/post", "body"),
        &format!("request_headers request_body:4 request_end {response}"),
    );
}

#[test]
fn messages_without_a_body_stay_so() {
    RIG.h1.on("/304", Answer::new(304).field("etag", "\"a\""));
    RIG.h1.on("/none", Answer::ok("text/plain", "four"));
    for listener in ["held", "early", "chunks"] {
        let mut client = RIG.connect(listener);
        let head = client.exchange(&Request::new("HEAD", "/none")).unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0), "{listener}");
        for (path, status) in [("/status/204", 204), ("/304", 304)] {
            let response = client.exchange(&Request::get(path)).unwrap();
            assert_eq!((response.status, response.body.len()), (status, 0), "{listener} {path}");
            assert_eq!(response.field("transfer-encoding"), None, "{listener} {path}");
        }
        assert_eq!(client.exchange(&Request::get("/none")).unwrap().status, 200, "{listener}");
        assert_eq!(client.surplus(Duration::from_millis(20)), b"", "{listener}");
    }
    RIG.assert_sound();
}

#[test]
fn bytes_that_are_no_text_pass_in_headers() {
    RIG.h1.on("/bytes", Answer::ok("text/plain", "four").field("x-b", b"caf\xe9 \xff\xfe"));
    for listener in ["held", "early", "chunks"] {
        let request =
            Request::post("/bytes", "body").field("x-b", b"\xff\x80 \xc3\x28").field("cookie", b"a=\xff");
        let response = RIG.connect(listener).exchange(&request).unwrap();
        assert_eq!(
            (response.status, response.fields.get("x-b")),
            (200, Some(&b"caf\xe9 \xff\xfe"[..])),
            "{listener}"
        );
    }
    for seen in RIG.h1.wait("/bytes", 3).unwrap() {
        assert_eq!(seen.fields.get("x-b"), Some(&b"\xff\x80 \xc3\x28"[..]));
    }
    RIG.assert_sound();
}

#[test]
fn a_request_denied_by_its_body_is_never_seen_when_headers_are_held() {
    for client in Protocol::ALL {
        for framed in Framed::ALL {
            for upstream in Protocol::ALL {
                let body = [filler(40_000), b"attack".to_vec(), filler(10)].concat();
                let fields = vec![("x-up".to_owned(), upstream.cluster().to_owned())];
                let message = Message { path: "/denied/held".into(), fields, body, framed };
                let received = message.send(&RIG, "held", client).unwrap();
                assert_eq!(received.status, 403, "{client:?} {framed:?} {upstream:?}");
            }
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(RIG.h1.seen("/denied/held").len() + RIG.h2.seen("/denied/held").len(), 0);
    RIG.assert_sound();
}

#[test]
fn a_request_denied_by_its_body_is_never_seen_whole_otherwise() {
    for (listener, protocol) in [("early", Protocol::H1), ("early", Protocol::H2), ("chunks", Protocol::H1)] {
        for framed in Framed::ALL {
            let body = [filler(40_000), b"attack".to_vec(), filler(10)].concat();
            let message = Message { path: "/denied/early".into(), fields: Vec::new(), body, framed };
            let received = message.send(&RIG, listener, protocol).unwrap();
            assert_eq!(received.status, 403, "{listener} {protocol:?} {framed:?}");
        }
    }
    std::thread::sleep(Duration::from_millis(100));
    assert!(
        RIG.h1.seen("/denied/early").iter().all(|seen| !seen.complete && !seen.text().contains("attack"))
    );
    RIG.assert_sound();
}

#[test]
fn a_response_denied_by_its_body_gives_nothing_away() {
    for framed in Framed::ALL {
        let path = format!("/secret/{framed:?}");
        RIG.h1.on(&path, Message::answer(&[filler(30_000), b"secret".to_vec()].concat(), framed));
        for protocol in Protocol::ALL {
            let message = Message {
                path: path.clone(),
                fields: Vec::new(),
                body: b"x".to_vec(),
                framed: Framed::Length,
            };
            let held = message.send(&RIG, "held", protocol).unwrap();
            assert_eq!(held.status, 403, "{framed:?} {protocol:?}");
            assert!(!String::from_utf8_lossy(&held.body).contains("secret"));
            let early = message.send(&RIG, "early", protocol);
            // Without held headers nothing better is to be had than an answer that is broken off.
            let early = early.unwrap_or_default();
            assert!(
                early.broken.is_some() || matches!(early.status, 0 | 403),
                "{framed:?} {protocol:?} {early:?}"
            );
            assert!(!String::from_utf8_lossy(&early.body).contains("secret"));
        }
    }
    RIG.assert_sound();
}

#[test]
fn a_client_that_goes_away_leaves_nothing_behind() {
    for listener in ["held", "early", "chunks"] {
        let path = format!("/gone/{listener}");
        let mut client = RIG.connect(listener);
        let head = Request::post(&path, filler(1000)).head_bytes();
        client.send(&[head.as_slice(), b"only this"].concat()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        drop(client);
        let line = RIG.envoy.access_line(listener, &format!("{path} ")).unwrap();
        assert!(
            line.ends_with("request_end!] source=- property=-") || line.contains("request_end!"),
            "{line}"
        );
        assert_eq!(line.matches("request_end").count(), 1, "{line}");
        assert!(RIG.h1.seen(&path).iter().all(|seen| !seen.complete), "{listener}");
    }
    RIG.assert_sound();
}

#[test]
fn an_upstream_that_goes_away_is_no_answer() {
    RIG.h1.on("/cut/length", Answer::new(200).filler(100).declared(1000).cut());
    RIG.h1.on("/cut/chunks", Answer::new(200).piece("part").chunked().cut());
    for listener in ["held", "early", "chunks"] {
        for path in ["/cut/length", "/cut/chunks"] {
            match RIG.connect(listener).exchange(&Request::get(path)) {
                Ok(response) => {
                    assert!(
                        response.status >= 500 || response.broken.is_some(),
                        "{listener} {path} {response:?}"
                    );
                }
                Err(error) => assert!(listener != "held", "{listener} {path} {error:#}"),
            }
        }
    }
    RIG.assert_sound();
}

#[test]
fn an_upgrade_passes() {
    let mut client = RIG.connect("upgrades");
    client
        .send(&Request::get("/ws").field("connection", "Upgrade").field("upgrade", "websocket").bytes())
        .unwrap();
    assert_eq!(client.response("GET").unwrap().status, 101);
    for frame in [&b"\x81\x02hi"[..], b"\x81\x06attack", b"\x82\x01\xff"] {
        client.send(frame).unwrap();
        assert_eq!(client.read_raw(frame.len()).unwrap(), frame);
    }
    RIG.assert_sound();
}

#[test]
fn a_forged_upgrade_is_still_inspected() {
    // Answered at the head: Envoy sends the bytes behind an upgrade only when the upstream has agreed.
    RIG.h1.on_head("/forged", Answer::ok("text/plain", "an ordinary answer"));
    let forged = |method: &str| {
        let request =
            Request::new(method, "/forged").field("connection", "Upgrade").field("upgrade", "websocket");
        request.body("an attack")
    };
    // Where the listener allows no upgrades, Envoy refuses; where it does, only a GET asks for one.
    for (method, listener) in [("POST", "held"), ("GET", "held"), ("GET", "upgrades")] {
        let response = RIG.connect(listener).exchange(&forged(method)).unwrap();
        assert_eq!(response.status, 403, "{method} {listener} {response:?}");
        assert!(!response.text().contains("ordinary"), "{method} {listener} {response:?}");
    }
    // Envoy's codec takes a POST's body for the bytes of the upgraded connection, which have no end: it stays held.
    let mut client = RIG.connect("upgrades").patience(Duration::from_secs(1)).unwrap();
    let response = client.exchange(&forged("POST"));
    assert!(response.as_ref().map_or(true, |response| response.status == 403), "{response:?}");
    assert!(RIG.h1.seen("/forged").iter().all(|seen| seen.method == "GET"), "the upstream saw the POST");
    RIG.assert_sound();
}

#[test]
fn grpc_goes_to_and_fro_through_a_filter_that_wants_whole_bodies() {
    let request = H2Request::new("POST", "/echo.Echo/Chat")
        .field("content-type", "application/grpc")
        .field("x-up", "h2");
    let mut stream = RIG.connect_h2("held").open(&request).unwrap();
    for message in ["one", "two", "three"] {
        stream.send(&grpc_frame(message.as_bytes()), false).unwrap();
        assert_eq!(stream.data().unwrap().unwrap(), grpc_frame(message.as_bytes()));
    }
    stream.send(&[], true).unwrap();
    let response = stream.response().unwrap();
    assert_eq!(response.trailers.text("grpc-status").as_deref(), Some("0"), "{response:?}");
    assert_eq!(grpc_messages(&response.body), [&b"one"[..], b"two", b"three"]);
    assert!(RIG.metric("uninspected_total.reason.grpc") > 0);
    RIG.assert_sound();
}

#[test]
fn what_only_says_that_it_is_grpc_is_still_inspected() {
    RIG.h1.on("/forged/grpc", Answer::ok("text/plain", "an ordinary answer"));
    for upstream in ["h1", "h2"] {
        RIG.h2.on("/forged/grpc", Answer::ok("text/plain", "an ordinary answer"));
        let fields = ["content-type", "application/grpc"];
        let request =
            H2Request::new("POST", "/forged/grpc").field(fields[0], fields[1]).field("x-up", upstream);
        let response = RIG.connect_h2("held").exchange(&request.pieces(["an attack"])).unwrap();
        assert!(!response.text().contains("ordinary"), "{upstream} {response:?}");
        assert!(
            response.status == 403 || response.field("grpc-status").as_deref() == Some("7"),
            "{response:?}"
        );
    }
    let h1 = Request::post("/forged/grpc", "an attack").field("content-type", "application/grpc");
    let status = RIG.connect("held").exchange(&h1).unwrap();
    assert!(status.status == 403 || status.field("grpc-status").as_deref() == Some("7"), "{status:?}");
    assert!(!status.text().contains("ordinary"), "{status:?}");
    RIG.assert_sound();
}

#[test]
fn the_first_event_does_not_wait_for_the_last() {
    let second = Duration::from_millis(300);
    let events =
        Answer::new(200).field("content-type", "text/event-stream").piece("data: event\n\n").chunked();
    RIG.h1.on("/events", events.piece_after(second, "data: event\n\n"));
    for listener in ["held", "early", "chunks"] {
        // The fastest of three: another test may hold the machine up.
        let first = (0..3).map(|_| {
            let response = RIG.connect(listener).exchange(&Request::get("/events")).unwrap();
            assert_eq!(response.text().to_lowercase().matches("data: event").count(), 2, "{listener}");
            response.arrivals[0].0
        });
        let first = first.min().unwrap();
        assert!(first < Duration::from_millis(100), "{listener}: {first:?}");
    }
    RIG.assert_sound();
}

#[test]
fn expect_100_continue_is_answered() {
    for listener in ["held", "early", "chunks"] {
        let mut client = RIG.connect(listener);
        let request = Request::post("/echo", "body").field("expect", "100-continue");
        client.send(&request.head_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        client.send(&request.body_bytes()).unwrap();
        let response = client.response("POST").unwrap();
        assert_eq!((response.status, response.interim.as_slice()), (200, &[100][..]), "{listener}");
    }
    RIG.assert_sound();
}

#[test]
fn an_answer_before_the_end_of_the_request_reaches_the_client() {
    RIG.h1.on_head("/too-early", Answer::ok("text/plain", "no more"));
    for listener in ["early", "chunks"] {
        let mut client = RIG.connect(listener);
        client.send(&Request::post("/too-early", filler(100)).head_bytes()).unwrap();
        let start = Instant::now();
        let response = client.response("POST");
        let status = response.as_ref().map(|response| response.status);
        assert!(matches!(status, Ok(200 | 503)), "{listener} {response:?}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    RIG.assert_sound();
}
