//! Texts with macros: `score is %{tx.anomaly_score}`.

use crate::stored::{Str, stored_enum, stored_struct};
use crate::transaction::View;
use crate::variables::{Key, Selection, Variable};
use std::borrow::Cow;

/// A text whose macros are filled in when a request comes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Text {
    written: Str,
    /// Empty where there are no macros.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(Str),
    Variable(Selection),
}

stored_struct!(Text { written, parts });
stored_enum!(Part { 0 => Literal(text), 1 => Variable(selection) });

impl Text {
    /// Reads `%{NAME}`, `%{NAME.key}`, `%{NAME:key}`, `%{NAME:/pattern/}`; a name that is no variable is an error.
    pub(crate) fn parse(text: &str) -> Result<Text, String> {
        let written = Cow::Owned(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("%{") {
            let Some((name, behind)) = behind.split_once('}') else { break };
            push(&mut parts, before);
            parts.push(Part::Variable(macro_variable(name)?));
            // `%{NAME}%` is an old way to write it.
            rest = behind.strip_prefix('%').filter(|behind| !behind.starts_with('{')).unwrap_or(behind);
        }
        if !parts.is_empty() {
            push(&mut parts, rest);
        }
        Ok(Text { written, parts })
    }

    /// The text, if it has no macros.
    pub(crate) fn fixed(&self) -> Option<&[u8]> {
        self.parts.is_empty().then(|| self.written.as_bytes())
    }

    pub(crate) fn has_macros(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The text as it stands in the rule.
    pub(crate) fn written(&self) -> &Str {
        &self.written
    }

    /// The text with its macros filled in; one that has no value is empty.
    pub(crate) fn expand(&self, view: View<'_>) -> Cow<'_, [u8]> {
        if self.parts.is_empty() {
            return Cow::Borrowed(self.written.as_bytes());
        }
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Variable(selection) => out.extend(selection.first(view).unwrap_or_default()),
            }
        }
        Cow::Owned(out)
    }
}

impl Text {
    /// The text with each macro's value as `value` gives it: for logs, which hide some.
    pub(crate) fn expand_with(&self, mut value: impl FnMut(&Selection) -> Vec<u8>) -> Vec<u8> {
        if self.parts.is_empty() {
            return self.written.as_bytes().to_vec();
        }
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Variable(selection) => out.extend(value(selection)),
            }
        }
        out
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(Cow::Owned(text.to_owned())));
    }
}

fn macro_variable(text: &str) -> Result<Selection, String> {
    let (name, key) = match text.split_once(['.', ':']) {
        Some((name, key)) => (name, Some(key)),
        None => (text, None),
    };
    let variable = Variable::find(name.trim()).map_err(|reason| format!("macro `%{{{text}}}`: {reason}"))?;
    let pattern = key.and_then(|key| key.strip_prefix('/')?.strip_suffix('/'));
    match pattern {
        Some(pattern) => Ok(Selection { variable, key: Key::pattern(pattern)? }),
        None => Ok(Selection::by_key(variable, key)),
    }
}
