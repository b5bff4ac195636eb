//! The measuring bench: real proxies against each other over loopback, and instruction counts of the engines.

pub mod fuel;
pub mod table;
