//! SecLang rules on HTTP exchanges: the engine of the WAF filter.
//!
//! ```
//! use portcullis_waf::{Ruleset, Transaction};
//! use std::{collections::BTreeMap, rc::Rc};
//!
//! let rules = r#"SecRuleEngine On
//!     SecRule ARGS "@detectSQLi" "id:1,phase:1,deny,status:403""#;
//! let ruleset = Rc::new(Ruleset::parse(&[("inline", rules)], &BTreeMap::new()).unwrap());
//! let mut transaction = Transaction::new(&ruleset, 1_000_000);
//! transaction.process_uri(b"/?id=1'%20or%20'1'='1", b"GET", b"HTTP/1.1").unwrap();
//! let interruption = transaction.process_request_headers().unwrap().unwrap();
//! assert_eq!((interruption.status(), interruption.rule), (403, 1));
//! ```

mod actions;
mod audit;
mod backtrack;
mod coded;
mod collections;
mod config;
mod metrics;
pub mod operators;
mod page;
mod pcre;
mod plan;
mod plugin;
mod report;
mod ruleset;
mod stored;
mod stream;
mod text;
mod time;
mod transaction;
pub mod transformations;
mod variables;
mod xpath;

pub use actions::Phase;
pub use audit::{AuditConfig, AuditEngine, AuditFormat, Parts};
pub use coded::AcceptEncoding;
pub use collections::{CollectionsConfig, Table as CollectionTable};
pub use config::{CrsConfig, ExcludeConfig, RuleIds, WafConfig, explain};
pub use metrics::MetricsConfig;
pub use page::ReplyConfig;
pub use plugin::Waf;
pub use portcullis_seclang::ParseError;
pub use report::{Format, LogConfig, LogLevel};
pub use ruleset::{CookieFormat, Engine, OverLimit, Ruleset, Settings, XmlArguments};
pub use stored::{Base, StoredError};
pub use stream::WafStream;
pub use transaction::{Interruption, Match, Phases, Response, Step, Transaction};

/// The most bytes of a value that a log line holds.
pub const LOG_BYTES: usize = 512;
