//! The limits that an operator sets, and those that the host has.

use super::fields::Fields;
use portcullis_core::ConfigError;

/// Bytes that one VM holds for all its streams.
const HELD_BYTES: usize = 64 << 20;
/// Bytes of a body that are held for one stream.
const MAX_BODY: usize = 1 << 20;
/// No listener in use buffers less, bytes.
const SMALLEST_HOST_BUFFER: usize = 1 << 10;
/// The modules are linked with 256 MiB of memory at most; a limit above half of it would never be reached in peace.
const MOST_HELD: usize = 128 << 20;
/// An engine that changes a body has it in memory three times over, and perhaps as a tree besides.
pub(super) const MOST_BODY: usize = 32 << 20;

/// `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Units of fuel for one stream; see [`portcullis_core::Fuel`].
    pub fuel: u64,
    /// The most bytes that this plugin holds in one VM.
    pub held_bytes: usize,
    /// The most bytes of a body that are held for one stream, where an engine has no limit of its own.
    pub max_body: usize,
}

impl Limits {
    pub(super) fn take(
        fields: &mut Fields,
        fuel: u64,
        host_buffer_limit: Option<usize>,
        warnings: &mut Vec<String>,
    ) -> Result<Limits, ConfigError> {
        let limits =
            fields.take_value("limits").unwrap_or_else(|| serde_json::Value::Object(Default::default()));
        let mut fields = Fields::new("limits", limits)?;
        let fuel = fields.take::<u64>("fuel")?.unwrap_or(fuel);
        let held_bytes = fields.take::<usize>("heldBytes")?.unwrap_or(HELD_BYTES);
        let max_body = fields.take::<usize>("maxBody")?;
        fields.finish(&["fuel", "heldBytes", "maxBody"], "")?;
        if fuel == 0 {
            return Err(ConfigError::new("limits.fuel", "must be at least 1"));
        }
        check("limits.heldBytes", held_bytes, MOST_HELD)?;
        let max_body = match max_body {
            Some(max_body) => {
                check("limits.maxBody", max_body, MOST_BODY)?;
                lowered(max_body, host_buffer_limit, warnings)
            }
            None => host_buffer_limit.map_or(MAX_BODY, |limit| limit.min(MAX_BODY)),
        };
        Ok(Limits { fuel, held_bytes, max_body })
    }
}

/// `hostBufferLimit`, bytes.
pub(super) fn host_buffer_limit(fields: &mut Fields) -> Result<Option<usize>, ConfigError> {
    let limit = fields.take::<usize>("hostBufferLimit")?;
    if limit.is_some_and(|limit| limit < SMALLEST_HOST_BUFFER) {
        let message = format!(
            "must be at least {SMALLEST_HOST_BUFFER} bytes; it is the listener's per_connection_buffer_limit_bytes"
        );
        return Err(ConfigError::new("hostBufferLimit", message));
    }
    Ok(limit)
}

fn lowered(max_body: usize, host_buffer_limit: Option<usize>, warnings: &mut Vec<String>) -> usize {
    match host_buffer_limit {
        Some(limit) if max_body > limit => {
            warnings.push(format!(
                "limits.maxBody: lowered from {max_body} to hostBufferLimit {limit}, the host holds no more"
            ));
            limit
        }
        _ => max_body,
    }
}

fn check(path: &str, bytes: usize, most: usize) -> Result<(), ConfigError> {
    if bytes == 0 || bytes > most {
        return Err(ConfigError::new(path, format!("must be between 1 and {most} bytes")));
    }
    Ok(())
}
