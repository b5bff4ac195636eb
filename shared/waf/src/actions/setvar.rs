//! `setvar`: variables that rules set.

use crate::text::Text;

/// A change of `TX` or `ENV`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetVar {
    pub(crate) collection: Collection,
    pub(crate) name: Text,
    pub(crate) change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collection {
    Tx,
    /// The transaction's own copy: rules alone see it.
    Env,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Set(Text),
    Add(Text),
    Subtract(Text),
    Unset,
}

impl SetVar {
    /// Reads `tx.name=value`, `tx.name=+1`, `tx.name=-1`, `!tx.name`, `tx.name` (which sets 1).
    pub(crate) fn parse(text: &str) -> Result<SetVar, String> {
        let fault = || format!("`{text}` is not what `setvar` takes");
        let (unset, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (target, value) = match text.split_once('=') {
            Some((target, value)) => (target, Some(value)),
            None => (text, None),
        };
        let (collection, name) = target.split_once(['.', ':']).ok_or_else(fault)?;
        let collection = match collection.trim().to_ascii_lowercase().as_str() {
            "tx" => Collection::Tx,
            "env" => Collection::Env,
            "ip" | "global" | "session" | "user" | "resource" => {
                return Err(format!("collection `{collection}`: persistent collections are not yet built"));
            }
            _ => return Err(fault()),
        };
        let change = match (unset, value.map(unquoted)) {
            (true, _) => Change::Unset,
            (false, None) => Change::Set(Text::parse("1")?),
            (false, Some(value)) => match (value.strip_prefix('+'), value.strip_prefix('-')) {
                (Some(value), _) => Change::Add(Text::parse(value)?),
                (_, Some(value)) => Change::Subtract(Text::parse(value)?),
                _ => Change::Set(Text::parse(value)?),
            },
        };
        Ok(SetVar { collection, name: Text::parse(name.trim())?, change })
    }

    /// Reads `name=value` of `setenv`.
    pub(crate) fn environment(text: &str) -> Result<SetVar, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        Ok(SetVar {
            collection: Collection::Env,
            name: Text::parse(name.trim())?,
            change: Change::Set(Text::parse(unquoted(value))?),
        })
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}
