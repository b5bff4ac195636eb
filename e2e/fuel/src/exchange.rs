//! One exchange through an engine, as the host would drive it: phases in order, bodies as the engine wishes them.

use portcullis_core::{
    Body, BodyEdit, Edit, Exchange, Flow, Headers, MapStore, Plugin, RequestVerdict, ResponseVerdict, Stream,
    Verdict,
};
use portcullis_fuel::messages::{Request, Response};
use std::rc::Rc;

/// As much as Envoy hands over at once.
const CHUNK: usize = 16 * 1024;

/// What came of an exchange.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The status of the engine's own answer.
    pub(crate) replied: Option<u16>,
    pub(crate) request: Headers,
    pub(crate) request_body: Vec<u8>,
    pub(crate) response_body: Vec<u8>,
}

/// A message in the host's form.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) headers: Headers,
    body: Vec<u8>,
}

impl From<&Request> for Message {
    fn from(request: &Request) -> Message {
        let pseudo = [
            (":method", request.method),
            (":path", &request.path),
            (":authority", "shop.example"),
            (":scheme", "http"),
        ];
        let length = (!request.body.is_empty()).then(|| ("content-length", request.body.len().to_string()));
        let fields = pseudo.into_iter().map(|(name, value)| (name, value.to_owned()));
        let fields = fields.chain(request.fields.iter().cloned()).chain(length);
        Message { headers: Headers::from_pairs(fields), body: request.body.clone() }
    }
}

impl From<&Response> for Message {
    fn from(response: &Response) -> Message {
        let length = response.body.len().to_string();
        let fields =
            [(":status", "200"), ("content-type", response.content_type), ("content-length", &length)];
        Message { headers: Headers::from_pairs(fields), body: response.body.clone() }
    }
}

/// Drives a request and its response through a plugin.
///
/// # Panics
/// Where the engine fails or wants what this host has not: then the workload does not measure what it says.
pub(crate) fn run<P: Plugin>(plugin: &Rc<P>, request: &Message, response: &Message) -> Outcome {
    let mut exchange = exchange(request);
    let mut store = MapStore::default();
    let mut stream = plugin.stream(&exchange);
    let mut side = Side::new(&request.body);

    side.take(stream.request_headers(&exchange, &mut store), |edit| exchange.request.apply(edit));
    while let Some(bytes) = side.next() {
        exchange.request_body.received += bytes.len() as u64;
        let verdict: RequestVerdict = stream.request_body(&exchange, &bytes, &mut store);
        side.take_body(verdict, &bytes, |edit| exchange.request.apply(edit));
    }
    side.take_body(stream.request_end(&exchange, &mut store), &[], |edit| exchange.request.apply(edit));
    let (replied, request_body) = side.end();
    if replied.is_some() {
        return Outcome { replied, request: exchange.request, request_body, ..Outcome::default() };
    }

    exchange.response = response.headers.clone();
    exchange.response_body.present = !response.body.is_empty();
    let mut side = Side::new(&response.body);
    if plugin.needs().response {
        side.take(stream.response_headers(&exchange, &mut store), |edit| exchange.response.apply(edit));
        while let Some(bytes) = side.next() {
            exchange.response_body.received += bytes.len() as u64;
            let verdict: ResponseVerdict = stream.response_body(&exchange, &bytes, &mut store);
            side.take_body(verdict, &bytes, |edit| exchange.response.apply(edit));
        }
        side.take_body(stream.response_end(&exchange, &mut store), &[], |edit| exchange.response.apply(edit));
    }
    let (replied, response_body) = side.end();
    Outcome { replied, request: exchange.request, request_body, response_body }
}

/// The exchange at its beginning.
pub(crate) fn exchange(request: &Message) -> Exchange {
    let mut exchange = Exchange {
        request: request.headers.clone(),
        source: "192.0.2.7:40000".to_owned(),
        destination: "192.0.2.1:443".to_owned(),
        id: 1,
        ..Exchange::default()
    };
    exchange.request_body.present = !request.body.is_empty();
    exchange
}

/// One direction of an exchange.
struct Side<'a> {
    input: &'a [u8],
    at: usize,
    wish: Body,
    output: Vec<u8>,
    replied: Option<u16>,
}

impl<'a> Side<'a> {
    fn new(input: &'a [u8]) -> Side<'a> {
        Side { input, at: 0, wish: Body::Skip, output: Vec::new(), replied: None }
    }

    /// The bytes that the engine is to see next.
    fn next(&mut self) -> Option<Vec<u8>> {
        let left = self.input.len() - self.at;
        let length = match self.wish {
            _ if left == 0 || self.replied.is_some() => return None,
            Body::Skip => return None,
            Body::Chunks(_) => left.min(CHUNK),
            Body::Whole { max, .. } => {
                assert!(left <= max, "the engine wants {max} bytes at most, and the body has {left}");
                left
            }
        };
        let bytes = self.input[self.at..self.at + length].to_vec();
        self.at += length;
        Some(bytes)
    }

    fn take_body<E: AsRef<Edit>>(&mut self, verdict: Verdict<E>, given: &[u8], apply: impl FnMut(&Edit)) {
        match &verdict.content {
            BodyEdit::Keep => self.output.extend_from_slice(given),
            BodyEdit::Replace(bytes) => self.output.extend_from_slice(bytes),
        }
        self.take(verdict, apply);
    }

    fn take<E: AsRef<Edit>>(&mut self, verdict: Verdict<E>, mut apply: impl FnMut(&Edit)) {
        verdict.edits.iter().for_each(|edit| apply(edit.as_ref()));
        self.wish = verdict.body.unwrap_or(self.wish);
        match verdict.flow {
            Flow::Continue => {}
            Flow::Reply(reply) => self.replied = Some(reply.status),
            Flow::Fail(failure) => panic!("the engine failed: {}", failure.message),
            Flow::Ask(_) | Flow::Reset => panic!("the engine wants a call or a reset"),
        }
    }

    /// The engine's answer, and the body with what was not looked at.
    fn end(mut self) -> (Option<u16>, Vec<u8>) {
        self.output.extend_from_slice(&self.input[self.at..]);
        (self.replied, self.output)
    }
}
