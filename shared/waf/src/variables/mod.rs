//! Variables: their names, what of them a rule selects, and their values in a transaction.

mod names;
mod selection;
mod values;

pub(crate) use names::{Variable, names};
pub(crate) use selection::{Key, Selection};
pub(crate) use values::Item;
