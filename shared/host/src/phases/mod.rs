//! Leading streams through their phases: what the proxy's callbacks mean to an engine, and its verdicts to the proxy.
//!
//! Pure but for [`wire::Wire`], behind which the proxy stands: in wasm the ABI, in tests a small proxy made of values.

pub(crate) mod active;
mod again;
mod body;
pub(crate) mod driver;
#[cfg(test)]
mod fake;
mod lane;
mod notes;
pub(crate) mod pairs;
pub(crate) mod side;
mod stages;
#[cfg(test)]
mod tests;
mod verdicts;
pub(crate) mod watchdog;
pub(crate) mod wire;
