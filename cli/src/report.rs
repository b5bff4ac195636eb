//! What a run through a filter gave, as text and as JSON.

use portcullis_core::{Edit, Effect, Headers, LogRecord, LogValue, MetricSpec, Rendered};
use serde::Serialize;
use std::fmt::{self, Write};

/// What became of the messages.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// `default`, or `routes[n]`.
    pub(crate) route: String,
    /// `enforce`, `shadow` or `disabled`.
    pub(crate) mode: &'static str,
    /// The phases that did something, in order.
    pub(crate) phases: Vec<Phase>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The request as the upstream would get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Shown>,
    /// The response as the client would get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<Shown>,
}

/// One phase.
#[derive(Debug, Serialize)]
pub(crate) struct Phase {
    /// Its name, such as `request headers`.
    pub(crate) phase: &'static str,
    /// Edits of headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) edits: Vec<String>,
    /// Metrics, filter state, log lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) effects: Vec<String>,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    /// All given messages passed.
    Passes,
    /// The filter answers itself.
    Replies {
        /// The answer.
        reply: Shown,
        /// The engine's error that led to it, if one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The stream is closed.
    Resets,
    /// A service would be asked, which cannot be done offline.
    Asks {
        /// Its cluster.
        cluster: String,
    },
}

impl Outcome {
    /// Whether the messages go on.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Outcome::Passes)
    }
}

/// A message in text; bytes that are not UTF-8 are replaced.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// The status of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Names and values in order.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) body: String,
}

impl Shown {
    /// A message.
    pub(crate) fn new(headers: &Headers, body: &[u8]) -> Shown {
        let headers = headers.iter().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Shown { status: None, headers, body: lossy(body) }
    }

    /// A filter's own answer.
    pub(crate) fn reply(rendered: &Rendered) -> Shown {
        Shown { status: Some(rendered.status), ..Shown::new(&rendered.headers, &rendered.body) }
    }
}

/// An edit in one line.
pub(crate) fn edit(edit: &Edit) -> String {
    let name = lossy(edit.name().as_bytes());
    match edit {
        Edit::Set { value, .. } => format!("set {name}: {}", lossy(value.as_bytes())),
        Edit::Append { value, .. } => format!("append {name}: {}", lossy(value.as_bytes())),
        Edit::Remove { .. } => format!("remove {name}"),
    }
}

/// An effect in one line.
pub(crate) fn effect(filter: &str, effect: &Effect, metrics: &[MetricSpec]) -> String {
    let metric = |id: usize| metrics.get(id).map_or("?", |spec| spec.name.as_str());
    match effect {
        Effect::Count { metric: id, by } => {
            format!("metric portcullis_{filter}_{} {by:+}", metric(usize::from(id.0)))
        }
        Effect::Record { metric: id, value } => {
            format!("metric portcullis_{filter}_{} = {value}", metric(usize::from(id.0)))
        }
        Effect::State { field, value } => format!("state portcullis.{filter}.{field} = {}", lossy(value)),
        Effect::Log(record) => log(record),
        Effect::Line { text, .. } => format!("log {text}"),
        Effect::Call { call, .. } => format!("call of cluster {}", call.cluster),
    }
}

fn log(record: &LogRecord) -> String {
    let mut line = format!("log {:?}: {}", record.level, record.message).to_lowercase();
    for (name, value) in &record.fields {
        let value = match value {
            LogValue::Text(text) => lossy(text),
            LogValue::Number(number) => number.to_string(),
            LogValue::Bool(value) => value.to_string(),
            LogValue::List(list) => list.join(","),
        };
        // Writing to a string cannot fail.
        let _infallible = write!(line, " {name}={value}");
    }
    line
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "route: {} ({})", self.route, self.mode)?;
        for phase in &self.phases {
            writeln!(f, "{}:", phase.phase)?;
            for line in phase.edits.iter().chain(&phase.effects) {
                writeln!(f, "  {line}")?;
            }
        }
        match &self.outcome {
            Outcome::Passes => writeln!(f, "outcome: passes")?,
            Outcome::Resets => writeln!(f, "outcome: the stream is reset")?,
            Outcome::Asks { cluster } => writeln!(f, "outcome: asks cluster `{cluster}` (not done offline)")?,
            Outcome::Replies { reply, error } => {
                let status = reply.status.unwrap_or_default();
                writeln!(f, "outcome: replies {status}")?;
                if let Some(error) = error {
                    writeln!(f, "  after the error: {error}")?;
                }
                message(f, reply)?;
            }
        }
        for (title, shown) in
            [("request to the upstream", &self.request), ("response to the client", &self.response)]
        {
            if let Some(shown) = shown {
                writeln!(f, "{title}:")?;
                message(f, shown)?;
            }
        }
        Ok(())
    }
}

fn message(f: &mut fmt::Formatter<'_>, shown: &Shown) -> fmt::Result {
    for (name, value) in &shown.headers {
        writeln!(f, "  {name}: {value}")?;
    }
    if !shown.body.is_empty() {
        writeln!(f)?;
        for line in shown.body.lines() {
            writeln!(f, "  {line}")?;
        }
    }
    Ok(())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
