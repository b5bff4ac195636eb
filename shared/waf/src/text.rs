//! Texts with macros: `score is %{tx.anomaly_score}`.

use crate::transaction::View;
use crate::variables::{Selection, Variable};
use std::borrow::Cow;

/// A text whose macros are filled in when a request comes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Text {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Bytes(Vec<u8>),
    Variable(Selection),
}

impl Text {
    /// Reads `%{NAME}`, `%{NAME.key}`, `%{NAME:key}`; a name that is no variable is an error.
    pub(crate) fn parse(text: &str) -> Result<Text, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("%{") {
            let Some((name, behind)) = behind.split_once('}') else { break };
            push(&mut parts, before.as_bytes());
            parts.push(Part::Variable(macro_variable(name)?));
            rest = behind;
        }
        push(&mut parts, rest.as_bytes());
        Ok(Text { parts })
    }

    pub(crate) fn has_macros(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Variable(_)))
    }

    /// The text with its macros filled in; one that has no value is empty.
    pub(crate) fn expand(&self, view: View<'_>) -> Cow<'_, [u8]> {
        match self.parts.as_slice() {
            [] => Cow::Borrowed(&[]),
            [Part::Bytes(bytes)] => Cow::Borrowed(bytes),
            parts => {
                let mut out = Vec::new();
                for part in parts {
                    match part {
                        Part::Bytes(bytes) => out.extend_from_slice(bytes),
                        Part::Variable(selection) => out.extend(selection.first(view).unwrap_or_default()),
                    }
                }
                Cow::Owned(out)
            }
        }
    }
}

impl Text {
    /// The text with each macro's value as `value` gives it: for logs, which hide some.
    pub(crate) fn expand_with(&self, mut value: impl FnMut(&Selection) -> Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => out.extend_from_slice(bytes),
                Part::Variable(selection) => out.extend(value(selection)),
            }
        }
        out
    }
}

fn push(parts: &mut Vec<Part>, bytes: &[u8]) {
    if !bytes.is_empty() {
        parts.push(Part::Bytes(bytes.to_vec()));
    }
}

fn macro_variable(text: &str) -> Result<Selection, String> {
    let (name, key) = match text.split_once(['.', ':']) {
        Some((name, key)) => (name, Some(key)),
        None => (text, None),
    };
    let variable = Variable::find(name.trim()).map_err(|reason| format!("macro `%{{{text}}}`: {reason}"))?;
    Ok(Selection::by_key(variable, key))
}
