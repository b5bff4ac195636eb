//! The list. A filter's own issue adds its rows and its peers here.

use super::{Case, Contestant, Group, Seen, Sent};
use crate::load::{Answer, LARGE_CLEAN, LARGE_DENSE, gzip};
use crate::proxies::{Nginx, Proxy};
use portcullis_fuel::messages::{self, Request};
use portcullis_fuel::{settings, traffic};

/// All rows.
pub const GROUPS: &[Group] = &[
    Group {
        name: "empty",
        contestants: &[filter("passing filter", "probe", settings::EMPTY), NO_FILTER],
        cases: &[GET, JSON, LARGE],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: "waf",
        contestants: &[filter("waf", "waf", settings::WAF), NO_FILTER],
        cases: &[GET, JSON],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: WAF_CRS,
        contestants: &[
            filter("waf-crs", "waf-crs", settings::WAF_CRS),
            NO_FILTER,
            Contestant {
                name: "nginx modsecurity",
                proxy: Proxy::Nginx(Nginx::Crs { paranoia: 1 }),
                bare: Some(3),
            },
            Contestant { name: "nginx", proxy: Proxy::Nginx(Nginx::Bare), bare: None },
        ],
        cases: WAF_CASES,
        part_of: None,
        refused: Some(traffic::attack),
        first_requests: true,
    },
    Group {
        name: WAF_CRS_PL4,
        contestants: &[
            filter("waf-crs pl4", "waf-crs", settings::WAF_CRS_PL4),
            NO_FILTER,
            Contestant {
                name: "nginx modsecurity pl4",
                proxy: Proxy::Nginx(Nginx::Crs { paranoia: 4 }),
                bare: Some(3),
            },
            Contestant { name: "nginx", proxy: Proxy::Nginx(Nginx::Bare), bare: None },
        ],
        cases: WAF_CASES,
        part_of: Some(WAF_CRS),
        refused: Some(traffic::attack),
        first_requests: false,
    },
    Group {
        name: "transform",
        contestants: &[
            filter("transform", "transform", settings::TRANSFORM_HEADERS),
            NO_FILTER,
            Contestant { name: "envoy lua", proxy: Proxy::Lua(LUA_HEADERS), bare: Some(1) },
        ],
        cases: &[Case { name: "headers", sent: Sent::Same(messages::get), done: headers_edited }],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: "transform-body",
        contestants: &[filter("transform", "transform", settings::TRANSFORM), NO_FILTER],
        cases: &[Case {
            name: "json",
            sent: Sent::Same(messages::json_post),
            done: |seen| headers_edited(seen) && seen.upstream.contains(r#"{"who":"Ada","tier":"gold""#),
        }],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: "transform-response",
        contestants: &[filter("transform", "transform", settings::TRANSFORM_RESPONSE), NO_FILTER],
        cases: &[Case {
            name: "large",
            sent: Sent::Same(large),
            done: |seen| seen.answer.body.starts_with(br#"{"items":[{"id":0,"#),
        }],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: "authz",
        contestants: &[filter("authz", "authz", settings::AUTHZ), NO_FILTER],
        cases: &[GET, JSON],
        part_of: None,
        refused: None,
        first_requests: false,
    },
    Group {
        name: "dlp",
        contestants: &[filter("dlp", "dlp", settings::DLP), NO_FILTER],
        cases: &[
            GET,
            LARGE,
            Case {
                name: "dense",
                sent: Sent::Same(dense),
                done: |seen| text(seen).contains("paid with ************"),
            },
        ],
        part_of: None,
        refused: None,
        first_requests: false,
    },
];

/// OWASP CRS at paranoia level 1, blocking, bodies of both sides looked at.
pub const WAF_CRS: &str = "waf-crs";
/// The same at paranoia level 4, with thresholds that nothing reaches: there ordinary requests have false positives.
pub const WAF_CRS_PL4: &str = "waf-crs-pl4";

/// What a WAF is measured with.
const WAF_CASES: &[Case] = &[
    Case { name: "get", sent: Sent::Same(traffic::browse), done: small_untouched },
    Case { name: "json", sent: Sent::Same(traffic::order), done: small_untouched },
    Case { name: "form", sent: Sent::Same(traffic::text_form), done: small_untouched },
    Case {
        name: "page",
        sent: Sent::Same(traffic::browse_page),
        done: |seen| seen.answer.body == traffic::page().body,
    },
    Case {
        name: "gzip",
        sent: Sent::Same(traffic::browse_page_gzip),
        done: |seen| is_gzip_page(&seen.answer),
    },
    Case { name: "distinct-get", sent: Sent::Distinct(traffic::search), done: small_untouched },
    Case { name: "distinct-json", sent: Sent::Distinct(traffic::records), done: small_untouched },
    Case { name: "distinct-form", sent: Sent::Distinct(traffic::prose_form), done: small_untouched },
];

/// Envoy without any filter, as the second of a group.
const NO_FILTER: Contestant = Contestant { name: "no filter", proxy: Proxy::Bare, bare: None };

const GET: Case = Case { name: "get", sent: Sent::Same(messages::get), done: small_untouched };
const JSON: Case = Case { name: "json", sent: Sent::Same(messages::json_post), done: small_untouched };
const LARGE: Case = Case {
    name: "large",
    sent: Sent::Same(large),
    done: |seen| seen.answer.body == messages::large_clean().body,
};

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

fn is_gzip_page(answer: &Answer) -> bool {
    let head = String::from_utf8_lossy(&answer.head).to_ascii_lowercase();
    head.contains("\r\ncontent-encoding: gzip\r\n") && gzip::is_packed(&answer.body, &traffic::page().body)
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
