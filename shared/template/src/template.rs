//! A template: parsed once, rendered often.

use crate::error::{ParseError, RenderError};
use crate::parser::Parser;
use crate::render;
use crate::scope::Scope;
use crate::tree::Block;
use crate::value::Text;
use portcullis_core::Fuel;

/// A parsed template.
#[derive(Debug)]
pub struct Template {
    pub(crate) source: Box<str>,
    pub(crate) root: Block,
    /// The first parts of all names in it.
    pub(crate) variables: Vec<Text>,
    pub(crate) syntax: Syntax,
    calls: Vec<&'static str>,
    reads_data: bool,
}

/// How a template is read and what it puts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Syntax {
    /// What separates the parts of names.
    pub notation: Notation,
    /// How text is put out.
    pub escaping: Escaping,
}

/// What separates the parts of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notation {
    /// Dots and slashes: `a.b` (Gloo without `advancedTemplates`).
    #[default]
    Dots,
    /// Slashes alone, RFC 6901 without the first slash: `a/b.c` (Gloo's `advancedTemplates`).
    Pointer,
}

/// How text is put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escaping {
    /// As it is.
    #[default]
    None,
    /// As it must stand between the quotes of a JSON string (Gloo's `escapeCharacters`).
    Json,
}

impl Template {
    /// Reads a template. What is wrong with it is found here, except for what depends on values.
    pub fn parse(source: &str, syntax: Syntax) -> Result<Template, ParseError> {
        let parsed = Parser::new(source, syntax).parse()?;
        Ok(Template {
            source: source.into(),
            root: parsed.root,
            variables: parsed.variables,
            syntax,
            calls: parsed.calls,
            reads_data: parsed.reads_data,
        })
    }

    /// Renders with these values, at most `max_output` bytes. Costs fuel for each step, value and byte.
    pub fn render(&self, scope: &Scope<'_>, fuel: &Fuel, max_output: usize) -> Result<Vec<u8>, RenderError> {
        render::render(self, scope, fuel, max_output)
    }

    /// Whether this function occurs in it.
    pub fn calls(&self, function: &str) -> bool {
        self.calls.contains(&function)
    }

    /// Whether it needs the body, as values or as bytes. A name counts as a value of the body unless the template has
    /// surely set it before.
    pub fn reads_body(&self) -> bool {
        self.reads_data() || self.calls("body")
    }

    /// Whether it needs the body as values.
    pub fn reads_data(&self) -> bool {
        self.reads_data || ["context", "exists", "jsonpath"].iter().any(|function| self.calls(function))
    }
}
