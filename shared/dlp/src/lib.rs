//! Finds card numbers and other personal data in bodies, and covers them, while the bodies flow.
//!
//! A [`Window`] holds back at most [`MOST_HELD`] bytes, and only while they can still become a finding. What comes out
//! does not depend on how the body came in pieces:
//!
//! ```
//! use portcullis_dlp::{Dlp, DlpConfig, Syntax, Window};
//!
//! let rules = Dlp::new(&DlpConfig::default()).unwrap().rules();
//! let mut window = Window::new(rules, Syntax::json());
//! let mut out = window.push(br#"{"card": "4111 1111 11"#).unwrap();
//! out.extend(window.push(br#"11 1111"}"#).unwrap());
//! out.extend(window.finish());
//! assert_eq!(out, br#"{"card": "**** **** **** 1111"}"#);
//! ```

mod checks;
mod config;
pub mod detectors;
mod digits;
mod json_state;
mod mask;
mod rules;
mod scan;
mod stream;
mod text;
mod window;

pub use config::{
    ActionConfig, DetectConfig, Direction, DlpConfig, GroupConfig, MaskConfig, OnUninspectable, RuleConfig,
};
pub use mask::{Keep, Mask};
pub use rules::{Pattern, Rules, Search};
pub use stream::DlpStream;
pub use text::{More, Text};
pub use window::{JsonPlace, MOST_HELD, Syntax, Window};

use config::{Compiled, compile};
use portcullis_core::{Boot, ConfigError, Exchange, MetricKind, MetricSpec, Needs, Plugin};
use std::rc::Rc;

/// The filter `dlp`, compiled.
pub struct Dlp {
    compiled: Compiled,
    /// What is counted: detectors in the order of their first rule, then the fixed ones of [`stream`].
    counted: Vec<&'static str>,
    fuel: u64,
}

impl Dlp {
    /// Compiles settings without a host, for tools and tests.
    pub fn new(config: &DlpConfig) -> Result<Dlp, ConfigError> {
        Dlp::with_boot(config, &Boot { fuel: u64::MAX, ..Boot::default() })
    }

    /// The compiled rules.
    pub fn rules(&self) -> Rc<Rules> {
        Rc::clone(&self.compiled.rules)
    }

    fn with_boot(config: &DlpConfig, boot: &Boot) -> Result<Dlp, ConfigError> {
        let compiled = compile(config)?;
        let mut counted: Vec<&'static str> = Vec::new();
        for label in &compiled.labels {
            if !counted.contains(label) {
                counted.push(label);
            }
        }
        Ok(Dlp { compiled, counted, fuel: boot.fuel })
    }
}

impl Plugin for Dlp {
    const NAME: &'static str = "dlp";
    type Config = DlpConfig;
    type Stream = DlpStream;

    fn compile(configs: Vec<DlpConfig>, boot: &Boot) -> Result<Vec<Rc<Dlp>>, ConfigError> {
        let mut made: Vec<(DlpConfig, Rc<Dlp>)> = Vec::new();
        for (index, config) in configs.into_iter().enumerate() {
            let dlp = match made.iter().find(|(known, _)| *known == config) {
                Some((_, dlp)) => Rc::clone(dlp),
                None => Rc::new(Dlp::with_boot(&config, boot).map_err(|error| error.of(index))?),
            };
            made.push((config, dlp));
        }
        Ok(made.into_iter().map(|(_, dlp)| dlp).collect())
    }

    fn needs(&self) -> Needs {
        let findings = self.counted.iter().map(|label| format!("findings_total.detector.{label}"));
        let names = findings.chain(stream::COUNTERS.iter().map(|name| (*name).to_owned()));
        let metrics = names.map(|name| MetricSpec { name, kind: MetricKind::Counter }).collect();
        Needs { response: true, metrics, ..Needs::default() }
    }

    fn stream(self: &Rc<Dlp>, _exchange: &Exchange) -> DlpStream {
        DlpStream::new(Rc::clone(self))
    }

    fn is_weaker_than(&self, default: &Dlp) -> bool {
        !Rc::ptr_eq(&self.compiled.rules, &default.compiled.rules)
    }
}
