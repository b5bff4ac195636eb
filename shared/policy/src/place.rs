//! Where in a policy an error of the interpreter lies.

use std::fmt;

/// An error taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The policy's name; empty if not known.
    pub name: String,
    /// Line and column, counted from 1.
    pub at: Option<(u64, u64)>,
    /// What is wrong, in one line.
    pub message: String,
}

/// Takes apart a message of the form `--> name:line:column ... error: text`, which shows the source line in between.
pub(crate) fn location(error: &str) -> Place {
    let message = error.rsplit_once("error: ").map_or(error, |(_, message)| message).trim().to_owned();
    let place = error.lines().find_map(|line| line.strip_prefix("--> ")).and_then(|place| {
        let (rest, column) = place.rsplit_once(':')?;
        let (name, line) = rest.rsplit_once(':')?;
        Some((name.to_owned(), (line.parse().ok()?, column.trim().parse().ok()?)))
    });
    let (name, at) = place.map_or((String::new(), None), |(name, at)| (name, Some(at)));
    Place { name, at, message }
}

impl fmt::Display for Place {
    /// Without the message, which may hold values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.name),
            None => f.write_str("an unknown place"),
        }
    }
}
