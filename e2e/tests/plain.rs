//! The harness itself, through an Envoy without a filter of ours: what it says of the others is worth as much as this.

use portcullis_e2e::{Framed, Message, Protocol, Rig, with_upstreams};
use portcullis_testkit::envoy::Listener;
use portcullis_testkit::h1::Request;
use portcullis_testkit::raw::Client;

fn rig(label: &str) -> Rig {
    Rig::builder(label).listener(with_upstreams(Listener::new("plain", "h1"))).start().unwrap()
}

#[test]
fn every_wire_carries_every_framing() {
    let rig = rig("plain");
    for client in Protocol::ALL {
        for upstream in Protocol::ALL {
            for framed in Framed::ALL {
                let path = format!("/{client:?}/{upstream:?}/{framed:?}");
                upstream.upstream(&rig).on(&path, Message::answer(b"the answer", framed));
                let fields = vec![("x-up".to_owned(), upstream.cluster().to_owned())];
                let message = Message { path: path.clone(), fields, body: b"the body".to_vec(), framed };
                let received = message.send(&rig, "plain", client).unwrap();
                assert_eq!((received.status, received.body.as_slice()), (200, &b"the answer"[..]), "{path}");
                assert_eq!(
                    received.trailers.text("x-trailer").is_some(),
                    framed == Framed::Trailers,
                    "{path}"
                );
                let seen = upstream.upstream(&rig).only(&path).unwrap();
                assert_eq!(seen.body, b"the body", "{path}");
                assert_eq!(seen.trailers.text("x-trailer").is_some(), framed == Framed::Trailers, "{path}");
            }
        }
    }
    rig.assert_sound();
}

#[test]
fn the_rig_notices_a_desync() {
    let rig = rig("desync");
    // Straight to the upstream, with what a proxy would have to have got wrong.
    let mut client = Client::connect(rig.h1.address()).unwrap();
    client.send(&[Request::post("/", "ab").bytes(), b"surplus\r\n\r\n".to_vec()].concat()).unwrap();
    client.response("POST").unwrap();
    rig.envoy.wait_until(std::time::Duration::from_secs(5), || !rig.h1.faults().is_empty()).unwrap();
    let sound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rig.assert_sound()));
    assert!(sound.is_err());
}
