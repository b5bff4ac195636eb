//! Finds routes that nothing can reach, because an earlier one takes all that they match.

use super::Matcher;
use super::config::{HeaderTest, HostTest, PathTest, Text};

/// A route's matcher as the lint sees it.
pub(crate) struct Lint<'a> {
    pub(crate) matcher: &'a Matcher,
    /// Whether it takes all that it matches; a weaker route leaves disguised paths to the others.
    pub(crate) covers: bool,
}

/// A line for each route that never matches. Says so only where it is certain.
pub(crate) fn unreachable(routes: &[Lint<'_>]) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let earlier =
            routes.iter().take(index).position(|other| other.covers && covers(other.matcher, route.matcher));
        if let Some(earlier) = earlier {
            lines.push(format!("routes[{index}]: never matches, routes[{earlier}] takes all of it"));
        }
    }
    lines
}

fn covers(a: &Matcher, b: &Matcher) -> bool {
    lists(&a.hosts, &b.hosts, host)
        && lists(&a.paths, &b.paths, path)
        && lists(&a.methods, &b.methods, |a, b| a == b)
        && a.headers.iter().all(|a| b.headers.iter().any(|b| header(a, b)))
        && (a.route_name.is_none() || a.route_name == b.route_name)
        && a.route_metadata.iter().all(|entry| b.route_metadata.contains(entry))
}

/// An empty list takes anything; otherwise each of the other's tests must lie within one of ours.
fn lists<T>(a: &[T], b: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    a.is_empty() || (!b.is_empty() && b.iter().all(|b| a.iter().any(|a| covers(a, b))))
}

fn host(a: &HostTest, b: &HostTest) -> bool {
    match (a, b) {
        (HostTest::Any, _) => true,
        (HostTest::Below(suffix), HostTest::Exact(name)) => {
            name.len() > suffix.len() && name.ends_with(suffix)
        }
        (HostTest::Below(suffix), HostTest::Below(other)) => other.ends_with(suffix),
        _ => a == b,
    }
}

fn path(a: &PathTest, b: &PathTest) -> bool {
    match (a, b) {
        (PathTest::Regex(a), PathTest::Regex(b)) => a.as_str() == b.as_str(),
        (_, PathTest::Regex(_)) => false,
        (PathTest::Exact(a), PathTest::Exact(b)) => a == b,
        (PathTest::Exact(_), PathTest::Prefix(_)) => false,
        (a, PathTest::Exact(text)) => a.matches(text.as_bytes()),
        (PathTest::Prefix(a), PathTest::Prefix(b)) => PathTest::Prefix(a.clone()).matches(b.as_bytes()),
        (PathTest::Regex(_), PathTest::Prefix(_)) => false,
    }
}

fn header(a: &HeaderTest, b: &HeaderTest) -> bool {
    let within = match (&a.test, &b.test) {
        (Text::Present, _) => true,
        (Text::Exact(a), Text::Exact(b)) => a == b,
        (Text::Prefix(a), Text::Exact(b) | Text::Prefix(b)) => b.starts_with(a),
        (Text::Regex(a), Text::Exact(b)) => a.is_match(b.as_bytes()),
        (Text::Regex(a), Text::Regex(b)) => a.as_str() == b.as_str(),
        _ => false,
    };
    a.name == b.name && within
}
