//! The settings of the table that persistent collections live in.

use super::Table;
use portcullis_core::ConfigError;
use serde::Deserialize;

/// The shape of the table of persistent collections. It takes at most `slots` times `slotBytes` of Envoy's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CollectionsConfig {
    /// The number of slots, 1 to 65536. Clients are spread over them.
    pub slots: u32,
    /// The most bytes of a slot, 256 to 1048576. One client's state takes at most half of it; when a slot is full, the
    /// state that was not written for longest goes.
    pub slot_bytes: u32,
}

impl Default for CollectionsConfig {
    fn default() -> CollectionsConfig {
        CollectionsConfig { slots: Table::SLOTS, slot_bytes: Table::SLOT_BYTES }
    }
}

impl CollectionsConfig {
    /// The most bytes that a table may take.
    const MOST_BYTES: u64 = 256 << 20;

    /// The one shape of all routes.
    pub(crate) fn table(
        given: impl Iterator<Item = Option<CollectionsConfig>>,
        seed: u64,
    ) -> Result<Table, ConfigError> {
        let mut shape: Option<CollectionsConfig> = None;
        for (index, own) in given.enumerate() {
            let Some(own) = own else { continue };
            own.check().map_err(|error| error.of(index))?;
            if shape.is_some_and(|other| other != own) {
                let message = "all routes share one table, and another one gives it another shape";
                return Err(ConfigError::new("collections", message).of(index));
            }
            shape = Some(own);
        }
        let CollectionsConfig { slots, slot_bytes } = shape.unwrap_or_default();
        Ok(Table::new(slots, slot_bytes, seed))
    }

    fn check(self) -> Result<(), ConfigError> {
        if !(1..=65_536).contains(&self.slots) {
            return Err(ConfigError::new("collections.slots", format!("`{}` is not 1 to 65536", self.slots)));
        }
        if !(256..=1_048_576).contains(&self.slot_bytes) {
            let message = format!("`{}` is not 256 to 1048576", self.slot_bytes);
            return Err(ConfigError::new("collections.slotBytes", message));
        }
        let bytes = u64::from(self.slots) * u64::from(self.slot_bytes);
        match bytes > Self::MOST_BYTES {
            true => Err(ConfigError::new(
                "collections",
                format!("the table would take {bytes} bytes, over 256 MiB"),
            )),
            false => Ok(()),
        }
    }
}
