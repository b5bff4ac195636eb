//! Functions that call themselves: Rego has none, and the interpreter would run out of stack in one.

use crate::syntax::{Call, Syntax};
use std::collections::{BTreeMap, BTreeSet};

/// The first call, in the order of the modules, by which a function comes back to itself, with its module's name.
pub(crate) fn find<'a>(modules: &'a [Syntax], defined: &BTreeSet<String>) -> Option<(&'a str, Call)> {
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    let mut calls = Vec::new();
    for module in modules {
        for (caller, callee, call) in module.calls_between(defined) {
            graph.entry(caller.clone()).or_default().insert(callee.clone());
            calls.push((module.name.as_str(), caller, callee, call));
        }
    }
    let back = calls.into_iter().find(|(_, caller, callee, _)| reaches(&graph, callee, caller))?;
    Some((back.0, back.3))
}

fn reaches(graph: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        let next = graph.get(name).into_iter().flatten().map(String::as_str);
        open.extend(next.filter(|name| seen.insert(name)));
    }
    false
}
