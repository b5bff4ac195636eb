//! The rows: which filter with which settings, against whom, with which requests.

mod list;

pub use list::{GROUPS, WAF_CRS, WAF_CRS_PL4};

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
    /// A group whose name means this one too, because both are judged together.
    pub part_of: Option<&'static str>,
    /// What everybody who does the work must refuse with 403, or they sleep.
    pub refused: Option<fn() -> Request>,
    /// Whether the first requests after a start are measured one by one.
    pub first_requests: bool,
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
    pub sent: Sent,
    /// Whether the upstream saw, and the client got, what they should. Asked of those that do the work, once, before
    /// the measuring; all later answers must be the same.
    pub done: fn(&Seen) -> bool,
}

/// What the clients of a row send.
#[derive(Debug, Clone, Copy)]
pub enum Sent {
    /// The same request again and again.
    Same(fn() -> Request),
    /// A new one each time, by its number.
    Distinct(fn(u64) -> Request),
}

impl Sent {
    /// The request of this number.
    pub fn request(self, number: u64) -> Request {
        match self {
            Sent::Same(request) => request(),
            Sent::Distinct(request) => request(number),
        }
    }
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

    /// Whether a row of this group is meant by `--only`: its name, the group's, or that of the group that this one is
    /// part of. Nothing means all.
    pub fn is_meant(&self, row: &str, only: Option<&str>) -> bool {
        only.is_none_or(|only| row == only || self.name == only || self.part_of == Some(only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_its_rows_and_no_others() {
        let meant = |only| {
            let rows = |group: &'static Group| group.rows().filter(move |(row, _)| group.is_meant(row, only));
            GROUPS.iter().flat_map(rows).map(|(row, _)| row).collect::<Vec<_>>()
        };
        assert_eq!(meant(Some("waf")), ["waf get", "waf json"]);
        assert_eq!(meant(Some("waf get")), ["waf get"]);
        assert!(meant(Some("waf-crs")).contains(&"waf-crs-pl4 form".to_owned()));
        assert!(!meant(Some("waf-crs-pl4")).contains(&"waf-crs form".to_owned()));
        assert!(meant(None).len() > 20);
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
