//! Load: a closed loop of HTTP/1 clients, an upstream that answers at once, and the way both read messages.

mod client;
pub(crate) mod gzip;
mod reader;
mod upstream;

pub use client::{Answer, Client, Load, Measured, Target};
pub(crate) use client::{excerpt, wire};
pub use upstream::{LARGE_CLEAN, LARGE_DENSE, Upstream};
