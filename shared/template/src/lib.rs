//! Templates in the inja dialect that Gloo's transformation filter runs: parsed once, rendered within bounds.
//!
//! Use it to make a header value or a body out of JSON, headers and a few functions. What a template may do is bounded:
//! a render takes [`portcullis_core::Fuel`], its output has a cap, and neither a template nor a value can nest deeper
//! than a fixed limit. Text is bytes: a header or a decoded body that is not UTF-8 passes through.
//!
//! ```
//! use portcullis_core::Fuel;
//! use portcullis_template::{Scope, Syntax, Template, Value};
//!
//! let template = Template::parse("{% for n in names %}{{ loop.index1 }}:{{ upper(n) }} {% endfor %}", Syntax::default())?;
//! let data = Value::from_json(br#"{"names": ["ada", "grace"]}"#)?;
//! let text = template.render(&Scope::of(&data), &Fuel::new(10_000), 1024)?;
//! assert_eq!(text, b"1:ADA 2:GRACE ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod compare;
mod cost;
mod error;
mod expression;
mod functions;
mod json;
mod jsonpath;
mod lexer;
mod number;
mod operators;
mod parser;
mod path;
mod print;
mod render;
mod scope;
mod template;
mod tree;
mod value;

pub use error::{ParseError, Position, RenderCause, RenderError};
pub use json::BodyError;
pub use jsonpath::{Query, QueryError};
pub use scope::{Metadata, MetadataKind, NoMetadata, Random, Scope};
pub use template::{Escaping, Notation, Syntax, Template};
pub use value::{Object, Text, Value};

#[cfg(test)]
mod tests;
