//! The rows: which filter with which settings, against whom, with which requests.

mod list;

pub use list::GROUPS;

use crate::load::Answer;
use crate::proxies::Proxy;
use portcullis_fuel::messages::Request;

/// Rows that share their proxies.
#[derive(Debug)]
pub struct Group {
    /// The first part of its rows' names.
    pub name: &'static str,
    /// The filter in question first.
    pub contestants: &'static [Contestant],
    /// The second part of the rows' names, and what is sent.
    pub cases: &'static [Case],
}

/// One who is measured.
#[derive(Debug)]
pub struct Contestant {
    /// The name in the table.
    pub name: &'static str,
    /// How it is started.
    pub proxy: Proxy,
    /// The one that is the same but for the work in question: an index into the group's contestants.
    pub bare: Option<usize>,
}

/// A request, and how to see that the work was done.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What is sent.
    pub request: fn() -> Request,
    /// Whether the upstream saw, and the client got, what they should. Asked of those that do the work, once, before
    /// the measuring; all later answers must be the same.
    pub done: fn(&Seen) -> bool,
}

/// What both ends saw of an exchange.
#[derive(Debug)]
pub struct Seen {
    /// The request's bytes at the upstream.
    pub upstream: String,
    /// The answer at the client.
    pub answer: Answer,
}

impl Group {
    /// Its rows' names.
    pub fn rows(&self) -> impl Iterator<Item = (String, &'static Case)> {
        self.cases.iter().map(|case| (format!("{} {}", self.name, case.name), case))
    }
}

/// Whether a row is meant by `--only`: its name, or the first word of it. Nothing means all.
pub fn is_meant(row: &str, only: Option<&str>) -> bool {
    only.is_none_or(|only| row == only || row.strip_prefix(only).is_some_and(|rest| rest.starts_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_its_rows_and_no_others() {
        assert!(is_meant("waf get", Some("waf")));
        assert!(is_meant("waf get", Some("waf get")));
        assert!(is_meant("waf get", None));
        assert!(!is_meant("waf-crs get", Some("waf")));
        assert!(!is_meant("waf json", Some("waf get")));
    }

    #[test]
    fn rows_have_names_of_their_own_and_a_bare_proxy() {
        let names: Vec<String> = GROUPS.iter().flat_map(|group| group.rows().map(|(name, _)| name)).collect();
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        for group in GROUPS {
            let first = &group.contestants[0];
            assert!(matches!(first.proxy, Proxy::Filter(..)), "{}", group.name);
            let bare = &group.contestants[first.bare.unwrap()];
            assert!(matches!(bare.proxy, Proxy::Bare), "{}", group.name);
        }
    }
}
