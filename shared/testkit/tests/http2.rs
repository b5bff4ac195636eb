//! The HTTP/2 client and the upstream, against each other.
#![cfg(feature = "net")]

use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::h1::Framing;
use portcullis_testkit::h2client::{H2Client, H2Request, grpc_frame, grpc_messages};
use portcullis_testkit::upstream::Upstream;

#[test]
fn bodies_and_trailers_both_ways() {
    let upstream = Upstream::start_h2().unwrap();
    upstream.on("/t", Answer::new(200).piece("ab").piece("c").trailer("x-t", "1"));
    let client = H2Client::connect(upstream.address()).unwrap();
    let request = H2Request::new("POST", "/t")
        .pieces([filler(100_000), b"x".to_vec()])
        .with_length()
        .trailer("x-r", "2");
    let response = client.exchange(&request).unwrap();
    assert_eq!((response.status, response.text().as_str()), (200, "abc"));
    assert_eq!(response.trailers.get("x-t"), Some(&b"1"[..]));
    let seen = upstream.only("/t").unwrap();
    assert_eq!((seen.framing, seen.body.len()), (Framing::Length(100_001), 100_001));
    assert_eq!(seen.trailers.get("x-r"), Some(&b"2"[..]));
    assert_eq!(upstream.faults(), [""; 0]);
}

#[test]
fn a_cut_is_a_reset() {
    let upstream = Upstream::start_h2().unwrap();
    upstream.on("/cut", Answer::new(200).piece("abc").declared(10).cut());
    let client = H2Client::connect(upstream.address()).unwrap();
    let response = client.exchange(&H2Request::new("GET", "/cut")).unwrap();
    assert!(response.reset.is_some(), "{response:?}");
    assert_eq!(client.exchange(&H2Request::new("GET", "/status/204")).unwrap().status, 204);
}

#[test]
fn grpc_goes_to_and_fro() {
    let upstream = Upstream::start_h2().unwrap();
    let client = H2Client::connect(upstream.address()).unwrap();
    let mut stream = client
        .open(&H2Request::new("POST", "/echo.Echo/Chat").field("content-type", "application/grpc"))
        .unwrap();
    for message in [b"one", b"two"] {
        stream.send(&grpc_frame(message), false).unwrap();
        assert_eq!(stream.data().unwrap().unwrap(), grpc_frame(message));
    }
    stream.send(&[], true).unwrap();
    let response = stream.response().unwrap();
    assert_eq!(response.trailers.text("grpc-status").as_deref(), Some("0"));
    assert_eq!(grpc_messages(&response.body), [b"one", b"two"]);
}
