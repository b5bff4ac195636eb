//! Reads what a policy calls and which parts of the input it refers to out of the parser's syntax tree.
//!
//! The interpreter gives its tree only as serialized data, so this walks a JSON value. The walk keeps its own stack,
//! because the depth of the tree is the policy author's.

use crate::parts::Parts;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A module's tree with its name.
#[derive(Debug)]
pub(crate) struct Syntax {
    /// The name under `policies`.
    pub name: String,
    tree: Json,
    /// `a.b` for `package a.b`.
    package: Vec<String>,
    /// What an alias stands for: root document first.
    imports: BTreeMap<String, Vec<String>>,
}

/// A call of a function that no policy defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The function's name with dots.
    pub name: String,
    /// How many arguments it is given.
    pub arguments: usize,
    /// Where, counted from 1.
    pub line: u64,
    /// Where, counted from 1.
    pub column: u64,
}

impl Syntax {
    /// Takes over a module's tree.
    pub(crate) fn new(name: impl Into<String>, text: &str, tree: Json) -> Syntax {
        let package =
            tree.pointer("/package/refr").and_then(reference).map(Reference::names).unwrap_or_default();
        let imports = tree.get("imports").and_then(Json::as_array).into_iter().flatten();
        let imports = imports.filter_map(|node| import(node, text)).collect();
        Syntax { name: name.into(), tree, package, imports }
    }

    /// The functions that this module defines, with their full path under `data`.
    pub(crate) fn functions(&self) -> impl Iterator<Item = String> + '_ {
        self.rules().filter_map(|rule| self.function(rule))
    }

    /// The path of the function that a rule defines, if it does.
    fn function(&self, rule: &Json) -> Option<String> {
        let head = rule.pointer("/Spec/head/Func").or_else(|| {
            let default = rule.get("Default")?;
            (!default.get("args")?.as_array()?.is_empty()).then_some(default)
        })?;
        let name = reference(head.get("refr")?)?.names().join(".");
        Some(format!("{}.{name}", self.package.join(".")))
    }

    /// Whether a rule of this module stands at this path under `data`, above it or below it.
    pub(crate) fn defines(&self, path: &[String]) -> bool {
        self.rules().filter_map(head).any(|head| {
            let rule = self.package.iter().cloned().map(Some).chain(head);
            rule.zip(path).all(|(step, name)| step.is_none_or(|step| step == *name))
        })
    }

    /// The calls of functions that are not in `defined` (paths under `data`), in the order of the text.
    pub(crate) fn calls(&self, defined: &BTreeSet<String>) -> Vec<Call> {
        let mut calls = Vec::new();
        for rule in self.rules() {
            visit(rule, |node| {
                if let Some(call) = node.get("Call").and_then(call)
                    && self.resolve(&call.name, defined).is_none()
                {
                    calls.push(call);
                }
            });
        }
        calls.sort_by_key(|call| (call.line, call.column));
        calls
    }

    /// The calls within functions of functions in `defined`: caller, callee, and where.
    pub(crate) fn calls_between(&self, defined: &BTreeSet<String>) -> Vec<(String, String, Call)> {
        let mut calls = Vec::new();
        for rule in self.rules() {
            let Some(caller) = self.function(rule) else { continue };
            visit(rule, |node| {
                if let Some(call) = node.get("Call").and_then(call)
                    && let Some(callee) = self.resolve(&call.name, defined)
                {
                    calls.push((caller.clone(), callee, call));
                }
            });
        }
        calls.sort_by_key(|(.., call)| (call.line, call.column));
        calls
    }

    /// Which parts of the input the module refers to.
    pub(crate) fn parts(&self) -> Parts {
        let mut parts = Parts::default();
        for rule in self.rules() {
            self.collect_parts(rule, &mut parts);
        }
        parts
    }

    fn rules(&self) -> impl Iterator<Item = &Json> + '_ {
        self.tree.get("rules").and_then(Json::as_array).into_iter().flatten()
    }

    /// The path of the function of a policy that is called by this name.
    fn resolve(&self, name: &str, defined: &BTreeSet<String>) -> Option<String> {
        if let Some(path) = name.strip_prefix("data.") {
            return defined.get(path).cloned();
        }
        let (alias, rest) = name.split_once('.').unwrap_or((name, ""));
        let imported = self.imports.get(alias).map(|target| {
            let target = target.iter().skip(1).map(String::as_str);
            target.chain((!rest.is_empty()).then_some(rest)).collect::<Vec<_>>().join(".")
        });
        let local = format!("{}.{name}", self.package.join("."));
        imported.and_then(|path| defined.get(&path)).or_else(|| defined.get(&local)).cloned()
    }

    fn collect_parts(&self, rule: &Json, parts: &mut Parts) {
        let mut open = vec![rule];
        while let Some(node) = open.pop() {
            if let Some(Reference { root, path, indexes }) = reference(node) {
                match self.imports.get(&root).map(Vec::as_slice) {
                    None if root == "input" => parts.add(&path),
                    Some([document, rest @ ..]) if document == "input" => {
                        let rest = rest.iter().cloned().map(Some);
                        parts.add(&rest.chain(path).collect::<Vec<_>>());
                    }
                    _ => {}
                }
                open.extend(indexes);
                continue;
            }
            // `with input.a as 1` writes to the input; what it is replaced by may read it.
            if let (Some(_), Some(by)) = (node.get("refr"), node.get("as")) {
                open.push(by);
                continue;
            }
            open.extend(children(node));
        }
    }
}

/// `input.a[x].b` taken apart: a root, and a name for each step, `None` where it is computed.
struct Reference<'a> {
    root: String,
    path: Vec<Option<String>>,
    /// The computed steps, and the root where it is an expression itself.
    indexes: Vec<&'a Json>,
}

impl Reference<'_> {
    fn names(self) -> Vec<String> {
        std::iter::once(self.root).chain(self.path.into_iter().map(Option::unwrap_or_default)).collect()
    }
}

fn reference(node: &Json) -> Option<Reference<'_>> {
    let mut path = Vec::new();
    let mut indexes = Vec::new();
    let mut node = node;
    let root = loop {
        if let Some(dot) = node.get("RefDot") {
            path.push(dot.pointer("/field/1").and_then(Json::as_str).map(str::to_owned));
            node = dot.get("refr")?;
        } else if let Some(bracket) = node.get("RefBrack") {
            let index = bracket.get("index")?;
            let literal = index.pointer("/String/value").or_else(|| index.pointer("/RawString/value"));
            path.push(literal.and_then(Json::as_str).map(str::to_owned));
            indexes.push(index);
            node = bracket.get("refr")?;
        } else if let Some(name) = node.pointer("/Var/value").and_then(Json::as_str) {
            break name.to_owned();
        } else if path.is_empty() {
            return None;
        } else {
            indexes.push(node);
            break String::new();
        }
    };
    path.reverse();
    Some(Reference { root, path, indexes })
}

/// The steps of a rule's name below its package.
fn head(rule: &Json) -> Option<impl Iterator<Item = Option<String>> + use<>> {
    let place = ["/Default/refr", "/Spec/head/Compr/refr", "/Spec/head/Set/refr", "/Spec/head/Func/refr"];
    let refr = place.iter().find_map(|place| rule.pointer(place))?;
    let Reference { root, path, .. } = reference(refr)?;
    Some(std::iter::once(Some(root)).chain(path))
}

fn import(node: &Json, text: &str) -> Option<(String, Vec<String>)> {
    let path = reference(node.get("refr")?)?.names();
    let offset = |name: &str| usize::try_from(node.pointer(name)?.as_u64()?).ok();
    let alias = match (offset("/as/start"), offset("/as/end")) {
        (Some(start), Some(end)) => text.get(start..end)?,
        _ => path.last()?,
    };
    Some((alias.to_owned(), path.clone()))
}

fn call(node: &Json) -> Option<Call> {
    let name = reference(node.get("fcn")?)?.names().join(".");
    let mut first = node.get("fcn")?;
    while let Some(refr) = first.pointer("/RefDot/refr").or_else(|| first.pointer("/RefBrack/refr")) {
        first = refr;
    }
    let number = |name: &str| first.pointer(name).and_then(Json::as_u64).unwrap_or(0);
    Some(Call {
        name,
        arguments: node.get("params").and_then(Json::as_array).map_or(0, Vec::len),
        line: number("/Var/span/line"),
        column: number("/Var/span/col"),
    })
}

fn visit<'a>(node: &'a Json, mut seen: impl FnMut(&'a Json)) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        seen(node);
        open.extend(children(node));
    }
}

fn children(node: &Json) -> Vec<&Json> {
    match node {
        Json::Array(items) => items.iter().collect(),
        Json::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}
