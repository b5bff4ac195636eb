//! The OWASP Core Rule Set, compiled by the engine when this crate is built.
//!
//! The rules come from `CRS_DIR`, an unpacked release of CRS or the Go module coraza-coreruleset, else from `.tools/crs`.

/// For `portcullis_waf::Base::read`: `@crs-setup-conf`, `@owasp_crs/*.conf` and their data files.
pub static RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/crs.rules"));
