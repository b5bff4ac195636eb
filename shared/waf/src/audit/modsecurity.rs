//! ModSecurity v3's form (`SecAuditLogFormat JSON`).

use super::json::Json;
use super::record::{Record, joined};
use crate::report::reason;
use crate::ruleset::Engine;
use crate::time::Calendar;
use crate::transaction::Match;

pub(super) fn write(record: &Record<'_>) -> String {
    let data = record.data;
    let mut json = Json::default();
    json.object(|json| {
        json.key(b"transaction").object(|json| {
            json.member("client_ip", &data.remote.0);
            json.member("time_stamp", date(&record.time).as_bytes());
            json.member("server_id", data.server_name());
            json.number("client_port", Record::port(&data.remote.1));
            json.member("host_ip", &data.server.0);
            json.number("host_port", Record::port(&data.server.1));
            json.member("unique_id", &data.unique_id);
            json.truth("is_interrupted", record.is_interrupted);
            request(json, record);
            response(json, record);
            if record.parts.has(b'H') {
                producer(json, record);
            }
            if record.parts.has(b'H') || record.parts.has(b'K') {
                json.key(b"messages").list(record.matches, message);
            }
        });
    });
    json.finish()
}

fn request(json: &mut Json, record: &Record<'_>) {
    let data = record.data;
    json.key(b"request").object(|json| {
        json.member("method", &data.method);
        json.key(b"http_version").raw(record.http_version());
        json.member("hostname", data.server_name());
        json.member("uri", &record.shown(&data.uri_raw));
        if let Some(body) = record.request_body() {
            json.member("body", &body);
        }
        if record.parts.has(b'B') {
            joined(json.key(b"headers"), &record.fields(b"REQUEST_HEADERS", &data.request_headers));
        }
    });
}

fn response(json: &mut Json, record: &Record<'_>) {
    json.key(b"response").object(|json| {
        if let Some(body) = record.response_body() {
            json.member("body", &body);
        }
        json.number("http_code", record.status);
        if record.parts.has(b'F') {
            joined(json.key(b"headers"), &record.fields(b"RESPONSE_HEADERS", &record.data.response_headers));
        }
    });
}

fn producer(json: &mut Json, record: &Record<'_>) {
    let engine = match record.engine {
        Engine::On => "Enabled",
        Engine::Off => "Disabled",
        Engine::DetectionOnly => "DetectionOnly",
    };
    json.key(b"producer").object(|json| {
        json.member("modsecurity", concat!("Portcullis ", env!("CARGO_PKG_VERSION")).as_bytes());
        json.member("connector", b"Proxy-Wasm");
        json.member("secrules_engine", engine.as_bytes());
        json.key(b"components").list(record.components, |json, component| json.bytes(component.as_bytes()));
    });
}

fn message(json: &mut Json, matched: &Match) {
    let mut why = String::new();
    reason(&mut why, matched);
    json.object(|json| {
        json.member("message", &matched.msg);
        json.key(b"details").object(|json| {
            json.member("match", why.as_bytes());
            json.member("reference", b"");
            json.member("ruleId", matched.id.to_string().as_bytes());
            json.member("file", matched.file.as_bytes());
            json.member("lineNumber", matched.line.to_string().as_bytes());
            json.member("data", &matched.data);
            json.member("severity", matched.severity.unwrap_or_default().to_string().as_bytes());
            json.member("ver", matched.ver.as_bytes());
            json.member("rev", matched.rev.as_bytes());
            json.key(b"tags").list(&matched.tags, |json, tag| json.bytes(tag.as_bytes()));
            json.member("maturity", matched.maturity.to_string().as_bytes());
            json.member("accuracy", matched.accuracy.to_string().as_bytes());
        });
    });
}

/// As C's `asctime` writes it, in UTC: `Wed Sep 16 00:11:49 2026`.
fn date(time: &Calendar) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = |names: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    format!(
        "{} {} {:2} {:02}:{:02}:{:02} {}",
        name(&DAYS, time.weekday),
        name(&MONTHS, time.month.wrapping_sub(1)),
        time.day,
        time.hour,
        time.minute,
        time.second,
        time.year
    )
}
