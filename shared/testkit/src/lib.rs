//! What tests stand on: a corpus runner that cannot pass on nothing, stock Envoy as a child process, an upstream that
//! records what it was sent to the byte, and clients that send exactly what they are told.
//!
//! The corpus runner and everything over `std` is always there; HTTP/2 (upstream and client) needs the feature `net`.

pub mod answer;
pub mod bombs;
pub mod corpus;
pub mod envoy;
pub mod h1;
#[cfg(feature = "net")]
pub mod h2client;
pub mod memory;
pub mod raw;
pub mod repo;
pub mod upstream;
