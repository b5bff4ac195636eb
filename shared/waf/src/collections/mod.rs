//! Persistent collections (ModSecurity reference, "Persistent Storage"): variables that outlive a transaction.
//!
//! A transaction works on copies ([`Collections`]) and notes what it changes as [`Operation`]s. At the end of each
//! phase they are carried out on the shared record, again if another worker has written meanwhile: so no increment is
//! ever lost. Shared data has no delete: records live in a [`Table`] of a fixed number of slots.

mod config;
mod frame;
mod open;
mod operation;
mod record;
mod slot;
mod table;

use crate::stored::stored_enum;
pub use config::CollectionsConfig;
pub(crate) use open::Collections;
pub(crate) use operation::Operation;
pub use table::Table;
pub(crate) use table::{Archive, Counts, Forgetful};

/// The collections that outlive a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Persistent {
    Global,
    Ip,
    Resource,
    Session,
    User,
}

stored_enum!(Persistent { 0 => Global, 1 => Ip, 2 => Resource, 3 => Session, 4 => User });

impl Persistent {
    pub(crate) const ALL: [Persistent; 5] =
        [Persistent::Global, Persistent::Ip, Persistent::Resource, Persistent::Session, Persistent::User];

    /// By its name, in whatever case.
    pub(crate) fn find(name: &str) -> Option<Persistent> {
        Persistent::ALL.into_iter().find(|collection| collection.name().eq_ignore_ascii_case(name))
    }

    /// Lower case.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Persistent::Global => "global",
            Persistent::Ip => "ip",
            Persistent::Resource => "resource",
            Persistent::Session => "session",
            Persistent::User => "user",
        }
    }
}

#[cfg(test)]
mod tests;
