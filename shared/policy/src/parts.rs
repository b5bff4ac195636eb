//! Which parts of the input document a policy refers to: only these are built.

use std::collections::BTreeSet;

/// References into the input: each a list of steps, `None` for one that is computed when the policy runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts(BTreeSet<Vec<Option<String>>>);

/// The paths that need the request's body.
const BODY: [&[&str]; 3] =
    [&["attributes", "request", "http", "body"], &["parsed_body"], &["truncated_body"]];

impl Parts {
    /// The whole document.
    pub fn all() -> Parts {
        Parts(BTreeSet::from([Vec::new()]))
    }

    /// Adds a reference.
    pub fn add(&mut self, steps: &[Option<String>]) {
        self.0.insert(steps.to_vec());
    }

    /// Adds all references of another.
    pub fn merge(&mut self, other: Parts) {
        self.0.extend(other.0);
    }

    /// Whether a reference reaches what stands at this path, something in it, or something around it.
    pub fn wants(&self, path: &[&str]) -> bool {
        self.0.iter().any(|steps| reaches(steps, path))
    }

    /// Whether one of the references reaches the body.
    pub fn wants_body(&self) -> bool {
        BODY.iter().any(|path| self.wants(path))
    }

    /// The names under this path that are referred to; `None` where it is used whole or a name is computed.
    pub fn names_under(&self, path: &[&str]) -> Option<BTreeSet<String>> {
        let reaching = self.0.iter().filter(|steps| reaches(steps, path));
        reaching.map(|steps| steps.get(path.len())?.clone()).collect()
    }
}

fn reaches(steps: &[Option<String>], path: &[&str]) -> bool {
    steps.iter().zip(path).all(|(step, name)| step.as_deref().is_none_or(|step| step == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(references: &[&str]) -> Parts {
        let mut parts = Parts::default();
        for reference in references {
            let steps = reference.split('.').filter(|step| !step.is_empty());
            parts.add(&steps.map(|step| (step != "*").then(|| step.to_owned())).collect::<Vec<_>>());
        }
        parts
    }

    #[test]
    fn the_body_is_reached_by_name_by_a_whole_and_by_a_computed_step() {
        for reads in ["parsed_body.a", "", "*", "attributes", "attributes.request.http", "attributes.*.http"]
        {
            assert!(parts(&[reads]).wants_body(), "{reads}");
        }
        for does_not in ["parsed_path.0", "attributes.request.http.method", "attributes.request.*.method.x"] {
            assert!(!parts(&[does_not]).wants_body(), "{does_not}");
        }
    }

    #[test]
    fn names_are_known_only_where_all_are_literal() {
        let path = ["attributes", "request", "http", "headers"];
        let under = "attributes.request.http.headers.";
        let two = parts(&[&format!("{under}a"), &format!("{under}b.c"), "parsed_path"]);
        assert_eq!(two.names_under(&path), Some(BTreeSet::from(["a".to_owned(), "b".to_owned()])));
        assert_eq!(parts(&[&format!("{under}a"), &format!("{under}*")]).names_under(&path), None);
        assert_eq!(parts(&[&format!("{under}a"), "attributes.request"]).names_under(&path), None);
        assert_eq!(parts(&["parsed_path"]).names_under(&path), Some(BTreeSet::new()));
    }
}
