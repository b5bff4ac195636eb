//! What the rules' text says of each rule.

use anyhow::{Context, Result};
use portcullis_ftw::layout::{self, TESTS};
use portcullis_seclang::{Action, Body, parse};
use std::collections::BTreeMap;
use std::path::Path;

/// A rule's description of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// As written, such as `CRITICAL`; empty for none.
    pub severity: String,
    /// 1 to 4, by its tag; 0 for none.
    pub paranoia: u8,
    /// As written.
    pub version: String,
}

/// All rules of a folder by their ids.
pub fn rules(folder: &Path) -> Result<BTreeMap<u64, About>> {
    let mut rules = BTreeMap::new();
    for (name, text) in layout::find(folder)?.sources(TESTS)?.texts {
        let document = parse(&name, &text).with_context(|| format!("parse {name}"))?;
        for directive in document.directives {
            let actions = match directive.body {
                Body::Rule(rule) => rule.actions,
                Body::Actions(actions) => actions,
                Body::Plain(_) => continue,
            };
            let id = actions.iter().find(|action| action.is("id")).and_then(|id| id.text().parse().ok());
            rules.extend(id.map(|id: u64| (id, about(&actions))));
        }
    }
    Ok(rules)
}

fn about(actions: &[Action]) -> About {
    let text = |name: &str| {
        let found = actions.iter().find(|action| action.is(name));
        found.map(|action| action.text().to_owned()).unwrap_or_default()
    };
    let tags = actions.iter().filter(|action| action.is("tag"));
    let paranoia = tags.filter_map(|tag| tag.text().strip_prefix("paranoia-level/")?.parse().ok()).next();
    About { severity: text("severity"), paranoia: paranoia.unwrap_or_default(), version: text("ver") }
}
