//! [`Wire`] over the Proxy-Wasm ABI.

use super::bindings;
use crate::phases::pairs::headers_from;
use crate::phases::wire::{Direction, Map, Wire};
use portcullis_core::{Call, Cas, CasMismatch, Headers, Level, Rendered};
use proxy_wasm::types::{BufferType, MapType, StreamType};
use std::ops::Range;
use std::time::Duration;

/// The host, as seen from whichever context it is calling.
pub(super) struct Host;

impl Wire for Host {
    fn now(&self) -> Duration {
        Duration::from_nanos(bindings::now())
    }

    fn headers(&self, map: Map) -> Headers {
        bindings::map(map_type(map)).and_then(headers_from).unwrap_or_default()
    }

    fn set_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool {
        bindings::replace_map_value(map_type(map), name, value)
    }

    fn add_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool {
        bindings::add_map_value(map_type(map), name, value)
    }

    fn remove_header(&self, map: Map, name: &[u8]) -> bool {
        bindings::remove_map_value(map_type(map), name)
    }

    fn body(&self, direction: Direction, range: Range<usize>) -> Option<Vec<u8>> {
        bindings::buffer(buffer_type(direction), range)
    }

    fn set_body(&self, direction: Direction, range: Range<usize>, bytes: &[u8]) -> bool {
        bindings::set_buffer(buffer_type(direction), range, bytes)
    }

    fn property(&self, path: &[&str]) -> Option<Vec<u8>> {
        bindings::property(path)
    }

    fn set_state(&self, key: &str, value: &[u8]) {
        bindings::set_property(key, value);
    }

    fn reply(&self, reply: &Rendered, details: &str) {
        let headers = bindings::serialize(Pairs(&reply.headers).iter());
        let grpc_status = reply.grpc_status.map_or(-1, |status| status as i32);
        bindings::send_local_response(u32::from(reply.status), details, &reply.body, &headers, grpc_status);
    }

    fn resume(&self, direction: Direction) {
        bindings::continue_stream(stream_type(direction));
    }

    fn reset(&self, direction: Direction) {
        bindings::close_stream(stream_type(direction));
    }

    fn call(&self, call: &Call) -> Option<u32> {
        let pairs: Option<Vec<(&str, &str)>> = call
            .headers
            .iter()
            .map(|(name, value)| Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?)))
            .collect();
        let body = (!call.body.is_empty()).then_some(call.body.as_slice());
        // The SDK's own call: it must know the token to find our context again. Its statuses for this call are the
        // ones that it expects.
        proxy_wasm::hostcalls::dispatch_http_call(&call.cluster, pairs?, body, Vec::new(), call.timeout).ok()
    }

    fn count(&self, metric: u32, by: i64) {
        bindings::increment_metric(metric, by);
    }

    fn record(&self, metric: u32, value: u64) {
        bindings::record_metric(metric, value);
    }

    fn log(&self, level: Level, line: &str) {
        let level = match level {
            Level::Trace => 0,
            Level::Debug => 1,
            Level::Info => 2,
            Level::Warn => 3,
            Level::Error => 4,
        };
        bindings::log(level, line);
    }

    fn shared(&self, key: &str) -> Option<(Vec<u8>, Cas)> {
        bindings::shared_data(key).map(|(value, cas)| (value, Cas(cas)))
    }

    fn set_shared(&self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch> {
        match bindings::set_shared_data(key, value, expected.unwrap_or_default().0) {
            bindings::CAS_MISMATCH => Err(CasMismatch),
            _ => Ok(()),
        }
    }
}

/// Headers whose iterator can be walked twice.
struct Pairs<'a>(&'a Headers);

impl<'a> Pairs<'a> {
    fn iter(&self) -> std::vec::IntoIter<(&'a [u8], &'a [u8])> {
        self.0.iter().collect::<Vec<_>>().into_iter()
    }
}

fn map_type(map: Map) -> MapType {
    match map {
        Map::Headers(Direction::Request) => MapType::HttpRequestHeaders,
        Map::Headers(Direction::Response) => MapType::HttpResponseHeaders,
        Map::Trailers(Direction::Request) => MapType::HttpRequestTrailers,
        Map::Trailers(Direction::Response) => MapType::HttpResponseTrailers,
    }
}

fn buffer_type(direction: Direction) -> BufferType {
    match direction {
        Direction::Request => BufferType::HttpRequestBody,
        Direction::Response => BufferType::HttpResponseBody,
    }
}

fn stream_type(direction: Direction) -> StreamType {
    match direction {
        Direction::Request => StreamType::HttpRequest,
        Direction::Response => StreamType::HttpResponse,
    }
}
