//! Settings as the SecLang that they come to.

use super::WafConfig;
use portcullis_core::ConfigError;
use std::fmt::Write as _;

/// The SecLang text that the settings mean, each part under a comment that names its field. Names that the texts
/// include are not unfolded.
pub fn explain(config: &WafConfig) -> Result<String, ConfigError> {
    let mut out = String::new();
    for source in config.sources()? {
        let _ = writeln!(out, "# {}\n{}\n", source.path, source.text.trim_end());
    }
    Ok(out.trim_end().to_owned() + "\n")
}
