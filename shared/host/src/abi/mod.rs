//! The Proxy-Wasm side: contexts that the SDK calls, and the host behind [`crate::phases::wire::Wire`]. Exists in wasm only.

mod bindings;
mod context;
mod wire;

pub use context::Root;
