//! The probe's settings; `lib.rs` documents each field.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What a route's probe does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    pub(crate) request: SideSettings,
    pub(crate) response: Option<SideSettings>,
    pub(crate) addresses: bool,
    pub(crate) property: Option<Vec<String>>,
    pub(crate) tally: Option<String>,
    pub(crate) background: Option<BackgroundSettings>,
    #[serde(default = "yes")]
    pub(crate) response_phases: bool,
}

/// A call on every tick.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BackgroundSettings {
    pub(crate) cluster: String,
    pub(crate) path: String,
    pub(crate) every_ms: u64,
}

/// What it does with one direction.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SideSettings {
    pub(crate) body: Reading,
    pub(crate) access: Access,
    pub(crate) max: Option<usize>,
    pub(crate) over: Over,
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) remove: Vec<String>,
    pub(crate) set_at_end: BTreeMap<String, String>,
    pub(crate) set_trailers: BTreeMap<String, String>,
    pub(crate) grow: usize,
    pub(crate) shrink: usize,
    pub(crate) hold_back: usize,
    pub(crate) upper: bool,
    pub(crate) deny_if_body: Option<String>,
    pub(crate) deny_if_path: Option<String>,
    pub(crate) deny_at: Option<At>,
    pub(crate) fail_at: Option<At>,
    pub(crate) reset_at: Option<At>,
    pub(crate) call: Option<CallSettings>,
    pub(crate) call_times: Option<u8>,
}

/// A call to a cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallSettings {
    pub(crate) cluster: String,
    #[serde(default)]
    pub(crate) path: String,
    pub(crate) at: At,
    #[serde(default)]
    pub(crate) timeout_ms: Option<u64>,
}

/// A phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    /// The headers have come.
    Headers,
    /// Bytes of the body have come.
    Body,
    /// The trailers have come.
    Trailers,
    /// The message is complete.
    End,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reading {
    #[default]
    Skip,
    Chunks,
    Whole,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Access {
    #[default]
    Read,
    Edit,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Over {
    #[default]
    Refuse,
    Pass,
}

fn yes() -> bool {
    true
}
