//! What is measured: the messages and the settings, the same for engines in wasm and for filters in a real proxy.
//!
//! Every message is made by arithmetic from fixed words, so that a count or a time means the same thing everywhere.

pub mod messages;
pub mod prose;
pub mod settings;
pub mod traffic;
