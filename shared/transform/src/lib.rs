//! Transformation of requests and responses: headers set, appended and removed, bodies rendered from templates.
//!
//! [`Transform`] is the plugin. Beneath it a [`Transformation`] is a pure function of one message: it takes headers and
//! body as values and gives edits and a new body as values.
//!
//! ```
//! use portcullis_core::{Fuel, Headers};
//! use portcullis_transform::{Message, Transformation};
//!
//! let config = serde_json::from_str(r#"{"headers": {"set": {"x-user": "{{ header(\"x-id\") }}"}}, "body": "{{ a.b }}"}"#)?;
//! let transformation = Transformation::of_request(&config)?;
//! let headers = Headers::from_pairs([("x-id", "7")]);
//! let message = Message { body: br#"{"a": {"b": "c"}}"#, ..Message::of(&headers) };
//! let outcome = transformation.apply(&message, &Fuel::new(10_000))?;
//! assert_eq!(outcome.body.as_deref(), Some(&b"c"[..]));
//! assert_eq!(outcome.edits.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod entity;
mod extractor;
mod gloo;
mod plan;
mod plugin;
mod stream;
mod transformation;
mod wrap;

pub use config::{
    HeadersConfig, OnRenderError, OverLimit, ParseBody, SideConfig, Templates, TransformConfig,
};
pub use gloo::{
    GlooConfig, GlooExtraction, GlooHeader, GlooHeaderBody, GlooKey, GlooMode, GlooParse, GlooTemplate,
    GlooText, GlooTransformation,
};
pub use plugin::Transform;
pub use stream::TransformStream;
pub use transformation::{Message, Outcome, TransformError, Transformation};

#[cfg(test)]
mod tests;
