//! One transformation of one message: a pure function.

use crate::config::SideConfig;
use crate::extractor::Extractor;
use crate::gloo::{self, GlooTransformation};
use crate::plan::{self, Direction};
use crate::wrap::{self, Wrap};
use portcullis_core::{ConfigError, Edit, EditError, Fuel, HeaderName, Headers, OutOfFuel};
use portcullis_template::{
    BodyError, Metadata, NoMetadata, Object, Random, RenderCause, RenderError, Scope, Template, Text, Value,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A compiled transformation.
#[derive(Debug, Default)]
pub struct Transformation {
    pub(crate) parse: Parse,
    pub(crate) extractors: Vec<(String, Extractor)>,
    /// Where the extractors' results go.
    pub(crate) extractions: Extractions,
    pub(crate) remove: Vec<HeaderName>,
    pub(crate) set: Vec<Assignment>,
    pub(crate) append: Vec<Assignment>,
    pub(crate) order: Order,
    pub(crate) body: BodyWork,
    pub(crate) data_sources: BTreeMap<String, String>,
    pub(crate) environment: Rc<BTreeMap<String, String>>,
    /// The most bytes of a new body.
    pub(crate) max_output: usize,
}

/// A header and what makes its value.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) name: HeaderName,
    /// `None` makes empty text.
    pub(crate) template: Option<Template>,
}

/// How the body becomes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Parse {
    /// Not at all.
    #[default]
    Not,
    /// As JSON, if something reads the values.
    IfRead,
    /// As JSON in any case, if it is not empty.
    Always,
    /// As JSON; what is none gives null.
    Leniently,
}

/// Where the results of extractors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extractions {
    /// `extraction(name)` gives them.
    #[default]
    Apart,
    /// They become values of the body, at their dotted names.
    IntoData,
}

/// In which order headers are edited, and what an empty value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// Removed, set, appended; empty values are values.
    #[default]
    RemoveSetAppend,
    /// Set, removed, appended; an empty value sets or appends nothing, but what was there goes.
    Gloo,
}

/// What becomes of the body.
#[derive(Debug, Default)]
pub(crate) enum BodyWork {
    /// It stays.
    #[default]
    Keep,
    /// This takes its place.
    Render(Template),
    /// The values, with the extractors' results among them, as JSON.
    PrintData,
    /// The values with these among them, as JSON.
    Merge(Vec<Merge>),
    /// The message as one JSON document.
    Wrap(Wrap),
}

/// A value that is put among the body's.
#[derive(Debug)]
pub(crate) struct Merge {
    /// Its place: dots separate.
    pub(crate) name: String,
    pub(crate) template: Template,
    /// Whether an empty value is put there too.
    pub(crate) override_empty: bool,
}

/// A message to be transformed. [`Message::of`] gives one with headers alone; set the fields that there are.
pub struct Message<'a> {
    /// Its headers.
    pub headers: &'a Headers,
    /// Of a response: the request's. Of a request: its own.
    pub request_headers: &'a Headers,
    /// Its body; empty where there is none.
    pub body: &'a [u8],
    /// The proxy's metadata.
    pub metadata: &'a dyn Metadata,
    /// Randomness, drawn outside.
    pub random: Option<&'a Random>,
}

impl<'a> Message<'a> {
    /// A request without body.
    pub fn of(headers: &'a Headers) -> Message<'a> {
        Message { headers, request_headers: headers, body: b"", metadata: &NoMetadata, random: None }
    }
}

/// What a transformation does to a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Edits of its headers, in order.
    pub edits: Vec<Edit>,
    /// A body in place of its own.
    pub body: Option<Vec<u8>>,
}

/// Why a message could not be transformed. Says nothing of what stands in the message.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TransformError {
    /// A template failed.
    #[error("{what}: {error}")]
    Render {
        /// Which: `body`, or the header's name.
        what: String,
        /// Why.
        error: RenderError,
    },
    /// The body is not JSON.
    #[error("body: {0}")]
    Body(#[from] BodyError),
    /// A header's value, as rendered, cannot be written.
    #[error(transparent)]
    Header(#[from] EditError),
    /// A value cannot be put where its name leads.
    #[error("`{0}` does not lead to an object's member")]
    Place(String),
    /// The values cannot be printed as JSON.
    #[error("body: {0}")]
    Print(RenderCause),
    /// The fuel is used up.
    #[error(transparent)]
    Fuel(#[from] OutOfFuel),
}

impl TransformError {
    /// Whether the cause is that the fuel is used up.
    pub fn is_fuel(&self) -> bool {
        match self {
            TransformError::Fuel(_) => true,
            TransformError::Render { error, .. } => matches!(error.cause, RenderCause::Fuel(_)),
            TransformError::Print(cause) => matches!(cause, RenderCause::Fuel(_)),
            _ => false,
        }
    }
}

/// The most bytes of a header's value.
const MAX_VALUE: usize = 16 << 10;

impl Transformation {
    /// The whole of what a configuration in our own form does to requests.
    pub fn of_request(config: &SideConfig) -> Result<Transformation, ConfigError> {
        plan::compile(config, Direction::Request, "request").map(Transformation::unbounded)
    }

    /// The whole of what a configuration in our own form does to responses.
    pub fn of_response(config: &SideConfig) -> Result<Transformation, ConfigError> {
        plan::compile(config, Direction::Response, "response").map(Transformation::unbounded)
    }

    /// The whole of what a configuration in Gloo's form does to requests.
    pub fn of_gloo_request(config: &GlooTransformation) -> Result<Transformation, ConfigError> {
        gloo::compile(config, Direction::Request, "request").map(Transformation::unbounded)
    }

    /// The whole of what a configuration in Gloo's form does to responses.
    pub fn of_gloo_response(config: &GlooTransformation) -> Result<Transformation, ConfigError> {
        gloo::compile(config, Direction::Response, "response").map(Transformation::unbounded)
    }

    /// Without a host there is no limit of its buffer; fuel still bounds the output.
    fn unbounded(mut self) -> Transformation {
        self.max_output = usize::MAX;
        self
    }

    /// Whether it does nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        let headers = self.remove.is_empty() && self.set.is_empty() && self.append.is_empty();
        headers && !self.changes_body() && self.parse != Parse::Always
    }

    /// Whether the message gets another body.
    pub fn changes_body(&self) -> bool {
        !matches!(self.body, BodyWork::Keep)
    }

    /// Whether it must have the body, be it to change it or to look at it.
    pub fn reads_body(&self) -> bool {
        self.changes_body()
            || self.parse == Parse::Always
            || self.extractors.iter().any(|(_, extractor)| extractor.reads_body())
            || self.templates().any(Template::reads_body)
    }

    /// Transforms a message. Costs fuel for each byte and value that it looks at.
    pub fn apply(&self, message: &Message<'_>, fuel: &Fuel) -> Result<Outcome, TransformError> {
        let mut data = self.parse(message.body, fuel)?;
        let mut extractions = BTreeMap::new();
        for (name, extractor) in &self.extractors {
            let found = extractor.run(message.headers, message.body, fuel)?;
            match self.extractions {
                Extractions::Apart => drop(extractions.insert(name.clone(), Text::from(found))),
                Extractions::IntoData => put(&mut data, name, Value::text(found))?,
            }
        }
        let pass = Pass { transformation: self, message, extractions: &extractions, fuel };
        let (body, data) = pass.body(data)?;
        let mut edits = pass.headers(&data)?;
        match &self.body {
            BodyWork::Wrap(_) => edits.push(Edit::set("content-type", "application/json")?),
            _ if self.order == Order::Gloo && body.as_ref().is_some_and(Vec::is_empty) => {
                edits.push(Edit::remove("content-type")?);
            }
            _ => {}
        }
        Ok(Outcome { edits, body })
    }

    /// [`Transformation::apply`] for a message that has no body and cannot be given one.
    pub(crate) fn apply_to_headers(
        &self,
        message: &Message<'_>,
        fuel: &Fuel,
    ) -> Result<Outcome, TransformError> {
        if self.set.is_empty() && self.append.is_empty() && self.remove.is_empty() {
            return Ok(Outcome::default());
        }
        self.apply(message, fuel).map(|outcome| Outcome { body: None, ..outcome })
    }

    fn parse(&self, body: &[u8], fuel: &Fuel) -> Result<Value, TransformError> {
        let wanted = match self.parse {
            Parse::Not => false,
            Parse::IfRead => self.templates().any(Template::reads_data),
            Parse::Always | Parse::Leniently => true,
        };
        if !wanted || body.is_empty() {
            return Ok(Value::Null);
        }
        fuel.charge_call(body.len())?;
        match Value::from_json(body) {
            Err(_) if self.parse == Parse::Leniently => Ok(Value::Null),
            result => Ok(result?),
        }
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let headers =
            self.set.iter().chain(&self.append).filter_map(|assignment| assignment.template.as_ref());
        let (body, merged) = match &self.body {
            BodyWork::Render(template) => (Some(template), &[][..]),
            BodyWork::Merge(merged) => (None, merged.as_slice()),
            BodyWork::Keep | BodyWork::PrintData | BodyWork::Wrap(_) => (None, &[][..]),
        };
        headers.chain(body).chain(merged.iter().map(|merge| &merge.template))
    }
}

/// A transformation at work on a message.
struct Pass<'a> {
    transformation: &'a Transformation,
    message: &'a Message<'a>,
    extractions: &'a BTreeMap<String, Text>,
    fuel: &'a Fuel,
}

impl Pass<'_> {
    /// The new body, and the values as headers see them: with what was merged.
    fn body(&self, mut data: Value) -> Result<(Option<Vec<u8>>, Value), TransformError> {
        let body = match &self.transformation.body {
            BodyWork::Keep => None,
            BodyWork::Render(template) => {
                Some(self.render(template, "body", &data, self.transformation.max_output)?)
            }
            BodyWork::PrintData => Some(self.print(&data)?),
            BodyWork::Wrap(wrap) => Some(self.print(&wrap::document(*wrap, self.message))?),
            BodyWork::Merge(merges) => {
                for merge in merges {
                    self.merge(merge, &mut data)?;
                }
                Some(self.print(&data)?)
            }
        };
        Ok((body, data))
    }

    fn merge(&self, merge: &Merge, data: &mut Value) -> Result<(), TransformError> {
        let rendered = self.render(&merge.template, &merge.name, data, self.transformation.max_output)?;
        if rendered.is_empty() && !merge.override_empty {
            // The way there is made all the same.
            return put_parents(data, &merge.name);
        }
        let value = Value::from_json(&rendered).unwrap_or_else(|_| Value::text(&rendered));
        put(data, &merge.name, value)
    }

    fn print(&self, data: &Value) -> Result<Vec<u8>, TransformError> {
        data.to_json(self.fuel, self.transformation.max_output).map_err(TransformError::Print)
    }

    fn headers(&self, data: &Value) -> Result<Vec<Edit>, TransformError> {
        let Transformation { set, append, remove, order, .. } = self.transformation;
        let set = set.iter().map(|assignment| self.set(assignment, data)).collect::<Result<Vec<_>, _>>()?;
        let mut appended = Vec::new();
        for assignment in append {
            let value = self.value(assignment, data)?;
            if *order == Order::RemoveSetAppend || !value.is_empty() {
                appended.push(Edit::append(assignment.name.as_bytes(), value)?);
            }
        }
        let removed = remove.iter().map(|name| Edit::Remove { name: name.clone() });
        let mut edits = match order {
            Order::RemoveSetAppend => removed.chain(set).collect::<Vec<_>>(),
            Order::Gloo => set.into_iter().chain(removed).collect(),
        };
        edits.append(&mut appended);
        Ok(edits)
    }

    fn set(&self, assignment: &Assignment, data: &Value) -> Result<Edit, TransformError> {
        let value = self.value(assignment, data)?;
        if value.is_empty() && self.transformation.order == Order::Gloo {
            return Ok(Edit::remove(assignment.name.as_bytes())?);
        }
        Ok(Edit::set(assignment.name.as_bytes(), value)?)
    }

    fn value(&self, assignment: &Assignment, data: &Value) -> Result<Vec<u8>, TransformError> {
        let Some(template) = &assignment.template else { return Ok(Vec::new()) };
        let name = String::from_utf8_lossy(assignment.name.as_bytes());
        self.render(template, &name, data, MAX_VALUE)
    }

    fn render(
        &self,
        template: &Template,
        what: &str,
        data: &Value,
        max: usize,
    ) -> Result<Vec<u8>, TransformError> {
        let scope = Scope {
            data,
            body: self.message.body,
            headers: Some(self.message.headers),
            request_headers: Some(self.message.request_headers),
            extractions: Some(self.extractions),
            environment: Some(&self.transformation.environment),
            data_sources: Some(&self.transformation.data_sources),
            metadata: self.message.metadata,
            random: self.message.random,
        };
        template
            .render(&scope, self.fuel, max)
            .map_err(|error| TransformError::Render { what: what.to_owned(), error })
    }
}

/// Puts a value at a dotted name; objects are made on the way where there is nothing.
fn put(data: &mut Value, name: &str, value: Value) -> Result<(), TransformError> {
    let place =
        name.split('.').try_fold(data, member).ok_or_else(|| TransformError::Place(name.to_owned()))?;
    *place = value;
    Ok(())
}

fn put_parents(data: &mut Value, name: &str) -> Result<(), TransformError> {
    let Some((parents, _)) = name.rsplit_once('.') else { return Ok(()) };
    let place = parents.split('.').try_fold(data, member);
    place.map(drop).ok_or_else(|| TransformError::Place(name.to_owned()))
}

fn member<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    if matches!(value, Value::Null) {
        *value = Value::Object(Rc::new(Object::new()));
    }
    match value {
        Value::Object(object) => Some(Rc::make_mut(object).entry(Text::from(name.as_bytes())).or_default()),
        _ => None,
    }
}
