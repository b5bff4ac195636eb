//! What a policy decided, read as opa-envoy-plugin and Envoy's ext_authz read it together.

use portcullis_core::{Edit, EditError};
use regorus::Value;

/// A decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// The request goes on.
    Allow(Allowed),
    /// The client gets an answer.
    Deny(Denied),
}

/// What changes in a request that goes on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Allowed {
    /// `headers` and `request_headers_to_remove`.
    pub request_edits: Vec<Edit>,
    /// `response_headers_to_add`.
    pub response_edits: Vec<Edit>,
    /// `query_parameters_to_set`: name and value.
    pub query_set: Vec<(String, String)>,
    /// `query_parameters_to_remove`.
    pub query_remove: Vec<String>,
}

/// The answer to a request that does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Denied {
    /// `http_status`, else 403.
    pub status: u16,
    /// `headers`.
    pub headers: Vec<Edit>,
    /// `body`.
    pub body: Option<String>,
}

/// A result that is no decision: the request is denied as after an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDecision {
    /// The policy says nothing about this input.
    #[error("the decision is undefined")]
    Undefined,
    /// Neither a boolean nor an object.
    #[error("the decision is a {0}, not a boolean or an object")]
    Type(&'static str),
    /// An object without `allowed`.
    #[error("the decision has no `allowed`")]
    NotAllowed,
    /// A field has not the type that it must have.
    #[error("`{0}` of the decision is not {1}")]
    Field(&'static str, &'static str),
    /// A header that cannot be written.
    #[error("`{0}` of the decision holds a header that cannot be written")]
    Header(&'static str),
}

impl Decision {
    /// Reads a policy's result.
    pub fn read(result: &Value) -> Result<Decision, BadDecision> {
        match result {
            Value::Bool(true) => Ok(Decision::Allow(Allowed::default())),
            Value::Bool(false) => Ok(Decision::Deny(Denied { status: 403, headers: Vec::new(), body: None })),
            Value::Undefined => Err(BadDecision::Undefined),
            Value::Object(_) => match field(result, "allowed") {
                Some(Value::Bool(true)) => allowed(result).map(Decision::Allow),
                Some(Value::Bool(false)) => denied(result).map(Decision::Deny),
                Some(_) => Err(BadDecision::Field("allowed", "a boolean")),
                None => Err(BadDecision::NotAllowed),
            },
            other => Err(BadDecision::Type(type_name(other))),
        }
    }

    /// Whether the request goes on.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Decision::Allow(_))
    }
}

/// Envoy replaces request headers and removes after it has set; it appends to the response's headers.
fn allowed(decision: &Value) -> Result<Allowed, BadDecision> {
    let mut request_edits = edits(decision, "headers", Edit::set)?;
    for name in strings(decision, "request_headers_to_remove")? {
        // Envoy refuses to remove `:`-headers and `host`, and goes on.
        if !name.starts_with(':') && !name.eq_ignore_ascii_case("host") {
            request_edits
                .push(Edit::remove(&name).map_err(|_| BadDecision::Header("request_headers_to_remove"))?);
        }
    }
    Ok(Allowed {
        request_edits,
        response_edits: edits(decision, "response_headers_to_add", Edit::append)?,
        query_set: parameters(decision)?,
        query_remove: strings(decision, "query_parameters_to_remove")?,
    })
}

fn denied(decision: &Value) -> Result<Denied, BadDecision> {
    let body = match field(decision, "body") {
        None => None,
        Some(Value::String(body)) => Some(body.to_string()),
        Some(_) => return Err(BadDecision::Field("body", "a string")),
    };
    Ok(Denied { status: status(decision)?, headers: edits(decision, "headers", Edit::append)?, body })
}

/// Envoy answers only with a status that it knows; these are all final ones.
fn status(decision: &Value) -> Result<u16, BadDecision> {
    let Some(status) = field(decision, "http_status") else { return Ok(403) };
    let number = match status {
        Value::Number(_) => status.as_u16().ok(),
        _ => None,
    };
    number
        .filter(|status| (200..=599).contains(status))
        .ok_or(BadDecision::Field("http_status", "an HTTP status"))
}

/// An object of names and values, or a list of such objects; a value is a string or a list of strings.
fn edits(
    decision: &Value,
    name: &'static str,
    edit: fn(String, String) -> Result<Edit, EditError>,
) -> Result<Vec<Edit>, BadDecision> {
    let objects: Vec<&Value> = match field(decision, name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(objects)) => objects.iter().collect(),
        Some(one) => vec![one],
    };
    let mut all = Vec::new();
    for object in objects {
        for (header, value) in pairs(object).ok_or(BadDecision::Field(name, "an object of strings"))? {
            all.push(edit(header, value).map_err(|_| BadDecision::Header(name))?);
        }
    }
    Ok(all)
}

fn parameters(decision: &Value) -> Result<Vec<(String, String)>, BadDecision> {
    const NAME: &str = "query_parameters_to_set";
    match field(decision, NAME) {
        None => Ok(Vec::new()),
        Some(object) => pairs(object).ok_or(BadDecision::Field(NAME, "an object of strings")),
    }
}

fn pairs(object: &Value) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (name, value) in object.as_object().ok()?.iter_sorted() {
        let name = name.as_string().ok()?;
        match value {
            Value::Array(values) => {
                for value in values.iter() {
                    pairs.push((name.to_string(), value.as_string().ok()?.to_string()));
                }
            }
            value => pairs.push((name.to_string(), value.as_string().ok()?.to_string())),
        }
    }
    Some(pairs)
}

fn strings(decision: &Value, name: &'static str) -> Result<Vec<String>, BadDecision> {
    let bad = || BadDecision::Field(name, "a list of strings");
    let items: Vec<&Value> = match field(decision, name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Set(items)) => items.iter().collect(),
        Some(_) => return Err(bad()),
    };
    items.into_iter().map(|item| item.as_string().map(|text| text.to_string()).map_err(|_| bad())).collect()
}

fn field<'a>(decision: &'a Value, name: &str) -> Option<&'a Value> {
    decision.as_object().ok()?.get(&Value::from(name))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Set(_) => "set",
        Value::Object(_) => "object",
        Value::Undefined => "undefined value",
    }
}
