//! The rules that a module carries: compiled when it is built, shared by all settings that include them.

use super::{Reader, Stored, Texts, Writer, fingerprint, stored_enum};
use crate::actions::Actions;
use crate::operators::{Compile, Files, Str, entries};
use crate::plan::Scanners;
use crate::ruleset::{Change, Compiler, Rule};
use portcullis_seclang::{Argument, ParseError, Span};
use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use thiserror::Error;

/// What a text is compiled to, in the order of its directives.
#[derive(Debug)]
pub(crate) enum Item {
    /// A rule or action with the links of its chain, without its phase's defaults.
    Rule(Rc<Rule>),
    /// `SecDefaultAction`.
    Defaults(Box<Defaults>),
    /// Rules removed or changed.
    Change(Rc<Change>),
    /// A directive that does its work when the text is included.
    Plain(Plain),
}

/// `SecDefaultAction`, and where it stands.
#[derive(Debug)]
pub(crate) struct Defaults {
    pub(crate) actions: Actions,
    pub(crate) span: Span,
}

/// A directive of arguments.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) name: Str,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) span: Span,
}

stored_enum!(Item { 0 => Rule(rule), 1 => Defaults(defaults), 2 => Plain(plain), 3 => Change(change) });
super::stored_struct!(Defaults { actions, span });
super::stored_struct!(Plain { name, arguments, span });

/// Rules compiled when the module was built, and the data files that they read: what `Include @owasp_crs/*.conf` means.
///
/// One is made for all settings of a configuration; rule sets made from it share its rules.
#[derive(Debug, Default)]
pub struct Base {
    files: Vec<SourceFile>,
    data: BTreeMap<&'static str, &'static str>,
    /// Rules on top of default actions that say something, by the actions and the rule's own address.
    resolved: RefCell<Vec<(Actions, Resolved)>>,
    /// Rules after a change that is part of the base, by both their addresses.
    changed: RefCell<BTreeMap<(*const Rule, *const Change), Rc<Rule>>>,
    /// All rules that the base holds, and so their addresses.
    own: RefCell<BTreeSet<*const Rule>>,
    /// What the plans of its rule sets share.
    pub(crate) scanners: Rc<Scanners>,
}

/// By the address of a rule in `files`, which stays as long as the base.
type Resolved = BTreeMap<*const Rule, Rc<Rule>>;

#[derive(Debug)]
struct SourceFile {
    name: &'static str,
    texts: Texts,
    bytes: &'static [u8],
    items: OnceCell<Rc<[Item]>>,
}

/// Bytes that are no compiled rules of this engine.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoredError {
    /// The bytes hold something else, or not all of it.
    #[error("the rules that are part of this build are damaged")]
    Damaged,
    /// Another version of the engine has written them.
    #[error("the rules that are part of this build were compiled by another version of the engine")]
    Version,
}

/// In front of everything: what it is.
const MAGIC: &[u8; 8] = b"pcRULES\0";

impl Base {
    /// Compiles texts, each with the name by which `Include` finds it, to bytes for [`Base::read`]. `data` holds what
    /// `@pmFromFile` and `@ipMatchFromFile` name.
    pub fn compile(texts: &[(String, String)], data: &[(String, String)]) -> Result<Vec<u8>, ParseError> {
        let find = |name: &str| {
            let found = data.iter().find(|(file, _)| file == name);
            found.map(|(_, text)| Cow::Owned(text.clone()))
        };
        let mut writer = Writer::default();
        writer.count(texts.len());
        for (file, text) in texts {
            let items = Compiler::new(&find, Compile::Now).text(file, text)?;
            writer.text(file);
            let before = std::mem::take(&mut writer.bytes);
            items.write(&mut writer);
            let own = std::mem::replace(&mut writer.bytes, before);
            writer.count(own.len());
            writer.bytes.extend(own);
        }
        writer.count(data.len());
        for (file, text) in data {
            writer.text(file);
            writer.text(&entries(text).collect::<Vec<_>>().join("\n"));
        }
        let head = [&MAGIC[..], &fingerprint().to_le_bytes()].concat();
        Ok([head, writer.finish()].concat())
    }

    /// Reads what [`Base::compile`] has made; no bytes are no rules. Rules are read when a text includes them.
    pub fn read(bytes: &'static [u8]) -> Result<Base, StoredError> {
        if bytes.is_empty() {
            return Ok(Base::default());
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or(StoredError::Damaged)?;
        let (version, rest) = rest.split_first_chunk::<8>().ok_or(StoredError::Damaged)?;
        if u64::from_le_bytes(*version) != fingerprint() {
            return Err(StoredError::Version);
        }
        Base::read_files(rest).ok_or(StoredError::Damaged)
    }

    fn read_files(bytes: &'static [u8]) -> Option<Base> {
        let (texts, rest) = Texts::split(bytes)?;
        let mut reader = Reader { rest, texts, file: Rc::from(""), files: &|_| None };
        let mut base = Base::default();
        for _ in 0..reader.count()? {
            let name = reader.text()?;
            let length = reader.count()?;
            let bytes = reader.take(length)?;
            base.files.push(SourceFile { name, texts, bytes, items: OnceCell::new() });
        }
        for _ in 0..reader.count()? {
            base.data.insert(reader.text()?, reader.text()?);
        }
        Some(base)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names of its texts, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.iter().map(|file| file.name)
    }

    /// A data file.
    pub fn data(&self, name: &str) -> Option<&'static str> {
        self.data.get(name).copied()
    }

    /// The items of a text.
    pub(crate) fn items(&self, name: &str) -> Result<Rc<[Item]>, StoredError> {
        let file = self.files.iter().find(|file| file.name == name).ok_or(StoredError::Damaged)?;
        if let Some(items) = file.items.get() {
            return Ok(Rc::clone(items));
        }
        let find = |name: &str| self.data(name).map(Cow::Borrowed);
        let items = file.read(&find).ok_or(StoredError::Damaged)?;
        let rules = items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(Rc::as_ptr(rule)),
            _ => None,
        });
        self.own.borrow_mut().extend(rules);
        Ok(Rc::clone(file.items.get_or_init(|| items)))
    }

    /// A rule of the base on top of its phase's defaults, the same for all that ask with the same defaults.
    pub(crate) fn resolve(&self, rule: &Rc<Rule>, defaults: &Actions) -> Rc<Rule> {
        let mut known = self.resolved.borrow_mut();
        let index = known.iter().position(|(actions, _)| actions == defaults).unwrap_or_else(|| {
            known.push((defaults.clone(), Resolved::new()));
            known.len() - 1
        });
        let Some((_, rules)) = known.get_mut(index) else { return Rc::clone(rule) };
        let resolved = rules.entry(Rc::as_ptr(rule)).or_insert_with(|| Rc::new(rule.on_top_of(defaults)));
        self.own.borrow_mut().insert(Rc::as_ptr(resolved));
        Rc::clone(resolved)
    }

    /// Makes a change of the base: once for rules of the base, which stay shared.
    pub(crate) fn changed(
        &self,
        rule: &mut Rc<Rule>,
        change: &Rc<Change>,
        apply: impl Fn(&mut Rule) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let key = (Rc::as_ptr(rule), Rc::as_ptr(change));
        if !self.own.borrow().contains(&key.0) {
            return apply(Rc::make_mut(rule));
        }
        if let Some(known) = self.changed.borrow().get(&key) {
            *rule = Rc::clone(known);
            return Ok(true);
        }
        let done = apply(Rc::make_mut(rule))?;
        self.own.borrow_mut().insert(Rc::as_ptr(rule));
        self.changed.borrow_mut().insert(key, Rc::clone(rule));
        Ok(done)
    }
}

impl SourceFile {
    fn read(&self, files: Files<'_>) -> Option<Rc<[Item]>> {
        let mut reader = Reader { rest: self.bytes, texts: self.texts, file: Rc::from(self.name), files };
        let items = Vec::<Item>::read(&mut reader)?;
        reader.rest.is_empty().then(|| items.into())
    }
}
