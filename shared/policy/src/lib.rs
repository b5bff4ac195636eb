//! Authorization by Rego policies, on the input document and with the decisions of opa-envoy-plugin.
//!
//! [`Authz`] is the filter's plugin. Behind it stand a [`PolicySet`] (policies, data and entry point, compiled), an
//! [`Input`] (which parts of a request become the input document) and a [`Decision`] (what a result means).

mod authz;
mod body;
mod builtins;
mod config;
mod decision;
mod entry;
mod input;
mod json;
mod meter;
mod nesting;
mod object;
mod parts;
mod place;
mod query;
mod recursion;
mod set;
mod syntax;
mod text;
mod url;

pub use authz::{Authz, AuthzStream};
pub use body::{BadBody, HeldBody};
pub use builtins::known as builtins;
pub use config::{AuthzConfig, DataConfig, RegoVersion};
pub use decision::{Allowed, BadDecision, Decision, Denied};
pub use input::{BadInput, Input};
pub use meter::Meter;
pub use parts::Parts;
pub use set::{EvalError, PolicySet};
