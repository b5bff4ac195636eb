//! Calls to services that the proxy knows by the name of a cluster.

use crate::headers::Headers;
use std::time::Duration;

/// A request to a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The cluster's name in the proxy.
    pub cluster: String,
    /// Must hold `:method`, `:path` and `:authority`.
    pub headers: Headers,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// After this the call counts as [`CallFailure::NoAnswer`].
    pub timeout: Duration,
}

/// What came of a [`Call`].
#[derive(Debug, Clone, PartialEq)]
pub enum CallResult {
    /// The service answered, with whatever status.
    Answer {
        /// With `:status`.
        headers: Headers,
        /// Cut at the host's limit.
        body: Vec<u8>,
    },
    /// It did not.
    Failed(CallFailure),
}

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// The proxy has no such cluster, or the call is malformed.
    Refused,
    /// Nobody answered: the host gives no headers, or a 503 or 504 of its own.
    NoAnswer,
}
