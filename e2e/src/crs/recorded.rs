//! A request as a filter in Envoy sees it: a few lines of Lua write it into Envoy's log.

use anyhow::{Context, Result};
use portcullis_core::{BodyState, Exchange, Headers, Level};
use serde_json::{Value, json};
use std::time::Duration;

const MARK: &str = "recorded request ";

/// Writes name and value of each header, the protocol and the body, in hexadecimal: `recorded request PROTOCOL N=V,N=V BODY`.
const LUA: &str = r#"
local function hex(text)
  return (string.gsub(text, ".", function(c) return string.format("%02x", string.byte(c)) end))
end
function envoy_on_request(handle)
  local headers = {}
  for name, value in pairs(handle:headers()) do
    table.insert(headers, hex(name) .. "=" .. hex(value))
  end
  local body = handle:body()
  local bytes = "-"
  if body ~= nil then bytes = "+" .. hex(body:getBytes(0, body:length())) end
  local protocol = handle:streamInfo():protocol()
  handle:logWarn("recorded request " .. protocol .. " " .. table.concat(headers, ",") .. " " .. bytes)
end
"#;

/// The filter.
pub(super) fn recorder_filter() -> Value {
    json!({ "name": "recorder", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": LUA },
    } })
}

/// A request as a filter sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub protocol: String,
    /// Pseudo-headers and headers, in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body; `None` where the request ended with its headers.
    pub body: Option<Vec<u8>>,
}

impl Recorded {
    /// The record in this part of the log, if a filter saw a request.
    pub(super) fn find(log: &str) -> Result<Option<Recorded>> {
        let Some((_, line)) = log.lines().find_map(|line| line.split_once(MARK)) else { return Ok(None) };
        let mut words = line.split(' ');
        let mut next = || words.next().with_context(|| format!("a broken record: {line}"));
        let (protocol, headers, body) = (next()?.to_owned(), next()?, next()?);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').context("a broken header")?;
            Ok((unhex(name)?, unhex(value)?))
        };
        let headers = headers.split(',').filter(|pair| !pair.is_empty()).map(pair).collect::<Result<_>>()?;
        let body = body.strip_prefix('+').map(unhex).transpose()?;
        Ok(Some(Recorded { protocol, headers, body }))
    }

    /// The same, as an engine is given it.
    pub fn exchange(&self) -> Exchange {
        let pairs = self.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        Exchange {
            request: Headers::from_pairs(pairs),
            request_body: BodyState { present: self.body.is_some(), ..BodyState::default() },
            time: Duration::from_secs(1_780_000_000),
            source: "127.0.0.1:40000".into(),
            destination: "127.0.0.1:80".into(),
            log_level: Some(Level::Warn),
            properties: vec![Some(self.protocol.clone().into_bytes())],
            ..Exchange::default()
        }
    }

    /// The first header of this name.
    pub fn header(&self, wanted: &str) -> &[u8] {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        found.map(|(_, value)| value.as_slice()).unwrap_or_default()
    }
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).context("no hexadecimal digit");
    let byte = |pair: &[u8]| Ok((digit(pair[0])? * 16 + digit(*pair.get(1).context("half a byte")?)?) as u8);
    text.as_bytes().chunks(2).map(byte).collect()
}
