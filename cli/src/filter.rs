//! The filters by name, and what the command line asks of each.

use crate::drive::{self, Exchanges};
use crate::report::Report;
use clap::ValueEnum;
use portcullis_core::{ConfigError, Plugin};
use portcullis_host::envelope::{self, Loaded};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// A filter of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Filter {
    /// Web application firewall: SecLang rules.
    Waf,
    /// Headers and bodies rewritten by templates.
    Transform,
    /// Decisions by Rego policies.
    Authz,
    /// Secrets masked or blocked in bodies.
    Dlp,
}

/// Calls a generic function for the plugin of a filter.
macro_rules! of_plugin {
    ($filter:expr, $function:ident $arguments:tt) => {
        match $filter {
            Filter::Waf => $function::<portcullis_waf::Waf> $arguments,
            Filter::Transform => $function::<portcullis_transform::Transform> $arguments,
            Filter::Authz => $function::<portcullis_policy::Authz> $arguments,
            Filter::Dlp => $function::<portcullis_dlp::Dlp> $arguments,
        }
    };
}

/// `portcullis_host::envelope::schema` under a name that the macro can call.
use envelope::schema as plugin_schema;

impl Filter {
    /// The filter's name in configurations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Filter::Waf => "waf",
            Filter::Transform => "transform",
            Filter::Authz => "authz",
            Filter::Dlp => "dlp",
        }
    }

    /// The filter that a text names: `authz`, `portcullis.authz`, `dist/waf-crs.wasm`, `oci://host/portcullis/dlp:1.2`.
    pub(crate) fn named_in(text: &str) -> Option<Filter> {
        let last = text.rsplit('/').next().unwrap_or_default();
        let last = last.split(['@', ':']).next().unwrap_or_default();
        let mut words = last.split(|c: char| !c.is_ascii_alphanumeric());
        words.find_map(|word| Filter::value_variants().iter().copied().find(|filter| filter.name() == word))
    }

    /// The JSON Schema of its configuration.
    pub(crate) fn schema(self) -> Value {
        of_plugin!(self, plugin_schema())
    }

    /// Loads a configuration as the filter would; gives its warnings.
    pub(crate) fn check(self, json: &[u8]) -> Result<Vec<String>, ConfigError> {
        of_plugin!(self, check(json))
    }

    /// Runs messages through it.
    pub(crate) fn run(self, json: &[u8], exchanges: &Exchanges) -> Result<Report, ConfigError> {
        of_plugin!(self, run(json, exchanges))
    }
}

fn check<P: Plugin>(json: &[u8]) -> Result<Vec<String>, ConfigError> {
    load::<P>(json).map(|loaded| loaded.warnings)
}

fn run<P: Plugin>(json: &[u8], exchanges: &Exchanges) -> Result<Report, ConfigError> {
    Ok(drive::drive(&load::<P>(json)?, exchanges))
}

fn load<P: Plugin>(json: &[u8]) -> Result<Loaded<P>, ConfigError> {
    envelope::load_with(json, BTreeMap::new(), now(), bundled(P::NAME))
}

/// What the filter's module carries in this build.
pub(crate) fn bundled(filter: &str) -> &'static [u8] {
    match filter {
        #[cfg(feature = "crs")]
        "waf" => portcullis_crs::RULES,
        _ => &[],
    }
}

/// The wall clock since the Unix epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_found_in_the_names_of_modules_and_images() {
        for (text, expected) in [
            ("dist/authz.wasm", Some(Filter::Authz)),
            ("/etc/envoy/portcullis_waf_filter.wasm", Some(Filter::Waf)),
            ("dist/waf-crs.wasm", Some(Filter::Waf)),
            ("oci://ghcr.io/acme/dlp:1.2", Some(Filter::Dlp)),
            ("oci://localhost:5000/transform@sha256:00", Some(Filter::Transform)),
            ("portcullis.authz", Some(Filter::Authz)),
            ("other.wasm", None),
            ("wafer.wasm", None),
        ] {
            assert_eq!(Filter::named_in(text), expected, "{text}");
        }
    }
}
