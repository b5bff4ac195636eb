//! A trace in the words of ModSecurity v3's debug log and error log.

use super::{Pair, Step, Transaction};
use crate::audit::AuditEngine;
use crate::collections::Persistent;
use crate::operators::{self, Compile, Recipe};
use std::fmt::Write as _;

/// Bytes of a value that a line of the debug log shows.
const SHOWN: usize = 80;

impl Transaction {
    /// The debug log of a [traced](Transaction::traced) transaction, a line for each thing that happened.
    pub fn debug_log(&self) -> String {
        let mut log = String::new();
        let head = format!("[{}] [{}]", shown(&self.data.unique_id), shown(&self.data.uri_raw));
        let mut nth = 0;
        for step in self.steps() {
            let (level, text) = match step {
                Step::Rule { id, operator, argument, targets } => {
                    let argument = String::from_utf8_lossy(&argument).into_owned();
                    let text = match operator {
                        "" => format!("(Rule: {id}) Executing unconditional rule..."),
                        _ => format!(
                            "(Rule: {id}) Executing operator \"{operator}\" with param \"{argument}\" against {targets}."
                        ),
                    };
                    (4, text)
                }
                Step::Transformed { name, value } => {
                    nth += 1;
                    (9, format!(" T ({}) t:{name}: \"{}\"", nth - 1, limited(&shown(&value), SHOWN)))
                }
                Step::Target { variable, value } => {
                    nth = 0;
                    let value = limited(&shown(&value), SHOWN);
                    (9, format!("Target value: \"{value}\" (Variable: {})", self.in_full(&variable)))
                }
                Step::Returned { matched, .. } => (4, format!("Rule returned {}.", u8::from(matched))),
                Step::Full { matched, .. } => match matched.msg.is_empty() {
                    true => continue,
                    false => (9, format!("Saving msg: {}", lossy(&matched.msg))),
                },
                Step::Remark { level, text } => (level, text),
                Step::Matched { .. } | Step::Removed { .. } => continue,
            };
            let _ = writeln!(log, "{head} [{level}] {text}");
        }
        log
    }

    /// A member of a persistent collection stands with the instance's key and the application: `IP:key::application::name`.
    fn in_full(&self, variable: &[u8]) -> String {
        let name = lossy(variable);
        let persistent = name.split_once(':').and_then(|(collection, member)| {
            let key = self.data.collections.key(Persistent::find(collection)?).unwrap_or_default();
            Some(format!("{collection}:{}::{}::{member}", lossy(key), lossy(&self.data.web_app_id)))
        });
        persistent.unwrap_or(name)
    }

    /// The error log of a traced transaction: a line for each rule that matched and wants to be logged.
    pub fn error_log(&self) -> String {
        let mut log = String::new();
        let (mut reference, mut what) = (String::new(), String::new());
        let mut current = (0, "", Vec::new());
        for step in self.steps() {
            match step {
                Step::Rule { id, operator, argument, .. } => {
                    if current.0 != id {
                        reference.clear();
                        what.clear();
                    }
                    current = (id, operator, argument);
                }
                Step::Matched { variable, value, reference: piece } => {
                    reference.push_str(&piece);
                    what = format!(
                        "Matched \"Operator `{}' with parameter `{}' against variable `{}' (Value: `{}' )",
                        current.1,
                        limited(&lossy(&current.2), 200),
                        lossy(&variable),
                        limited(&shown(&value), 100),
                    );
                }
                Step::Full { matched, status } if matched.log => {
                    let _ = writeln!(log, "{}", self.line(&matched, status, &what, &reference));
                    reference.clear();
                }
                _ => {}
            }
        }
        log
    }

    fn line(&self, matched: &super::Match, status: Option<u16>, what: &str, reference: &str) -> String {
        let mut line = format!("[client {}] ModSecurity: ", lossy(&self.data.remote.0));
        let _ = match status {
            Some(code) => write!(line, "Access denied with code {code} (phase {}). ", matched.phase.number()),
            None => write!(line, "Warning. "),
        };
        let _ = write!(
            line,
            "{what} [file \"{}\"] [line \"{}\"] [id \"{}\"] [msg \"{}\"] [data \"{}\"] [severity \"{}\"]",
            matched.file,
            matched.line,
            matched.id,
            lossy(&matched.msg),
            lossy(&matched.data),
            matched.severity.unwrap_or(0),
        );
        for tag in &matched.tags {
            let _ = write!(line, " [tag \"{tag}\"]");
        }
        let _ = write!(
            line,
            " [hostname \"{}\"] [uri \"{}\"] [unique_id \"{}\"] [ref \"{reference}\"]",
            lossy(&self.data.server.0),
            lossy(&self.data.filename),
            lossy(&self.data.unique_id),
        );
        line
    }
}

impl Transaction {
    /// The audit log of a traced transaction in ModSecurity's own form of several lines; empty if the transaction is not
    /// to be in it. `status` is what the client saw.
    pub fn audit_text(&self, status: u16) -> String {
        let is_wanted = match self.audit_engine {
            AuditEngine::Off => false,
            AuditEngine::On => true,
            AuditEngine::RelevantOnly => {
                self.matches.iter().any(|matched| matched.audit) || self.is_relevant(status)
            }
        };
        if !is_wanted {
            return String::new();
        }
        let mut log = "---A--\n".to_owned();
        let endpoint = |(address, port): &(Vec<u8>, Vec<u8>)| format!("{} {}", lossy(address), lossy(port));
        let (client, server) = (endpoint(&self.data.remote), endpoint(&self.data.server));
        let _ = writeln!(log, "{} {client} {server}", lossy(&self.data.unique_id));
        let fields = |pairs: &[Pair]| {
            let lines = pairs.iter().map(|pair| format!("{}: {}\n", lossy(&pair.name), lossy(&pair.value)));
            lines.collect::<String>()
        };
        let sections = [
            (b'B', format!("{}\n{}", lossy(&self.data.request_line()), fields(&self.data.request_headers))),
            (b'C', lossy(&self.data.request_body)),
            (b'E', shown(&self.data.response_body)),
            (b'F', format!("HTTP/1.1 {status}\n{}", fields(&self.data.response_headers))),
            (b'H', self.error_log()),
        ];
        for (letter, text) in sections.iter().filter(|(letter, _)| self.audit_parts.has(*letter)) {
            let _ = writeln!(log, "---{}--\n{text}", char::from(*letter));
        }
        log + "---Z--\n\n"
    }

    fn is_relevant(&self, status: u16) -> bool {
        let pattern = self.ruleset.settings.audit_relevant_status.clone().into();
        let recipe =
            Recipe { argument: &pattern, has_macros: false, files: &|_| None, compile: Compile::Now };
        let test = operators::compile("rx", &recipe).ok().filter(|_| !pattern.is_empty());
        test.is_some_and(|test| test.matches(status.to_string().as_bytes(), b"", None))
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Bytes that are not printable ASCII as `\xHH`.
fn shown(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out
}

/// The text, cut as ModSecurity cuts it.
fn limited(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => {
            let left = text.len() - at;
            format!("{} ({left} characters omitted)", text.get(..at).unwrap_or_default())
        }
    }
}
