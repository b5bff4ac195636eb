//! The HTTP/1 client and the upstream, against each other.

use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::h1::{Framing, ReadError, Request};
use portcullis_testkit::raw::{Client, fetch};
use portcullis_testkit::upstream::Upstream;
use std::time::Duration;

#[test]
fn records_raw_bytes_and_body() {
    let upstream = Upstream::start().unwrap();
    let request =
        Request::new("POST", "/echo?q=1").field("x-b", b"\xff").chunks(["ab", "c"]).trailer("x-t", "1");
    let response = fetch(upstream.address(), &request).unwrap();
    assert_eq!(response.json().unwrap()["body"], "abc");
    let seen = upstream.only("/echo").unwrap();
    assert_eq!(seen.raw, request.bytes());
    assert_eq!((seen.framing, seen.body.as_slice()), (Framing::Chunked, &b"abc"[..]));
    assert_eq!(seen.trailers.get("x-t"), Some(&b"1"[..]));
    assert_eq!(upstream.faults(), [""; 0]);
}

#[test]
fn several_requests_on_one_connection_and_surplus_is_a_fault() {
    let upstream = Upstream::start().unwrap();
    let mut client = Client::connect(upstream.address()).unwrap();
    for n in 0..3 {
        assert_eq!(client.exchange(&Request::post(format!("/n/{n}"), "body")).unwrap().status, 200);
    }
    let mut bytes = Request::post("/short", "body").bytes();
    bytes.extend_from_slice(b"surplus\r\n\r\n");
    client.send(&bytes).unwrap();
    assert_eq!(client.response("POST").unwrap().status, 200);
    assert!(client.is_closed(Duration::from_secs(2)));
    assert_eq!(upstream.faults().len(), 1, "{:?}", upstream.faults());
    assert!(upstream.requests().iter().all(|request| request.connection == 0));
}

#[test]
fn answers_take_every_form() {
    let upstream = Upstream::start().unwrap();
    upstream.on("/chunks", Answer::new(200).piece("ab").piece("cde").trailer("x-t", "1"));
    upstream.on("/close", Answer::new(200).piece("to the end").until_close());
    upstream.on("/cut", Answer::new(200).piece("abc").declared(10).cut());
    upstream.on_head("/early", Answer::new(413));
    let get = |path: &str| fetch(upstream.address(), &Request::get(path)).unwrap();

    let chunks = get("/chunks");
    assert_eq!((chunks.chunks.as_slice(), chunks.trailers.get("x-t")), (&[2, 3][..], Some(&b"1"[..])));
    assert_eq!((get("/close").framing, get("/close").text()), (Framing::Close, "to the end".into()));
    let cut = get("/cut");
    assert_eq!((cut.broken, cut.body.as_slice()), (Some(ReadError::Cut), &b"abc"[..]));
    assert_eq!(get("/bytes/40000").body, [filler(16384), filler(16384), filler(40000 - 32768)].concat());
    assert_eq!(get("/status/204").framing, Framing::Bodyless);
    let head = fetch(upstream.address(), &Request::new("HEAD", "/bytes/5")).unwrap();
    assert_eq!((head.field("content-length").as_deref(), head.body.len()), (Some("5"), 0));

    let mut client = Client::connect(upstream.address()).unwrap();
    client.send(&Request::post("/early", filler(1000)).head_bytes()).unwrap();
    assert_eq!(client.response("POST").unwrap().status, 413);
    assert!(!upstream.seen("/early")[0].complete);
}

#[test]
fn an_upgrade_echoes_and_events_are_timed() {
    let upstream = Upstream::start().unwrap();
    let mut client = Client::connect(upstream.address()).unwrap();
    client
        .send(&Request::get("/ws").field("connection", "upgrade").field("upgrade", "websocket").bytes())
        .unwrap();
    assert_eq!(client.response("GET").unwrap().status, 101);
    client.send(b"\x81\x02hi").unwrap();
    assert_eq!(client.read_raw(4).unwrap(), b"\x81\x02hi");

    let events = fetch(upstream.address(), &Request::get("/sse")).unwrap();
    assert!(events.arrivals[0].0 < Duration::from_millis(150), "{:?}", events.arrivals);
    assert!(events.arrivals.last().unwrap().0 > Duration::from_millis(500), "{:?}", events.arrivals);
}
