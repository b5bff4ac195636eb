//! Functions that look at the message and at what surrounds it. What does not exist is empty text.

use super::{Arguments, Call, complain};
use crate::cost;
use crate::error::RenderCause;
use crate::jsonpath::Query;
use crate::path::{self, Dots};
use crate::print;
use crate::scope::MetadataKind;
use crate::value::{Text, Value};
use portcullis_core::Headers;
use std::collections::BTreeMap;

type Answer = Result<Value, RenderCause>;

/// The namespace that Gloo's functions read where none is named.
const NAMESPACE: &[u8] = b"io.solo.transformation";

/// Whether the data (not a variable that was set) has something under this name, whose dots separate.
pub(super) fn exists(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let name = std::str::from_utf8(arguments.text("exists", 0)?).map_err(|_| RenderCause::NotUtf8)?;
    let Some(path) = path::split(name, Dots::Separate) else {
        return complain("exists", "takes a name");
    };
    let is_object = matches!(call.scope.data, Value::Object(_));
    Ok(Value::Bool(is_object && path::find(call.scope.data, &path).is_some()))
}

/// The body's bytes.
pub(super) fn body(call: &Call<'_>, _: Arguments<'_>) -> Answer {
    call.fuel.charge(call.scope.body.len() as u64)?;
    Ok(Value::text(call.scope.body))
}

/// All the data.
pub(super) fn context(call: &Call<'_>, _: Arguments<'_>) -> Answer {
    Ok(call.scope.data.clone())
}

/// What an RFC 9535 query selects in the data, or in a value that stands before it: a list; of a singular query the
/// value itself, or null.
pub(super) fn jsonpath(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let (root, query) = match arguments.0 {
        [root, _] => (root, arguments.text("jsonpath", 1)?),
        _ => (call.scope.data, arguments.text("jsonpath", 0)?),
    };
    call.fuel.charge((query.len() as u64).saturating_mul(cost::ELEMENT))?;
    let text = std::str::from_utf8(query).map_err(|_| RenderCause::NotUtf8)?;
    let Ok(query) = Query::parse(text) else {
        return complain("jsonpath", "takes a query of RFC 9535");
    };
    let mut found = query.select(root, call.fuel)?.into_iter().cloned();
    Ok(match query.is_singular() {
        true => found.next().unwrap_or_default(),
        false => Value::list(found.collect()),
    })
}

/// The first field of this name, in any case, of the message.
pub(super) fn header(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    first_field(call, call.scope.headers, arguments.text("header", 0)?)
}

/// The same of the request, on a response.
pub(super) fn request_header(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    first_field(call, call.scope.request_headers, arguments.text("request_header", 0)?)
}

fn first_field(call: &Call<'_>, headers: Option<&Headers>, name: &[u8]) -> Answer {
    let name = name.to_ascii_lowercase();
    let value = headers
        .and_then(|headers| headers.iter().find(|(field, _)| *field == name))
        .map(|(_, value)| value)
        .unwrap_or_default();
    call.fuel.charge(value.len() as u64)?;
    Ok(Value::text(value))
}

/// What an extractor of this name has found.
pub(super) fn extraction(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let found = named(call.scope.extractions, arguments.text("extraction", 0)?);
    Ok(found.map_or_else(|| Value::text(""), |text| Value::Text(Text::clone(text))))
}

/// A variable of the environment.
pub(super) fn env(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let found = named(call.scope.environment, arguments.text("env", 0)?);
    Ok(Value::text(found.map(String::as_str).unwrap_or_default()))
}

/// A text of the configuration.
pub(super) fn data_source(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let found = named(call.scope.data_sources, arguments.text("data_source", 0)?);
    Ok(Value::text(found.map(String::as_str).unwrap_or_default()))
}

fn named<'a, V>(map: Option<&'a BTreeMap<String, V>>, name: &[u8]) -> Option<&'a V> {
    map?.get(std::str::from_utf8(name).ok()?)
}

pub(super) fn cluster_metadata(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    metadata(call, MetadataKind::Cluster, "cluster_metadata", arguments)
}

pub(super) fn dynamic_metadata(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    metadata(call, MetadataKind::Dynamic, "dynamic_metadata", arguments)
}

pub(super) fn host_metadata(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    metadata(call, MetadataKind::Host, "host_metadata", arguments)
}

/// The older function: elements of a list stand with commas between them, and objects are empty text.
pub(super) fn cluster_metadata_joined(call: &Call<'_>, arguments: Arguments<'_>) -> Answer {
    let key = arguments.text("clusterMetadata", 0)?;
    match call.scope.metadata.get(MetadataKind::Cluster, NAMESPACE, &[key]) {
        Some(Value::List(list)) => {
            let mut out = Vec::new();
            for (index, element) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                match element {
                    Value::Text(text) => out.extend_from_slice(text),
                    Value::Null | Value::List(_) | Value::Object(_) => {}
                    scalar => print::json(scalar, call.fuel, &mut out)?,
                }
            }
            Ok(Value::text(out))
        }
        Some(Value::Object(_)) => Ok(Value::text("")),
        value => shown(call, value),
    }
}

/// The key's parts stand with colons between them; a second argument names the namespace.
fn metadata(call: &Call<'_>, kind: MetadataKind, name: &'static str, arguments: Arguments<'_>) -> Answer {
    let key = arguments.text(name, 0)?;
    let namespace = if arguments.0.len() > 1 { arguments.text(name, 1)? } else { NAMESPACE };
    let path: Vec<&[u8]> = key.split(|&byte| byte == b':').collect();
    shown(call, call.scope.metadata.get(kind, namespace, &path))
}

/// Text and numbers are themselves; all else is text.
fn shown(call: &Call<'_>, value: Option<Value>) -> Answer {
    match value {
        None | Some(Value::Null) => Ok(Value::text("")),
        Some(value @ (Value::Text(_) | Value::Integer(_) | Value::Unsigned(_) | Value::Float(_))) => {
            Ok(value)
        }
        Some(value) => {
            let mut out = Vec::new();
            print::json(&value, call.fuel, &mut out)?;
            Ok(Value::text(out))
        }
    }
}
