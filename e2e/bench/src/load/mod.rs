//! Load: a closed loop of HTTP/1 clients, an upstream that answers at once, and the way both read messages.

mod client;
mod reader;
mod upstream;

pub(crate) use client::excerpt;
pub use client::{Answer, Client, Load, Measured, Target};
pub use upstream::{LARGE_CLEAN, LARGE_DENSE, Upstream};
