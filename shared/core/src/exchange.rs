//! One HTTP exchange as the host knows it.

use crate::effect::Level;
use crate::headers::Headers;
use std::time::Duration;

/// One HTTP exchange: owned by the host for the life of the stream, read by the engine in each phase.
///
/// Headers are as the engine's own edits left them. What a plugin did not ask for in [`crate::Needs`] is empty.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// The request's headers, pseudo-headers first.
    pub request: Headers,
    /// The response's headers, empty until they have come.
    pub response: Headers,
    /// How far the request's body has come.
    pub request_body: BodyState,
    /// How far the response's body has come.
    pub response_body: BodyState,
    /// Wall clock at the request's headers, since the Unix epoch.
    pub time: Duration,
    /// A number that no other stream of this VM has.
    pub id: u64,
    /// The client's address as the host sees it, `ip:port` or `[ip]:port`; empty if unknown.
    pub source: String,
    /// The address that the client reached, in the same form.
    pub destination: String,
    /// The index of the route in the configuration; `None` for `default`.
    pub route: Option<usize>,
    /// The lowest level that is written to the log.
    pub log_level: Option<Level>,
    /// The values of [`crate::Needs::properties`], in that order; `None` where the host has none.
    pub properties: Vec<Option<Vec<u8>>>,
}

impl Exchange {
    /// Whether a record of this level would be written; do not build it otherwise.
    pub fn logs(&self, level: Level) -> bool {
        self.log_level.is_some_and(|lowest| level >= lowest)
    }

    /// The value of a declared property.
    pub fn property(&self, property: Property) -> Option<&[u8]> {
        self.properties.get(usize::from(property.0))?.as_deref()
    }
}

/// Index into [`crate::Needs::properties`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property(pub u16);

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BodyState {
    /// Whether there is one: false if the message ended with its headers.
    pub present: bool,
    /// Bytes seen so far.
    pub received: u64,
    /// Whether the engine was given less than the whole, because a limit was passed.
    pub truncated: bool,
    /// Whether the message ended before its end, because a peer went away or another filter answered. An end phase
    /// that is called with this set cannot change anything any more.
    pub aborted: bool,
}

/// How an exchange ended, for the log phase.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// From the request's headers to the end.
    pub duration: Duration,
    /// The status that the client saw, if any.
    pub status: Option<u16>,
    /// Whether this filter answered itself.
    pub replied: bool,
}
