//! What a rule selects of a variable.

use super::names::Variable;
use super::values::{Item, each, nth};
use crate::backtrack::{Flags, Program};
use crate::pcre;
use crate::stored::{Reader, Stored, Str, Writer, stored_enum, stored_struct};
use crate::transaction::View;
use crate::xpath::XPath;
use portcullis_seclang::Selector;
use regex::bytes::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::rc::Rc;

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
    Name(Str),
    /// Those whose name matches, in whatever case.
    Pattern(KeyPattern),
    /// Nodes of an XML body.
    Path(XPath),
}

/// A pattern of names.
#[derive(Clone)]
pub(crate) struct KeyPattern {
    /// In the engine's notation.
    source: Str,
    /// Compiled when the rules load; at first use where they are part of the build.
    regex: OnceCell<Option<Engine>>,
}

#[derive(Clone)]
enum Engine {
    Linear(Regex),
    Backtracking(Rc<Program>),
}

stored_struct!(Selection { variable, key });
stored_enum!(Key { 0 => Any, 1 => Name(name), 2 => Pattern(pattern), 3 => Path(path) });

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Any, Key::Any) => true,
            (Key::Name(a), Key::Name(b)) => a.eq_ignore_ascii_case(b),
            (Key::Pattern(a), Key::Pattern(b)) => a.source == b.source,
            (Key::Path(a), Key::Path(b)) => a == b,
            _ => false,
        }
    }
}

impl Key {
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Key::Any => true,
            Key::Name(wanted) => wanted.as_bytes().eq_ignore_ascii_case(name),
            Key::Pattern(regex) => regex.matches(name),
            // Which nodes it means is decided where the document is.
            Key::Path(_) => true,
        }
    }

    pub(crate) fn of(selector: Option<&Selector>) -> Result<Key, String> {
        Ok(match selector {
            None => Key::Any,
            Some(Selector::Key(key) | Selector::Quoted(key)) => Key::Name(key.clone().into()),
            Some(Selector::Regex(pattern)) => Key::pattern(pattern)?,
        })
    }

    /// The selector of `XML`: an XPath expression; without one all text.
    pub(crate) fn path(selector: Option<&Selector>) -> Result<Key, String> {
        let path = match selector {
            None => return Ok(Key::Any),
            Some(Selector::Key(path) | Selector::Quoted(path)) => path,
            Some(Selector::Regex(pattern)) => return Err(format!("`/{pattern}/` is no XPath expression")),
        };
        match path.as_str() {
            // These two need no tree.
            "/*" | "//@*" => Ok(Key::Name(path.clone().into())),
            path => XPath::compile(path).map(Key::Path),
        }
    }

    pub(crate) fn pattern(pattern: &str) -> Result<Key, String> {
        Ok(Key::Pattern(KeyPattern::compile(pattern)?))
    }
}

impl KeyPattern {
    fn compile(pattern: &str) -> Result<KeyPattern, String> {
        let source: Str = match pcre::needs_backtracking(pattern) {
            // It stays as it is, and so the engine is found again.
            true => pattern.to_owned().into(),
            false => pcre::translate(pattern)?.into(),
        };
        let fault = || format!("selector `/{pattern}/` is no pattern that can be used");
        let regex = OnceCell::from(Some(build(&source).ok_or_else(fault)?));
        Ok(KeyPattern { source, regex })
    }

    fn matches(&self, name: &[u8]) -> bool {
        let regex = self.regex.get_or_init(|| build(&self.source));
        regex.as_ref().is_some_and(|regex| match regex {
            Engine::Linear(regex) => regex.is_match(name),
            Engine::Backtracking(program) => program.is_match(name),
        })
    }
}

fn build(source: &str) -> Option<Engine> {
    if pcre::needs_backtracking(source) {
        let flags = Flags { ignore_case: true, multi_line: false, ..Flags::RX };
        return Program::compile(source, flags).ok().map(Rc::new).map(Engine::Backtracking);
    }
    let mut builder = RegexBuilder::new(source);
    builder.unicode(false).case_insensitive(true).dot_matches_new_line(true).size_limit(1 << 20);
    builder.build().ok().map(Engine::Linear)
}

impl Stored for KeyPattern {
    fn write(&self, writer: &mut Writer) {
        self.source.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Option<KeyPattern> {
        Some(KeyPattern { source: Str::read(reader)?, regex: OnceCell::new() })
    }
}

impl std::fmt::Debug for KeyPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

impl Selection {
    pub(crate) fn by_key(variable: Variable, key: Option<&str>) -> Selection {
        let key = key.map_or(Key::Any, |key| Key::Name(key.to_owned().into()));
        Selection { variable, key }
    }

    /// Hands out the members that it selects, until told to stop.
    pub(crate) fn each<'a>(
        &self,
        view: View<'a>,
        take: &mut dyn FnMut(Item<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // XPath expressions are no names: which values they mean is decided where the values are.
        if matches!(self.variable, Variable::Xml | Variable::ResponseXml) {
            return super::values::xml(self.variable, view, &self.key, take);
        }
        if let Some(collection) = self.variable.persistent() {
            super::values::built_in(collection, view, &self.key, take)?;
        }
        if let (Variable::Tx, Key::Name(name)) = (self.variable, &self.key) {
            return match view.data.tx.member(name.as_bytes()) {
                Some((key, value)) => take(Item { key: Cow::Borrowed(key), value: Cow::Borrowed(value) }),
                None => ControlFlow::Continue(()),
            };
        }
        each(self.variable, view, &mut |item| match self.key.matches(&item.key) {
            true => take(item),
            false => ControlFlow::Continue(()),
        })
    }

    /// As a rule names it, like `ARGS:id`.
    pub(crate) fn text(&self) -> String {
        let name = self.variable.name();
        match &self.key {
            Key::Any => name.to_owned(),
            Key::Name(key) => format!("{name}:{}", key),
            Key::Pattern(regex) => format!("{name}:{regex:?}"),
            Key::Path(path) => format!("{name}:{}", path.source()),
        }
    }

    /// Whether what it selects stays the same while the rules of a phase run, whatever rule asks.
    pub(crate) fn is_fixed(&self) -> bool {
        // An expression's names are explained by the rule.
        self.variable.is_fixed() && !matches!(self.key, Key::Path(_))
    }

    /// The member at a place among those that [`Selection::each`] hands out.
    pub(crate) fn nth<'a>(&self, view: View<'a>, place: usize) -> Option<Item<'a>> {
        if matches!(self.key, Key::Any)
            && let Some(item) = nth(self.variable, view.data, place)
        {
            return Some(item);
        }
        let mut found = None;
        let mut left = place;
        let _ = self.each(view, &mut |item| match left.checked_sub(1) {
            Some(less) => {
                left = less;
                ControlFlow::Continue(())
            }
            None => {
                found = Some(item);
                ControlFlow::Break(())
            }
        });
        found
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
        self.concerns(variable) && (variable == Variable::Xml || self.key.matches(key))
    }

    /// Whether members of this variable can be among what it selects.
    pub(crate) fn concerns(&self, variable: Variable) -> bool {
        // A pattern means the keys of the whole family: `!ARGS:/^x/` leaves out of `ARGS_NAMES` too, as in ModSecurity v3.
        let is_kin = || matches!(self.key, Key::Pattern(_)) && self.variable.holds(variable);
        self.variable == variable || is_kin()
    }
}
