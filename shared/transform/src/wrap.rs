//! Gloo's `headerBodyTransform`: the whole message as one JSON document, as AWS Lambda wants it.

use crate::transformation::Message;
use portcullis_http::{form, percent};
use portcullis_template::{Text, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Whether the document tells of the request's line too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// Headers and body.
    Message,
    /// With method, path, query, and repeated headers; on requests.
    WithRequest,
}

/// The document. Of repeated names the last stands alone, and all stand together apart.
pub(crate) fn document(wrap: Wrap, message: &Message<'_>) -> Value {
    let mut members = Vec::new();
    if !message.body.is_empty() {
        members.push(("body", Value::text(message.body)));
    }
    let headers = Fields::gather(message.headers.iter());
    members.push(("headers", headers.last()));
    if wrap == Wrap::WithRequest && std::ptr::eq(message.headers, message.request_headers) {
        let (path, query) = message.headers.path_and_query();
        let parameters: Vec<_> = parameters(query.unwrap_or_default()).collect();
        let parameters = Fields::gather(parameters.iter().map(|(name, value)| (&**name, &**value)));
        members.extend([
            ("multiValueHeaders", headers.repeated()),
            ("queryString", Value::text(query.unwrap_or_default())),
            ("httpMethod", Value::text(message.headers.method())),
            ("path", Value::text(path)),
            ("queryStringParameters", parameters.last()),
            ("multiValueQueryStringParameters", parameters.repeated()),
        ]);
    }
    Value::object(members.into_iter().map(|(name, value)| (Text::from(name.as_bytes()), value)))
}

/// Names and values, percent-decoded; `+` is itself, as Gloo has it.
fn parameters(query: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    form::raw_pairs(query, b'&').map(|(name, value)| (percent::decode(name), percent::decode(value)))
}

/// Values by name.
#[derive(Default)]
struct Fields<'a>(BTreeMap<&'a [u8], Vec<&'a [u8]>>);

impl<'a> Fields<'a> {
    fn gather(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Fields<'a> {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.0.entry(name).or_default().push(value);
        }
        fields
    }

    fn last(&self) -> Value {
        let last = self.0.iter().filter_map(|(name, values)| Some((*name, values.last()?)));
        Value::object(last.map(|(name, value)| (Text::from(name), Value::text(value))))
    }

    fn repeated(&self) -> Value {
        let repeated = self.0.iter().filter(|(_, values)| values.len() > 1);
        Value::object(repeated.map(|(name, values)| {
            let values = values.iter().map(Value::text).collect();
            (Text::from(*name), Value::list(values))
        }))
    }
}
