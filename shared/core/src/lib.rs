//! The words every filter shares: headers, edits, replies, verdicts, and the two traits that an engine implements.
//!
//! An engine is a [`Plugin`] (a compiled configuration) that makes a [`Stream`] for each HTTP exchange. The host hands
//! data in and applies the verdict that comes back; no engine ever holds a handle to the host. So a test builds values
//! and compares values:
//!
//! ```
//! use portcullis_core::{Flow, Reply, RequestVerdict};
//!
//! let verdict = RequestVerdict::reply(Reply::new(403, "request blocked"));
//! assert!(matches!(verdict.flow, Flow::Reply(_)));
//! ```

mod call;
mod config;
mod edit;
mod effect;
mod exchange;
mod fuel;
mod headers;
mod plugin;
mod reply;
mod store;
mod verdict;

pub use call::{Call, CallFailure, CallResult};
pub use config::ConfigError;
pub use edit::{Edit, EditError, HeaderName, HeaderValue, RequestEdit, ResponseEdit};
pub use effect::{Effect, Level, LogRecord, LogValue, MetricId, MetricKind, MetricSpec};
pub use exchange::{BodyState, Exchange, Property, Summary};
pub use fuel::{Fuel, OutOfFuel};
pub use headers::Headers;
pub use plugin::{Background, Boot, Needs, OnError, Plugin, Stream};
pub use reply::{ErrorForm, Rendered, Reply, is_grpc, request_id};
pub use store::{Cas, CasMismatch, MapStore, Store};
pub use verdict::{
    Access, Body, BodyEdit, Failure, FailureKind, Flow, Over, RequestVerdict, ResponseVerdict, Verdict,
};
