//! Every way in which a body can come, against every way in which a filter can change it: what arrives on the other side is
//! what the filter made of it, framed rightly, and a body over the limit does not arrive.

use anyhow::{Result, bail, ensure};
use portcullis_e2e::{Framed, Hold, Message, Protocol, Received, Rig, probe_listener};
use portcullis_testkit::answer::{Answer, filler};
use portcullis_testkit::corpus::{Outcome, Suite};
use serde_json::json;

/// The filter's own limit; the host's is twice that.
const LIMIT: usize = 16_384;
const HOST_LIMIT: usize = 2 * LIMIT;
/// By how much a body grows or shrinks.
const CHANGE: usize = 700;

#[test]
fn every_body_arrives_as_it_should() {
    let rig = Rig::builder("matrix").listeners(listeners()).start().unwrap();
    let cases: Vec<Case> = cases().collect();
    let count = cases.len();
    let named = cases.into_iter().enumerate().map(|(index, case)| (format!("{case:?}"), (index, case)));
    let report = Suite::new("e2e/body-matrix")
        .floor(count)
        .run(named, |(index, case)| case.check(&rig, *index).map_err(|error| format!("{error:#}")));
    report.assert_clean();
    assert_eq!(count, 2 * 2 * 3 * 3 * 3 * 2 * 2);
    rig.assert_sound();
}

#[derive(Debug, Clone, Copy)]
struct Case {
    client: Protocol,
    upstream: Protocol,
    framed: Framed,
    size: usize,
    change: Change,
    side: Side,
    hold: Hold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Keep,
    Grow,
    Shrink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

const CHANGES: [Change; 3] = [Change::Keep, Change::Grow, Change::Shrink];
const SIDES: [Side; 2] = [Side::Request, Side::Response];
const HOLDS: [Hold; 2] = [Hold::Held, Hold::Early];

fn listener_name(change: Change, side: Side, hold: Hold) -> String {
    format!("{change:?}-{side:?}-{hold:?}").to_lowercase()
}

fn listeners() -> impl Iterator<Item = portcullis_testkit::envoy::Listener> {
    let combinations = CHANGES
        .into_iter()
        .flat_map(|change| SIDES.map(|side| HOLDS.map(|hold| (change, side, hold))))
        .flatten();
    combinations.map(|(change, side, hold)| {
        let mut part = json!({ "body": "whole", "access": "edit", "max": LIMIT });
        match change {
            Change::Keep => {}
            Change::Grow => part["grow"] = CHANGE.into(),
            Change::Shrink => part["shrink"] = CHANGE.into(),
        }
        let settings = match side {
            Side::Request => json!({ "request": part }),
            Side::Response => json!({ "response": part }),
        };
        probe_listener(
            &listener_name(change, side, hold),
            hold,
            settings,
            json!({ "hostBufferLimit": HOST_LIMIT }),
        )
        .buffer_limit(HOST_LIMIT as u32)
    })
}

fn cases() -> impl Iterator<Item = Case> {
    let wires = Protocol::ALL.into_iter().flat_map(|client| Protocol::ALL.map(|upstream| (client, upstream)));
    let framings = wires.flat_map(|wire| Framed::ALL.map(|framed| (wire, framed)));
    let sizes =
        framings.flat_map(|(wire, framed)| [LIMIT - 1, LIMIT, LIMIT + 1].map(|size| (wire, framed, size)));
    let changes = sizes.flat_map(|(wire, framed, size)| CHANGES.map(|change| (wire, framed, size, change)));
    changes.flat_map(|((client, upstream), framed, size, change)| {
        SIDES.into_iter().flat_map(move |side| {
            HOLDS.map(|hold| Case { client, upstream, framed, size, change, side, hold })
        })
    })
}

impl Case {
    fn check(&self, rig: &Rig, index: usize) -> Result<Outcome> {
        let path = format!("/case/{index}");
        let body = filler(self.size);
        let (sent, answered) = match self.side {
            Side::Request => (body.clone(), b"short".to_vec()),
            Side::Response => (b"short".to_vec(), body.clone()),
        };
        let answer = match self.side {
            Side::Request => Answer::ok("text/plain", &answered),
            Side::Response => Message::answer(&answered, self.framed),
        };
        self.upstream.upstream(rig).on(&path, answer);
        let framed = if self.side == Side::Request { self.framed } else { Framed::Length };
        let fields = vec![("x-up".to_owned(), self.upstream.cluster().to_owned())];
        let message = Message { path: path.clone(), fields, body: sent, framed };
        let received = message.send(rig, &listener_name(self.change, self.side, self.hold), self.client)?;
        match (self.side, self.size > LIMIT) {
            (Side::Request, false) => self.request_arrived(rig, &path, &received)?,
            (Side::Response, false) => self.response_arrived(&received)?,
            (Side::Request, true) => self.request_refused(rig, &path, &received)?,
            (Side::Response, true) => self.response_refused(&received)?,
        }
        Ok(Outcome::Asserted)
    }

    fn expected(&self) -> Vec<u8> {
        let mut body = filler(self.size);
        match self.change {
            Change::Keep => {}
            Change::Grow => body.extend([b'+'; CHANGE]),
            Change::Shrink => body.truncate(self.size - CHANGE),
        }
        body
    }

    fn request_arrived(&self, rig: &Rig, path: &str, received: &Received) -> Result<()> {
        ensure!(received.status == 200, "status {} {:?}", received.status, received.broken);
        ensure!(received.body == b"short", "the answer was changed");
        let seen = self.upstream.upstream(rig).only(path)?;
        same(&seen.body, &self.expected())?;
        let trailer = seen.trailers.text("x-trailer");
        ensure!(trailer.is_some() == (self.framed == Framed::Trailers), "trailer {trailer:?}");
        Ok(())
    }

    fn response_arrived(&self, received: &Received) -> Result<()> {
        ensure!(
            received.status == 200 && received.broken.is_none(),
            "{} {:?}",
            received.status,
            received.broken
        );
        same(&received.body, &self.expected())?;
        let length = received.fields.text("content-length");
        let expected = self.expected().len().to_string();
        ensure!(length.as_ref().is_none_or(|length| *length == expected), "content-length {length:?}");
        let trailer = received.trailers.text("x-trailer");
        ensure!(trailer.is_some() == (self.framed == Framed::Trailers), "trailer {trailer:?}");
        Ok(())
    }

    fn request_refused(&self, rig: &Rig, path: &str, received: &Received) -> Result<()> {
        ensure!(received.status == 413, "status {} in place of 413", received.status);
        let seen = self.upstream.upstream(rig).seen(path);
        match self.hold {
            Hold::Held => ensure!(seen.is_empty(), "the upstream saw it"),
            Hold::Early => ensure!(seen.iter().all(|request| !request.complete), "the upstream saw it whole"),
        }
        Ok(())
    }

    /// A response over the limit is a 502; where its headers have left, it is broken off before its end.
    fn response_refused(&self, received: &Received) -> Result<()> {
        match (received.status, &received.broken) {
            (502, None) => Ok(()),
            (200, Some(_)) if self.hold == Hold::Early => {
                ensure!(received.body.len() < self.size, "the body came whole");
                Ok(())
            }
            (status, broken) => bail!("{status} {broken:?}, {} bytes", received.body.len()),
        }
    }
}

fn same(got: &[u8], expected: &[u8]) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    let at = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    bail!("{} bytes in place of {}, different from byte {at} on", got.len(), expected.len())
}
