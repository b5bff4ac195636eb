//! The list. A filter's own issue adds its rows and its peers here.

use super::{Case, Contestant, Group, Seen};
use crate::load::{LARGE_CLEAN, LARGE_DENSE};
use crate::proxies::{Nginx, Proxy};
use portcullis_fuel::messages::{self, Request};
use portcullis_fuel::settings;

/// All rows.
pub const GROUPS: &[Group] = &[
    Group {
        name: "empty",
        contestants: &[filter("passing filter", "probe", settings::EMPTY), NO_FILTER],
        cases: &[GET, JSON, LARGE],
    },
    Group {
        name: "waf",
        contestants: &[filter("waf", "waf", settings::WAF), NO_FILTER],
        cases: &[GET, JSON],
    },
    Group {
        name: "waf-crs",
        contestants: &[
            filter("waf-crs", "waf-crs", settings::WAF_CRS),
            NO_FILTER,
            Contestant { name: "nginx modsecurity", proxy: Proxy::Nginx(Nginx::Crs), bare: Some(3) },
            Contestant { name: "nginx", proxy: Proxy::Nginx(Nginx::Bare), bare: None },
        ],
        cases: &[GET, JSON],
    },
    Group {
        name: "transform",
        contestants: &[
            filter("transform", "transform", settings::TRANSFORM_HEADERS),
            NO_FILTER,
            Contestant { name: "envoy lua", proxy: Proxy::Lua(LUA_HEADERS), bare: Some(1) },
        ],
        cases: &[Case { name: "headers", request: messages::get, done: headers_edited }],
    },
    Group {
        name: "transform-body",
        contestants: &[filter("transform", "transform", settings::TRANSFORM), NO_FILTER],
        cases: &[Case {
            name: "json",
            request: messages::json_post,
            done: |seen| headers_edited(seen) && seen.upstream.contains(r#"{"who":"Ada","tier":"gold""#),
        }],
    },
    Group {
        name: "transform-response",
        contestants: &[filter("transform", "transform", settings::TRANSFORM_RESPONSE), NO_FILTER],
        cases: &[Case {
            name: "large",
            request: large,
            done: |seen| seen.answer.body.starts_with(br#"{"items":[{"id":0,"#),
        }],
    },
    Group {
        name: "authz",
        contestants: &[filter("authz", "authz", settings::AUTHZ), NO_FILTER],
        cases: &[GET, JSON],
    },
    Group {
        name: "dlp",
        contestants: &[filter("dlp", "dlp", settings::DLP), NO_FILTER],
        cases: &[
            GET,
            LARGE,
            Case {
                name: "dense",
                request: dense,
                done: |seen| text(seen).contains("paid with ************"),
            },
        ],
    },
];

/// Envoy without any filter, as the second of a group.
const NO_FILTER: Contestant = Contestant { name: "no filter", proxy: Proxy::Bare, bare: None };

const GET: Case = Case { name: "get", request: messages::get, done: small_untouched };
const JSON: Case = Case { name: "json", request: messages::json_post, done: small_untouched };
const LARGE: Case =
    Case { name: "large", request: large, done: |seen| seen.answer.body == messages::large_clean().body };

/// What the settings of `transform` do, in Envoy's Lua.
const LUA_HEADERS: &str = r#"
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace("x-tenant-name", "tenant-" .. (headers:get("x-tenant") or ""))
  headers:replace("x-edge", "portcullis")
  headers:add("x-trace", "edge")
  headers:remove("dnt")
  headers:remove("cache-control")
end
function envoy_on_response(handle)
  handle:headers():replace("x-served-by", "edge")
end
"#;

/// One of our filters, as the first of a group.
const fn filter(name: &'static str, module: &'static str, settings: &'static str) -> Contestant {
    Contestant { name, proxy: Proxy::Filter(module, settings), bare: Some(1) }
}

fn large() -> Request {
    at(LARGE_CLEAN)
}

fn dense() -> Request {
    at(LARGE_DENSE)
}

/// The GET with another path, and its query.
fn at(path: &str) -> Request {
    let get = messages::get();
    let query = get.path.split_once('?').map_or("", |(_, query)| query);
    Request { path: format!("{path}?{query}"), ..get.clone() }
}

fn small_untouched(seen: &Seen) -> bool {
    seen.answer.body == messages::small().body
}

fn headers_edited(seen: &Seen) -> bool {
    let request = seen.upstream.to_ascii_lowercase();
    let response = String::from_utf8_lossy(&seen.answer.head).to_ascii_lowercase();
    let has = |line: &str| request.contains(&format!("\r\n{line}\r\n"));
    has("x-tenant-name: tenant-blue")
        && has("x-edge: portcullis")
        && has("x-trace: edge")
        && !request.contains("\r\ndnt:")
        && !request.contains("\r\ncache-control:")
        && response.contains("\r\nx-served-by: edge\r\n")
}

fn text(seen: &Seen) -> String {
    String::from_utf8_lossy(&seen.answer.body).into_owned()
}
