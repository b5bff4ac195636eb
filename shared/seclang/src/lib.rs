//! SecLang text to a syntax tree with positions; no regular expressions and no meaning.
//!
//! Use it to read ModSecurity rules. What a directive, variable, operator or action *means* is the business of
//! `portcullis-waf`; here only its form is known.
//!
//! ```
//! use portcullis_seclang::{Body, parse};
//!
//! let document = parse("a.conf", r#"SecRule ARGS|!ARGS:id "@rx <script" "id:1,phase:2,deny,msg:'XSS, found'""#).unwrap();
//! let Body::Rule(rule) = &document.directives[0].body else { unreachable!() };
//! assert_eq!(rule.variables.len(), 2);
//! assert_eq!(rule.operator.name, "rx");
//! assert_eq!(rule.actions[3].value.as_ref().unwrap().text, "XSS, found");
//! ```

mod actions;
mod ast;
mod cursor;
mod lines;
mod operator;
mod parser;
mod position;
mod print;
mod variables;

pub use actions::parse_actions;
pub use ast::{
    Action, Argument, Body, Directive, Document, Operator, SecRule, Selector, Sign, Value, Variable,
};
pub use operator::parse_operator;
pub use parser::{Unread, directives, parse};
pub use position::{ParseError, Span};
pub use variables::parse_variables;
