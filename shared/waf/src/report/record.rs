//! A match as one JSON object; the host adds filter, plugin and the request's id.

use super::line::Subject;
use crate::transaction::Match;
use portcullis_core::{Level, LogRecord, LogValue};

pub(crate) fn record(level: Level, matched: &Match, subject: &Subject<'_>) -> LogRecord {
    let text = |bytes: &[u8]| LogValue::Text(bytes.to_vec());
    let mut fields = vec![
        ("rule", i64::try_from(matched.id).unwrap_or(i64::MAX).into()),
        ("phase", i64::from(matched.phase.number()).into()),
        // `msg` is the record's own.
        ("rule_msg", text(&matched.msg)),
        ("tags", matched.tags.clone().into()),
        ("variable", text(&matched.variable)),
        ("file", matched.file.clone().into()),
        ("line", i64::from(matched.line).into()),
        ("ver", matched.ver.clone().into()),
        ("disruptive", matched.disruptive.into()),
    ];
    if let Some(severity) = matched.severity {
        fields.push(("severity", i64::from(severity).into()));
    }
    fields.extend([
        ("data", text(&matched.data)),
        ("client", text(subject.client)),
        ("hostname", text(subject.hostname)),
        ("uri", text(subject.uri)),
    ]);
    LogRecord { level, message: "rule matched", fields }
}

/// The record that stands for those that were left out.
pub(crate) fn omitted(level: Level, count: u64) -> LogRecord {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    LogRecord { level, message: "matches not logged", fields: vec![("count", count.into())] }
}
