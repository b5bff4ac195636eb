//! Bounds for readers of structured bodies.

/// How much structure a body may have. A reader that meets more stops and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most containers (JSON objects and arrays) that stand within one another.
    pub depth: usize,
    /// The most values of one document (JSON values of any kind, containers counted).
    pub nodes: usize,
    /// The most parts of a multipart body.
    pub parts: usize,
    /// The most header lines of one part.
    pub part_headers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 64, nodes: 100_000, parts: 1_000, part_headers: 32 }
    }
}
