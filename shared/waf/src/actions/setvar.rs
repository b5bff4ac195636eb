//! `setvar`: variables that rules set.

use crate::collections::Persistent;
use crate::stored::{stored_enum, stored_struct};
use crate::text::Text;

/// A change of a collection.
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
    /// Outlives the transaction.
    Kept(Persistent),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Set(Text),
    Add(Text),
    Subtract(Text),
    Unset,
}

stored_struct!(SetVar { collection, name, change });
stored_enum!(Collection { 0 => Tx, 1 => Env, 2 => Kept(collection) });
stored_enum!(Change { 0 => Set(text), 1 => Add(text), 2 => Subtract(text), 3 => Unset });

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
            name => Persistent::find(name).map(Collection::Kept).ok_or_else(fault)?,
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

/// A change of persistent collections that is made when the whole chain has matched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Keep {
    /// `initcol`, `setsid`, `setuid`, `setrsc`: which instance of a collection the transaction is about.
    Open { collection: Persistent, key: Text },
    /// `expirevar`: seconds until a member is gone.
    Expire { collection: Persistent, name: Text, seconds: Text },
    /// `deprecatevar`: what a member loses for each period of seconds.
    Deprecate { collection: Persistent, name: Text, by: Text, period: Text },
}

stored_enum!(Keep {
    0 => Open { collection, key },
    1 => Expire { collection, name, seconds },
    2 => Deprecate { collection, name, by, period },
});

impl Keep {
    /// Reads `ip=%{REMOTE_ADDR}`.
    pub(crate) fn open(text: &str) -> Result<Keep, String> {
        let (name, key) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not what `initcol` takes"))?;
        let collection = persistent(name)?;
        Ok(Keep::Open { collection, key: Text::parse(unquoted(key.trim()))? })
    }

    /// The key of a collection by itself, as `setsid` and its kin have it.
    pub(crate) fn open_as(collection: Persistent, key: &str) -> Result<Keep, String> {
        Ok(Keep::Open { collection, key: Text::parse(unquoted(key))? })
    }

    /// Reads `session.name=seconds`; without seconds it is gone with this second.
    pub(crate) fn expire(text: &str) -> Result<Keep, String> {
        let (collection, name, seconds) = member(text, "expirevar")?;
        Ok(Keep::Expire { collection, name, seconds: Text::parse(seconds.unwrap_or("0"))? })
    }

    /// Reads `session.score=60/300`.
    pub(crate) fn deprecate(text: &str) -> Result<Keep, String> {
        let (collection, name, rate) = member(text, "deprecatevar")?;
        let rate = rate.and_then(|rate| rate.split_once('/'));
        let (by, period) =
            rate.ok_or_else(|| format!("`{text}` needs an amount and seconds, as in `60/300`"))?;
        Ok(Keep::Deprecate { collection, name, by: Text::parse(by)?, period: Text::parse(period)? })
    }
}

fn persistent(name: &str) -> Result<Persistent, String> {
    Persistent::find(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = Persistent::ALL.iter().map(|collection| collection.name()).collect();
        format!("`{name}` is no persistent collection; these are: {}", known.join(", "))
    })
}

/// `collection.name=value`.
fn member<'t>(text: &'t str, action: &str) -> Result<(Persistent, Text, Option<&'t str>), String> {
    let text = unquoted(text);
    let (target, value) = match text.split_once('=') {
        Some((target, value)) => (target, Some(unquoted(value.trim()))),
        None => (text, None),
    };
    let (collection, name) =
        target.split_once(['.', ':']).ok_or_else(|| format!("`{text}` is not what `{action}` takes"))?;
    Ok((persistent(collection)?, Text::parse(name.trim())?, value))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}
