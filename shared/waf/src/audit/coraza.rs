//! Coraza's form (`SecAuditLogFormat JSON` there).

use super::json::Json;
use super::record::{Record, listed};
use crate::report::reason;
use crate::ruleset::Engine;
use crate::transaction::{Match, Pair};

const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];

pub(super) fn write(record: &Record<'_>) -> String {
    let data = record.data;
    let time = &record.time;
    let stamp = format!(
        "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
        time.year, time.month, time.day, time.hour, time.minute, time.second
    );
    let highest = SEVERITIES.get(usize::from(data.highest_severity)).copied().unwrap_or_default();
    let mut json = Json::default();
    json.object(|json| {
        json.key(b"transaction").object(|json| {
            json.member("timestamp", stamp.as_bytes());
            json.number("unix_timestamp", i128::try_from(data.time.as_nanos()).unwrap_or_default());
            json.member("id", &data.unique_id);
            json.member("client_ip", &data.remote.0);
            json.number("client_port", Record::port(&data.remote.1));
            json.member("host_ip", &data.server.0);
            json.number("host_port", Record::port(&data.server.1));
            json.member("server_id", data.server_name());
            request(json, record);
            response(json, record);
            if record.parts.has(b'H') {
                producer(json, record);
            }
            json.member("highest_severity", highest.as_bytes());
            json.truth("is_interrupted", record.is_interrupted);
        });
        if (record.parts.has(b'H') || record.parts.has(b'K')) && !record.matches.is_empty() {
            json.key(b"messages").list(record.matches, message);
        }
    });
    json.finish()
}

fn request(json: &mut Json, record: &Record<'_>) {
    let data = record.data;
    json.key(b"request").object(|json| {
        json.member("method", &data.method);
        json.member("protocol", &data.protocol);
        json.member("uri", &record.shown(&data.uri_raw));
        json.member("http_version", record.http_version().as_bytes());
        let headers = if record.parts.has(b'B') { data.request_headers.as_slice() } else { &[] };
        listed(json.key(b"headers"), &record.fields(b"REQUEST_HEADERS", headers));
        json.member("body", &record.request_body().unwrap_or_default());
        let files: Vec<(&Pair, &[u8])> =
            if record.parts.has(b'J') { record.files().collect() } else { Vec::new() };
        json.key(b"files").list(files, |json, (file, size)| {
            json.object(|json| {
                json.member("name", &record.shown(&file.value));
                json.number("size", Record::port(size));
                json.member("mime", b"");
            });
        });
        let is_asked = record.parts.has(b'C') || record.parts.has(b'I');
        let arguments = [data.args_get.as_slice(), if is_asked { &data.args_post } else { &[] }].concat();
        listed(json.key(b"args"), &record.fields(b"ARGS", &arguments));
        json.number("length", data.request_body_length);
    });
}

fn response(json: &mut Json, record: &Record<'_>) {
    let data = record.data;
    json.key(b"response").object(|json| {
        json.member("protocol", &data.response_protocol);
        json.number("status", record.status);
        let headers = if record.parts.has(b'F') { data.response_headers.as_slice() } else { &[] };
        listed(json.key(b"headers"), &record.fields(b"RESPONSE_HEADERS", headers));
        json.member("body", &record.response_body().unwrap_or_default());
    });
}

fn producer(json: &mut Json, record: &Record<'_>) {
    let engine = match record.engine {
        Engine::On => "On",
        Engine::Off => "Off",
        Engine::DetectionOnly => "DetectionOnly",
    };
    json.key(b"producer").object(|json| {
        json.member("connector", b"portcullis");
        json.member("version", env!("CARGO_PKG_VERSION").as_bytes());
        json.member("server", b"envoy");
        json.member("rule_engine", engine.as_bytes());
        json.member("stopwatch", b"");
        json.key(b"rulesets").list(record.components, |json, component| json.bytes(component.as_bytes()));
    });
}

fn message(json: &mut Json, matched: &Match) {
    let mut why = String::new();
    reason(&mut why, matched);
    json.object(|json| {
        json.member("actionset", b"");
        json.member("message", &matched.msg);
        json.member("error_message", why.as_bytes());
        json.key(b"data").object(|json| {
            json.member("file", matched.file.as_bytes());
            json.number("line", matched.line);
            json.number("id", matched.id);
            json.member("rev", matched.rev.as_bytes());
            json.member("msg", &matched.msg);
            json.member("data", &matched.data);
            json.number("severity", matched.severity.unwrap_or_default());
            json.member("ver", matched.ver.as_bytes());
            json.number("maturity", matched.maturity);
            json.number("accuracy", matched.accuracy);
            json.key(b"tags").list(&matched.tags, |json, tag| json.bytes(tag.as_bytes()));
            json.member("raw", b"");
        });
    });
}
