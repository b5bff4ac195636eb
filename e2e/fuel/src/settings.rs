//! The configurations that are measured, as a filter is given them: the whole envelope, in JSON.

/// Nothing to do: what the way through the host costs.
pub const EMPTY: &str = include_str!("../settings/empty.json");
/// The WAF with the rules that are built in.
pub const WAF: &str = include_str!("../settings/waf.json");
/// The WAF with the OWASP Core Rule Set, in the build that carries it.
pub const WAF_CRS: &str = include_str!("../settings/waf-crs.json");
/// The same at paranoia level 4, with thresholds that nothing reaches.
pub const WAF_CRS_PL4: &str = include_str!("../settings/waf-crs-pl4.json");
/// Six header edits and a request body made from a template.
pub const TRANSFORM: &str = include_str!("../settings/transform.json");
/// Six header edits, bodies left alone: what a Lua filter is compared with.
pub const TRANSFORM_HEADERS: &str = include_str!("../settings/transform-headers.json");
/// A response body made from a template.
pub const TRANSFORM_RESPONSE: &str = include_str!("../settings/transform-response.json");
/// A policy of a few rules on method, path and a header.
pub const AUTHZ: &str = include_str!("../settings/authz.json");
/// Card numbers and one regular expression in response bodies.
pub const DLP: &str = include_str!("../settings/dlp.json");
