//! Patterns over bytes: sets of bytes, many literals at once, regexes that are compiled when first used, and what a
//! regex can match (how long, beginning with what) without running it.
//!
//! For engines that look at bodies: nothing here assumes UTF-8, and every search is linear in its input.

mod byte_set;
pub mod conditions;
mod lazy_regex;
mod literals;
pub mod scanner;
mod shape;

pub use byte_set::ByteSet;
pub use conditions::Conditions;
pub use lazy_regex::{LazyRegex, RegexOptions};
pub use literals::{Case, Literals};
pub use scanner::Scanner;
pub use shape::Shape;

/// Why a pattern is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no regex.
    #[error("`{pattern}` is no regex: {cause}")]
    Syntax {
        /// The pattern.
        pattern: String,
        /// What the parser says, in one line.
        cause: String,
    },
    /// The compiled regex would be larger than [`RegexOptions::size_limit`].
    #[error("`{pattern}` is too large once compiled, the limit is {limit} bytes")]
    TooLarge {
        /// The pattern.
        pattern: String,
        /// Bytes.
        limit: usize,
    },
    /// Even its shortest match is longer than it may be.
    #[error("the shortest match of `{pattern}` has {shortest} bytes, more than {longest}")]
    TooLong {
        /// The pattern.
        pattern: String,
        /// Bytes.
        shortest: usize,
        /// Bytes.
        longest: usize,
    },
    /// The literals are too many or too long for one automaton.
    #[error("the literals make too large an automaton")]
    Automaton,
}
