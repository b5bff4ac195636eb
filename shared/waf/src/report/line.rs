//! A match as ModSecurity v3 logs it (`RuleMessage::log`, with the client in quotes).

use super::escape::{escape, escape_cut};
use crate::transaction::{Interruption, Match, Response};

/// How much of the rule's parameter and of the path is shown, in bytes.
const LONGEST_TEXT: usize = 200;
/// How much of the value that matched is shown beside the operator, in bytes.
const LONGEST_VALUE: usize = 100;

/// Whom a line is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The client's address.
    pub(crate) client: &'a [u8],
    /// The host that it asked for; the server's address where it named none.
    pub(crate) hostname: &'a [u8],
    /// The path, decoded, without the query.
    pub(crate) uri: &'a [u8],
    /// The name of the exchange.
    pub(crate) unique_id: &'a [u8],
}

/// The line, without its end. `stopped` is what the rule has done to the exchange, if anything.
pub(crate) fn line(matched: &Match, subject: &Subject<'_>, stopped: Option<&Interruption>) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("[client \"");
    escape(&mut out, subject.client);
    out.push_str("\"] ModSecurity: ");
    match stopped.map(|interruption| (&interruption.response, interruption.status())) {
        None => out.push_str("Warning. "),
        Some((Response::Drop, _)) => {
            out.push_str(&format!(
                "Access denied with connection close (phase {}). ",
                matched.phase.number()
            ));
        }
        Some((_, status)) => {
            out.push_str(&format!("Access denied with code {status} (phase {}). ", matched.phase.number()));
        }
    }
    reason(&mut out, matched);
    details(&mut out, matched);
    field(&mut out, "hostname", subject.hostname, LONGEST_TEXT);
    field(&mut out, "uri", subject.uri, LONGEST_TEXT);
    field(&mut out, "unique_id", subject.unique_id, LONGEST_TEXT);
    // Offsets into the request's text, which a filter is not shown.
    field(&mut out, "ref", b"", 0);
    out
}

/// The line that stands for those that were left out.
pub(super) fn omitted(count: u64) -> String {
    format!("ModSecurity: {count} matches of this second are not logged (log.perSecond).")
}

/// Why it matched.
pub(crate) fn reason(out: &mut String, matched: &Match) {
    match matched.operator {
        "" => return out.push_str("Unconditional match in SecAction."),
        "DetectSQLi" => return out.push_str("detected SQLi using libinjection."),
        "DetectXSS" => return out.push_str("detected XSS using libinjection."),
        name => {
            out.push_str("Matched \"Operator `");
            out.push_str(name);
        }
    }
    out.push_str("' with parameter `");
    escape_cut(out, &matched.parameter, LONGEST_TEXT);
    out.push_str("' against variable `");
    escape_cut(out, &matched.variable, LONGEST_TEXT);
    out.push_str("' (Value: `");
    escape_cut(out, &matched.value, LONGEST_VALUE);
    out.push_str("' )");
}

fn details(out: &mut String, matched: &Match) {
    let number = |number: u64| number.to_string().into_bytes();
    field(out, "file", matched.file.as_bytes(), LONGEST_TEXT);
    field(out, "line", &number(matched.line.into()), LONGEST_TEXT);
    field(out, "id", &number(matched.id), LONGEST_TEXT);
    field(out, "rev", matched.rev.as_bytes(), LONGEST_TEXT);
    field(out, "msg", &matched.msg, crate::LOG_BYTES);
    field(out, "data", &matched.data, crate::LOG_BYTES);
    // Without a severity it is 0, as in ModSecurity.
    field(out, "severity", &number(matched.severity.unwrap_or_default().into()), LONGEST_TEXT);
    field(out, "ver", matched.ver.as_bytes(), LONGEST_TEXT);
    field(out, "maturity", &number(matched.maturity.into()), LONGEST_TEXT);
    field(out, "accuracy", &number(matched.accuracy.into()), LONGEST_TEXT);
    for tag in &matched.tags {
        field(out, "tag", tag.as_bytes(), LONGEST_TEXT);
    }
}

fn field(out: &mut String, name: &str, value: &[u8], most: usize) {
    out.push_str(" [");
    out.push_str(name);
    out.push_str(" \"");
    escape_cut(out, value, most);
    out.push_str("\"]");
}
