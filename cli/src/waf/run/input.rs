//! The JSON that `portcullis waf run --json` reads.

use crate::waf::arguments::RuleArguments;
use crate::waf::crs;
use crate::waf::exchange::{Exchange, Fields, Response};
use crate::waf::sources::Sources;
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How texts of the JSON mean bytes, and bytes become texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum Encoding {
    /// UTF-8; what is none is replaced on the way out.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Each character is a byte.
    #[serde(rename = "latin1")]
    Latin1,
}

/// One case. Fields of ModSecurity's regression tests that say what is expected are passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    rules: Option<Lines>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    request: Message,
    response: Option<Message>,
    client: Option<End>,
    server: Option<End>,
    #[serde(default)]
    unique_id: Option<String>,
    #[serde(default)]
    pub(crate) encoding: Encoding,
    #[serde(flatten, deserialize_with = "known")]
    _passed_over: (),
}

const PASSED_OVER: [&str; 9] = [
    "title",
    "expected",
    "enabled",
    "version_min",
    "version_max",
    "resource",
    "github_issue",
    "url",
    "gihub_issue",
];

/// A text, or a list of lines.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

/// A request or a response.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Message {
    method: Option<String>,
    uri: Option<String>,
    status: Option<u16>,
    protocol: Option<String>,
    /// Of ModSecurity's tests: 1.1.
    #[serde(rename = "http_version")]
    version: Option<Value>,
    headers: Option<Value>,
    body: Option<Lines>,
}

/// An end of the connection.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum End {
    Text(String),
    Parts { ip: String, port: Option<Value> },
}

/// Reads a case.
pub(crate) fn read(bytes: &[u8]) -> Result<Case> {
    serde_json::from_slice(bytes).map_err(|error| anyhow!("standard input: {error}"))
}

/// `ip:port`; an address alone has port 0.
pub(crate) fn endpoint(text: &str) -> Result<(String, String)> {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Ok((text.to_owned(), "0".to_owned()));
    }
    let address: std::net::SocketAddr = text.parse().map_err(|_| anyhow!("`{text}` is not `ip:port`"))?;
    Ok((address.ip().to_string(), address.port().to_string()))
}

impl Case {
    /// The rules of the case, else those of the arguments.
    pub(crate) fn sources(&self, arguments: &RuleArguments) -> Result<Sources> {
        let mut sources = match &self.rules {
            None => arguments.sources()?,
            Some(rules) => {
                let mut sources = Sources::new(crs::locate(arguments.crs.as_deref())?);
                sources.add("rules", &rules.joined(), None)?;
                sources
            }
        };
        sources.data.extend(self.files.clone());
        Ok(sources)
    }

    /// The exchange.
    pub(crate) fn exchange(&self) -> Result<Exchange> {
        let request = &self.request;
        let text =
            |text: Option<&String>, default: &str| bytes(self.encoding, text.map_or(default, String::as_str));
        let response = self.response.as_ref().map(|response| {
            Ok::<_, anyhow::Error>(Response {
                status: response.status.unwrap_or(200),
                protocol: response.protocol()?.into_bytes(),
                headers: response.fields(self.encoding).context("response.headers")?,
                body: response.body(self.encoding)?,
            })
        });
        Ok(Exchange {
            method: text(request.method.as_ref(), "GET")?,
            uri: text(request.uri.as_ref(), "/")?,
            protocol: request.protocol()?.into_bytes(),
            headers: request.fields(self.encoding).context("request.headers")?,
            body: request.body(self.encoding)?,
            response: response.transpose()?,
            client: end(self.client.as_ref(), "50000")?,
            server: end(self.server.as_ref(), "80")?,
            unique_id: self.unique_id.clone().unwrap_or_else(|| "run".to_owned()),
        })
    }
}

impl Lines {
    fn joined(&self) -> String {
        match self {
            Lines::One(text) => text.clone(),
            Lines::Many(lines) => lines.join("\n"),
        }
    }
}

impl Message {
    fn protocol(&self) -> Result<String> {
        Ok(match (&self.protocol, &self.version) {
            (Some(protocol), _) => protocol.clone(),
            (None, Some(Value::Number(version))) => format!("HTTP/{version}"),
            (None, Some(Value::String(version))) => format!("HTTP/{version}"),
            (None, Some(_)) => bail!("`http_version` is not a number"),
            (None, None) => "HTTP/1.1".to_owned(),
        })
    }

    fn body(&self, encoding: Encoding) -> Result<Vec<u8>> {
        bytes(encoding, &self.body.as_ref().map(Lines::joined).unwrap_or_default())
    }

    fn fields(&self, encoding: Encoding) -> Result<Fields> {
        let mut fields = Vec::new();
        let mut push = |name: &str, value: &Value| -> Result<()> {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => bail!("the value of `{name}` is not a text"),
            };
            fields.push((bytes(encoding, name)?, bytes(encoding, value.trim())?));
            Ok(())
        };
        match &self.headers {
            None => {}
            Some(Value::Object(map)) => {
                for (name, value) in map {
                    match value {
                        Value::Array(values) => values.iter().try_for_each(|value| push(name, value))?,
                        value => push(name, value)?,
                    }
                }
            }
            Some(Value::Array(pairs)) => {
                for pair in pairs {
                    match pair.as_array().map(Vec::as_slice) {
                        Some([Value::String(name), value]) => push(name, value)?,
                        _ => bail!("`{pair}` is not [name, value]"),
                    }
                }
            }
            Some(_) => bail!("neither an object nor a list of [name, value]"),
        }
        Ok(fields)
    }
}

fn bytes(encoding: Encoding, text: &str) -> Result<Vec<u8>> {
    match encoding {
        Encoding::Utf8 => Ok(text.as_bytes().to_vec()),
        Encoding::Latin1 => {
            let byte =
                |c: char| u8::try_from(u32::from(c)).map_err(|_| anyhow!("`{c}` is no byte of latin1"));
            text.chars().map(byte).collect()
        }
    }
}

fn end(end: Option<&End>, port: &str) -> Result<(String, String)> {
    match end {
        None => Ok(("127.0.0.1".to_owned(), port.to_owned())),
        Some(End::Text(text)) => endpoint(text),
        Some(End::Parts { ip, port: given }) => {
            let given = match given {
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::String(text)) => text.clone(),
                _ => port.to_owned(),
            };
            Ok((ip.clone(), given))
        }
    }
}

/// What is neither a field nor among those that are passed over is an error.
fn known<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    let rest = Map::deserialize(deserializer)?;
    match rest.keys().find(|name| !PASSED_OVER.contains(&name.as_str())) {
        Some(name) => Err(serde::de::Error::custom(format!("unknown field `{name}`"))),
        None => Ok(()),
    }
}
