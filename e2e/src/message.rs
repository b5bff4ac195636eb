//! Messages that go over either protocol, so that a case can be written once.

use crate::Rig;
use anyhow::{Result, bail};
use portcullis_testkit::answer::Answer;
use portcullis_testkit::h1::{Fields, Request};
use portcullis_testkit::h2client::H2Request;
use portcullis_testkit::upstream::Upstream;
use std::time::Duration;

/// What the client, or the upstream, speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

impl Protocol {
    /// Both.
    pub const ALL: [Protocol; 2] = [Protocol::H1, Protocol::H2];

    /// The upstream that speaks it.
    pub fn upstream(self, rig: &Rig) -> &Upstream {
        match self {
            Protocol::H1 => &rig.h1,
            Protocol::H2 => &rig.h2,
        }
    }

    /// The value of `x-up` that leads to that upstream.
    pub fn cluster(self) -> &'static str {
        match self {
            Protocol::H1 => "h1",
            Protocol::H2 => "h2",
        }
    }
}

/// How a message says where its body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed {
    /// By `content-length`.
    Length,
    /// By chunks, or DATA frames without `content-length`.
    Chunks,
    /// By chunks or DATA frames, then a trailer `x-trailer: end`.
    Trailers,
}

impl Framed {
    /// All three.
    pub const ALL: [Framed; 3] = [Framed::Length, Framed::Chunks, Framed::Trailers];
}

/// A POST, as a client sends it.
#[derive(Debug, Clone)]
pub struct Message {
    /// The path, unique to the case.
    pub path: String,
    /// Header fields.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Its framing.
    pub framed: Framed,
}

/// What the client got.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub fields: Fields,
    /// The body.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// Why it has no proper end, if so.
    pub broken: Option<String>,
}

impl Message {
    /// Sends it to a listener over a new connection. An HTTP/1 connection that stays open is used once more, to see that both
    /// ends agree on where this exchange ended.
    pub fn send(&self, rig: &Rig, listener: &str, protocol: Protocol) -> Result<Received> {
        match protocol {
            Protocol::H1 => self.send_h1(rig, listener),
            Protocol::H2 => self.send_h2(rig, listener),
        }
    }

    /// The answer that an upstream gives with this body.
    pub fn answer(body: &[u8], framed: Framed) -> Answer {
        let answer = Answer::new(200).field("content-type", "text/plain");
        let half = body.len() / 2;
        match framed {
            Framed::Length => answer.piece(body),
            Framed::Chunks => answer.piece(&body[..half]).piece(&body[half..]).chunked(),
            Framed::Trailers => answer.piece(&body[..half]).piece(&body[half..]).trailer("x-trailer", "end"),
        }
    }

    fn send_h1(&self, rig: &Rig, listener: &str) -> Result<Received> {
        let mut client = rig.connect(listener);
        let half = self.body.len() / 2;
        let mut request = Request::new("POST", &self.path);
        for (name, value) in &self.fields {
            request = request.field(name, value);
        }
        let request = match self.framed {
            Framed::Length => request.body(&self.body),
            Framed::Chunks => request.chunks([&self.body[..half], &self.body[half..]]),
            Framed::Trailers => {
                request.chunks([&self.body[..half], &self.body[half..]]).trailer("x-trailer", "end")
            }
        };
        let response = client.exchange(&request)?;
        let closes = response.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if response.broken.is_none() && !closes && response.status == 200 {
            let surplus = client.surplus(Duration::from_millis(1));
            if !surplus.is_empty() {
                bail!("bytes behind the answer: {}", surplus.escape_ascii());
            }
        }
        Ok(Received {
            status: response.status,
            fields: response.fields,
            body: response.body,
            trailers: response.trailers,
            broken: response.broken.map(|error| error.to_string()),
        })
    }

    fn send_h2(&self, rig: &Rig, listener: &str) -> Result<Received> {
        let half = self.body.len() / 2;
        let mut request = H2Request::new("POST", &self.path).pieces([&self.body[..half], &self.body[half..]]);
        for (name, value) in &self.fields {
            request = request.field(name, value);
        }
        let request = match self.framed {
            Framed::Length => request.with_length(),
            Framed::Chunks => request,
            Framed::Trailers => request.trailer("x-trailer", "end"),
        };
        let response = rig.connect_h2(listener).exchange(&request)?;
        Ok(Received {
            status: response.status,
            fields: response.fields,
            body: response.body,
            trailers: response.trailers,
            broken: response.reset,
        })
    }
}
