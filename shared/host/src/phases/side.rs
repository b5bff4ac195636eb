//! The two directions of an exchange, so that the driver is written once: which engine methods and host maps belong
//! to each, and where they really differ.

use crate::phases::lane::Lane;
use crate::phases::wire::{Direction, Wire};
use portcullis_core::{
    BodyState, CallResult, Edit, Exchange, Headers, RequestEdit, RequestVerdict, ResponseEdit,
    ResponseVerdict, Store, Stream, Verdict,
};

/// A body that must not be held back, or a connection that is no longer HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unholdable {
    Upgrade,
    Grpc,
    EventStream,
}

pub(crate) trait Side {
    type Edit: AsRef<Edit>;
    const DIRECTION: Direction;
    /// The status of the answer where this direction's body is over a limit.
    const TOO_LARGE: u16;

    fn lanes<'a>(request: &'a mut Lane, response: &'a mut Lane) -> &'a mut Lane;
    fn message(exchange: &mut Exchange) -> (&mut Headers, &mut BodyState);
    /// Why this message's body cannot be held until its end, if it cannot.
    fn unholdable(exchange: &Exchange, wire: &impl Wire) -> Option<Unholdable>;

    fn headers(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> Verdict<Self::Edit>;
    fn body(
        stream: &mut impl Stream,
        exchange: &Exchange,
        bytes: &[u8],
        store: &mut dyn Store,
    ) -> Verdict<Self::Edit>;
    fn trailers(stream: &mut impl Stream, exchange: &Exchange, trailers: &Headers) -> Verdict<Self::Edit>;
    fn end(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> Verdict<Self::Edit>;
    fn call_done(
        stream: &mut impl Stream,
        exchange: &Exchange,
        result: &CallResult,
        store: &mut dyn Store,
    ) -> Verdict<Self::Edit>;
}

pub(crate) struct Request;
pub(crate) struct Response;

impl Side for Request {
    type Edit = RequestEdit;
    const DIRECTION: Direction = Direction::Request;
    const TOO_LARGE: u16 = 413;

    fn lanes<'a>(request: &'a mut Lane, _response: &'a mut Lane) -> &'a mut Lane {
        request
    }

    fn message(exchange: &mut Exchange) -> (&mut Headers, &mut BodyState) {
        (&mut exchange.request, &mut exchange.request_body)
    }

    fn unholdable(exchange: &Exchange, wire: &impl Wire) -> Option<Unholdable> {
        if is_upgrade(&exchange.request) {
            return Some(Unholdable::Upgrade);
        }
        // The client chooses the content type, so it alone frees no body from being held: gRPC is HTTP/2 or later.
        let grpc =
            is_grpc(&exchange.request) && wire.property(&["request", "protocol"]).is_some_and(is_multiplexed);
        grpc.then_some(Unholdable::Grpc)
    }

    fn headers(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> RequestVerdict {
        stream.request_headers(exchange, store)
    }
    fn body(
        stream: &mut impl Stream,
        exchange: &Exchange,
        bytes: &[u8],
        store: &mut dyn Store,
    ) -> RequestVerdict {
        stream.request_body(exchange, bytes, store)
    }
    fn trailers(stream: &mut impl Stream, exchange: &Exchange, trailers: &Headers) -> RequestVerdict {
        stream.request_trailers(exchange, trailers)
    }
    fn end(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> RequestVerdict {
        stream.request_end(exchange, store)
    }
    fn call_done(
        stream: &mut impl Stream,
        exchange: &Exchange,
        result: &CallResult,
        store: &mut dyn Store,
    ) -> RequestVerdict {
        stream.request_call_done(exchange, result, store)
    }
}

impl Side for Response {
    type Edit = ResponseEdit;
    const DIRECTION: Direction = Direction::Response;
    const TOO_LARGE: u16 = 502;

    fn lanes<'a>(_request: &'a mut Lane, response: &'a mut Lane) -> &'a mut Lane {
        response
    }

    fn message(exchange: &mut Exchange) -> (&mut Headers, &mut BodyState) {
        (&mut exchange.response, &mut exchange.response_body)
    }

    fn unholdable(exchange: &Exchange, _wire: &impl Wire) -> Option<Unholdable> {
        if is_grpc(&exchange.response) {
            return Some(Unholdable::Grpc);
        }
        let media = exchange.response.media_type()?;
        media.eq_ignore_ascii_case(b"text/event-stream").then_some(Unholdable::EventStream)
    }

    fn headers(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> ResponseVerdict {
        stream.response_headers(exchange, store)
    }
    fn body(
        stream: &mut impl Stream,
        exchange: &Exchange,
        bytes: &[u8],
        store: &mut dyn Store,
    ) -> ResponseVerdict {
        stream.response_body(exchange, bytes, store)
    }
    fn trailers(stream: &mut impl Stream, exchange: &Exchange, trailers: &Headers) -> ResponseVerdict {
        stream.response_trailers(exchange, trailers)
    }
    fn end(stream: &mut impl Stream, exchange: &Exchange, store: &mut dyn Store) -> ResponseVerdict {
        stream.response_end(exchange, store)
    }
    fn call_done(
        stream: &mut impl Stream,
        exchange: &Exchange,
        result: &CallResult,
        store: &mut dyn Store,
    ) -> ResponseVerdict {
        stream.response_call_done(exchange, result, store)
    }
}

/// Whether the request asks for another protocol: CONNECT (of HTTP/2 with `:protocol` too), or a GET with both
/// `connection: upgrade` and `upgrade`. A POST that only says so is an ordinary request.
fn is_upgrade(request: &Headers) -> bool {
    match request.method() {
        b"CONNECT" => true,
        b"GET" => {
            request.contains("upgrade")
                && request.get_all("connection").any(|value| has_token(value, b"upgrade"))
        }
        _ => false,
    }
}

/// Whether the upstream agreed to the upgrade.
pub(crate) fn is_upgraded(exchange: &Exchange) -> bool {
    match exchange.response.status() {
        Some(101) => true,
        Some(200..=299) => exchange.request.method() == b"CONNECT",
        _ => false,
    }
}

/// gRPC proper; gRPC-Web is ordinary HTTP.
pub(crate) fn is_grpc(headers: &Headers) -> bool {
    headers.media_type().is_some_and(|media| {
        let media = media.to_ascii_lowercase();
        media == b"application/grpc" || media.starts_with(b"application/grpc+")
    })
}

fn is_multiplexed(protocol: Vec<u8>) -> bool {
    protocol.starts_with(b"HTTP/2") || protocol.starts_with(b"HTTP/3")
}

fn has_token(value: &[u8], token: &[u8]) -> bool {
    value.split(|&byte| byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_an_upgrade() {
        let get = [(":method", "GET"), ("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")];
        assert!(is_upgrade(&Headers::from_pairs(get)));
        let post = [(":method", "POST"), ("connection", "Upgrade"), ("upgrade", "websocket")];
        assert!(!is_upgrade(&Headers::from_pairs(post)));
        assert!(!is_upgrade(&Headers::from_pairs([(":method", "GET"), ("upgrade", "websocket")])));
        assert!(is_upgrade(&Headers::from_pairs([(":method", "CONNECT"), (":protocol", "websocket")])));
    }

    #[test]
    fn grpc_web_is_ordinary() {
        let is = |media: &str| is_grpc(&Headers::from_pairs([("content-type", media)]));
        assert!(is("application/grpc") && is("Application/gRPC+proto; x=y"));
        assert!(!is("application/grpc-web") && !is("application/json"));
    }
}
