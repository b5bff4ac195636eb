//! What the bytes of a query, a cookie or a body mean: content codings, percent-encoding, forms,
//! cookies, JSON, media types, multipart.
//!
//! Everything here reads a slice and borrows from it where it can. Nothing recurses over input, nothing panics, and
//! what could grow without end takes [`Limits`].

pub mod coding;
pub mod cookies;
pub mod form;
pub mod json;
mod limits;
pub mod media;
pub mod multipart;
pub mod percent;

pub use limits::Limits;
