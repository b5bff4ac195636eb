//! What a stream asks of the proxy, as a trait: in wasm the Proxy-Wasm ABI stands behind it, in tests a small proxy
//! made of plain values. Everything that can fail in the host says so here; nothing panics.

use portcullis_core::{Call, Cas, CasMismatch, Headers, Level, Rendered};
use std::ops::Range;
use std::time::Duration;

/// One of the two directions of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// A header map of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Map {
    Headers(Direction),
    Trailers(Direction),
}

/// The proxy as seen from one stream, or from the root context.
pub(crate) trait Wire {
    /// Wall clock since the Unix epoch.
    fn now(&self) -> Duration;
    /// A whole map in one call; empty where the host has none.
    fn headers(&self, map: Map) -> Headers;
    /// Replaces all fields of a name by one; `false` where the host refuses.
    fn set_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool;
    /// Adds a field.
    fn add_header(&self, map: Map, name: &[u8], value: &[u8]) -> bool;
    /// Removes all fields of a name.
    fn remove_header(&self, map: Map, name: &[u8]) -> bool;
    /// The bytes in this range of what the host shows of a body.
    fn body(&self, direction: Direction, range: Range<usize>) -> Option<Vec<u8>>;
    /// Puts `bytes` in the place of this range. The size must have been checked: the host may crash.
    fn set_body(&self, direction: Direction, range: Range<usize>, bytes: &[u8]) -> bool;
    /// A property by its path.
    fn property(&self, path: &[&str]) -> Option<Vec<u8>>;
    /// Filter state `wasm.<key>`.
    fn set_state(&self, key: &str, value: &[u8]);
    /// Answers the client.
    fn reply(&self, reply: &Rendered, details: &str);
    /// Lets a paused direction go on.
    fn resume(&self, direction: Direction);
    /// Closes the stream.
    fn reset(&self, direction: Direction);
    /// Starts a call; `None` where the host refuses it.
    fn call(&self, call: &Call) -> Option<u32>;
    /// Adds to a counter or gauge.
    fn count(&self, metric: u32, by: i64);
    /// Records in a histogram.
    fn record(&self, metric: u32, value: u64);
    /// Writes a line to the proxy's log.
    fn log(&self, level: Level, line: &str);
    /// Shared data.
    fn shared(&self, key: &str) -> Option<(Vec<u8>, Cas)>;
    /// Writes shared data.
    fn set_shared(&self, key: &str, value: &[u8], expected: Option<Cas>) -> Result<(), CasMismatch>;
}

/// What a callback returns to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// What is there goes on.
    Continue,
    /// It is held, or the stream is over for us.
    Pause,
}
