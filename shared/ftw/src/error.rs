//! Why cases or rules could not be read.

use portcullis_waf::ParseError;
use std::path::PathBuf;

/// Why cases or rules could not be read. The text of each is one line.
#[derive(Debug, thiserror::Error)]
pub enum FtwError {
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A file is no collection of cases.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong, with the line.
        message: String,
    },
    /// There is no case below the folder.
    #[error("{}: no `.yaml` or `.yml` file with tests in it", path.display())]
    NoCases {
        /// Which folder.
        path: PathBuf,
    },
    /// The folder holds no Core Rule Set.
    #[error("{}: no Core Rule Set: expected `crs-setup.conf.example` and `rules/`, or the Go module's `rules/@owasp_crs`", path.display())]
    NoRules {
        /// Which folder.
        path: PathBuf,
    },
    /// The rules do not load.
    #[error(transparent)]
    Rules(#[from] ParseError),
}
