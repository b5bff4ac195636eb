//! What a rule selects of a variable.

use super::names::Variable;
use super::values::{Item, each};
use crate::pcre;
use crate::transaction::View;
use portcullis_seclang::Selector;
use regex::bytes::{Regex, RegexBuilder};
use std::ops::ControlFlow;

/// A variable, or a part of a collection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    pub(crate) variable: Variable,
    pub(crate) key: Key,
}

/// Which members of a collection.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// All.
    Any,
    /// Those of this name, in whatever case.
    Name(Vec<u8>),
    /// Those whose name matches, in whatever case.
    Pattern(Regex),
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Any, Key::Any) => true,
            (Key::Name(a), Key::Name(b)) => a.eq_ignore_ascii_case(b),
            (Key::Pattern(a), Key::Pattern(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
    }
}

impl Key {
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Key::Any => true,
            Key::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            Key::Pattern(regex) => regex.is_match(name),
        }
    }

    pub(crate) fn of(selector: Option<&Selector>) -> Result<Key, String> {
        Ok(match selector {
            None => Key::Any,
            Some(Selector::Key(key) | Selector::Quoted(key)) => Key::Name(key.as_bytes().to_vec()),
            Some(Selector::Regex(pattern)) => Key::Pattern(regex(pattern)?),
        })
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    let source = pcre::translate(pattern)?;
    let mut builder = RegexBuilder::new(&source);
    builder.unicode(false).case_insensitive(true).dot_matches_new_line(true).size_limit(1 << 20);
    builder.build().map_err(|_| format!("selector `/{pattern}/` is no pattern that can be used"))
}

impl Selection {
    pub(crate) fn by_key(variable: Variable, key: Option<&str>) -> Selection {
        let key = key.map_or(Key::Any, |key| Key::Name(key.as_bytes().to_vec()));
        Selection { variable, key }
    }

    /// Hands out the members that it selects, until told to stop.
    pub(crate) fn each<'a>(
        &self,
        view: View<'a>,
        take: &mut dyn FnMut(Item<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // XPath expressions are no names: which values they mean is decided where the values are.
        if self.variable == Variable::Xml {
            return super::values::xml(view, &self.key, take);
        }
        if let Some(collection) = self.variable.persistent() {
            super::values::built_in(collection, view, &self.key, take)?;
        }
        each(self.variable, view, &mut |item| match self.key.matches(&item.key) {
            true => take(item),
            false => ControlFlow::Continue(()),
        })
    }

    /// The value of the first member.
    pub(crate) fn first(&self, view: View<'_>) -> Option<Vec<u8>> {
        let mut found = None;
        let _ = self.each(view, &mut |item| {
            found = Some(item.value.into_owned());
            ControlFlow::Break(())
        });
        found
    }

    /// Whether a member of this variable is among what it selects.
    pub(crate) fn covers(&self, variable: Variable, key: &[u8]) -> bool {
        self.variable == variable && (variable == Variable::Xml || self.key.matches(key))
    }
}
