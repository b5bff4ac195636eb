//! All variables with their values: for tools, not for traffic.

use super::Transaction;
use super::data::View;
use crate::variables::{Key, Selection, Variable, names};
use std::ops::ControlFlow;

/// What repeats others, or is different at each look.
const LEFT_OUT: [&str; 3] = ["DURATION", "FULL_REQUEST", "FULL_REQUEST_LENGTH"];

impl Transaction {
    /// The variables that have a value now, each with its member, like `ARGS:id`, in the order of their names.
    pub fn variables(&self) -> Vec<(String, Vec<u8>)> {
        let view = View { data: &self.data, rule: None };
        let mut found = Vec::new();
        for name in names().filter(|name| !LEFT_OUT.contains(name)) {
            let Ok(variable) = Variable::find(name) else { continue };
            // Other names of the same variable.
            if variable.name() != name {
                continue;
            }
            let selection = Selection { variable, key: Key::Any };
            // Nothing in it breaks off.
            let _done = selection.each(view, &mut |item| {
                let name = match item.key.is_empty() {
                    true => name.to_owned(),
                    false => format!("{name}:{}", String::from_utf8_lossy(&item.key)),
                };
                found.push((name, item.value.into_owned()));
                ControlFlow::Continue(())
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ruleset, Transaction};
    use std::collections::BTreeMap;
    use std::rc::Rc;

    #[test]
    fn variables_have_their_members() {
        let rules = "SecRuleEngine On\nSecAction \"id:1,phase:1,pass,nolog,setvar:tx.Score=5\"";
        let ruleset = Rc::new(Ruleset::parse(&[("rules", rules)], &BTreeMap::new()).unwrap());
        let mut transaction = Transaction::new(&ruleset, 1_000_000);
        transaction.process_uri(b"/?a=1&a=2", b"GET", b"HTTP/1.1").unwrap();
        let _ = transaction.process_request_headers().unwrap();
        let variables = transaction.variables();
        let values = |wanted: &str| -> Vec<&[u8]> {
            variables.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_slice()).collect()
        };
        assert_eq!(values("ARGS:a"), [b"1", b"2"]);
        // Names of `TX` stay as rules write them.
        assert_eq!(values("TX:Score"), [b"5"]);
        assert_eq!(values("REQUEST_METHOD"), [b"GET"]);
        assert!(values("FULL_REQUEST").is_empty());
    }
}
