//! The WAF: SecLang rules on requests and responses.

portcullis_host::filter!(portcullis_waf::Waf);
