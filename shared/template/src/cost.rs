//! What a render costs: about a unit of fuel for each nanosecond of a slow machine, so that fuel bounds time.

/// A step through the template, and a value that an expression gives.
pub(crate) const STEP: u64 = 40;
/// A call of a function or operator, besides the bytes that it looks at.
pub(crate) const CALL: u64 = 100;
/// An element of a list or object that is looked at, compared or built.
pub(crate) const ELEMENT: u64 = 20;
