//! Reads CRS and its tests, and runs them.

pub(crate) mod case;
pub(crate) mod rules;
pub(crate) mod run;
