//! The WAF: SecLang rules on requests and responses.

#[cfg(not(feature = "crs"))]
portcullis_host::filter!(portcullis_waf::Waf);
#[cfg(feature = "crs")]
portcullis_host::filter!(portcullis_waf::Waf, portcullis_crs::RULES);
