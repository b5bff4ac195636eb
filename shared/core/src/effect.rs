//! Notes for the outside: metrics, log lines, filter state. Data in a verdict, applied by the host.

use crate::call::Call;

/// A note for the outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Adds to a counter, or to a gauge (which may fall).
    Count {
        /// Which.
        metric: MetricId,
        /// By how much.
        by: i64,
    },
    /// Records a value in a histogram.
    Record {
        /// Which.
        metric: MetricId,
        /// The value, in the metric's unit.
        value: u64,
    },
    /// A log line. Build it only if [`crate::Exchange::logs`] says that its level is on.
    Log(LogRecord),
    /// A log line in a format that others have defined: the host adds nothing. Build it, too, only if its level is on.
    Line {
        /// Its level.
        level: Level,
        /// The line, without control characters.
        text: String,
    },
    /// Filter state `wasm.portcullis.<filter>.<field>`: later filters and access logs read it. Never a found value.
    State {
        /// The field: lower case with underscores.
        field: &'static str,
        /// Its text.
        value: Vec<u8>,
    },
    /// A call that no stream waits for; the answer comes to `Plugin::background`. Only from the background.
    Call {
        /// Comes back with the answer.
        token: u64,
        /// What to ask.
        call: Call,
    },
}

/// Index into [`crate::Needs::metrics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MetricId(pub u16);

/// A metric that a plugin uses; the host defines it when the configuration loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSpec {
    /// `<noun>_<unit>`, perhaps with labels `.name.value`; the host puts `portcullis_<filter>_` in front. Where
    /// dashboards of others are to go on, `/` and a whole name, to which the host adds nothing.
    pub name: String,
    /// What it counts.
    pub kind: MetricKind,
}

/// Proxy-Wasm's kinds of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Grows and falls.
    Gauge,
    /// Values.
    Histogram,
}

/// Log levels, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Each step.
    Trace,
    /// For finding errors.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What an operator should know.
    Warn,
    /// What an operator must know.
    Error,
}

/// A log line: the host writes it as one JSON object, with filter, plugin and request id.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// Its level.
    pub level: Level,
    /// What happened, the same text for each such event.
    pub message: &'static str,
    /// The particulars, in this order.
    pub fields: Vec<(&'static str, LogValue)>,
}

/// A value in a log line.
#[derive(Debug, Clone, PartialEq)]
pub enum LogValue {
    /// Text; bytes that are not UTF-8 are escaped by the host.
    Text(Vec<u8>),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Bool(bool),
    /// A list of texts.
    List(Vec<String>),
}

impl From<&str> for LogValue {
    fn from(text: &str) -> LogValue {
        LogValue::Text(text.as_bytes().to_vec())
    }
}

impl From<String> for LogValue {
    fn from(text: String) -> LogValue {
        LogValue::Text(text.into_bytes())
    }
}

impl From<i64> for LogValue {
    fn from(number: i64) -> LogValue {
        LogValue::Number(number)
    }
}

impl From<bool> for LogValue {
    fn from(value: bool) -> LogValue {
        LogValue::Bool(value)
    }
}

impl From<Vec<String>> for LogValue {
    fn from(list: Vec<String>) -> LogValue {
        LogValue::List(list)
    }
}
