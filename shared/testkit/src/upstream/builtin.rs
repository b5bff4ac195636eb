//! Answers that need no script.

use super::Recorded;
use crate::answer::Answer;
use serde_json::{Map, Value, json};
use std::time::Duration;

pub(super) fn answer(request: &Recorded) -> Answer {
    let grpc = request.fields.get("content-type").is_some_and(|value| value.starts_with(b"application/grpc"));
    if grpc {
        return Answer::grpc_echo();
    }
    let path = request.path().trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let number = rest.parse::<usize>().unwrap_or(0);
    match first {
        "status" => Answer::new(u16::try_from(number).unwrap_or(500).clamp(200, 599)),
        "bytes" => Answer::new(200).field("content-type", "text/plain").filler(number),
        "chunked" => Answer::new(200).field("content-type", "text/plain").filler(number).chunked(),
        "card" => Answer::json(&card()),
        "html" => Answer::ok("text/html; charset=utf-8", PAGE),
        "sse" => events(),
        "drip" => drip(),
        "ws" => Answer::upgrade(),
        _ => Answer::json(&echo(request)),
    }
}

const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><title>Upstream</title></head>\n\
                    <body><h1>Upstream</h1><p>A page of the upstream.</p></body></html>\n";

/// A customer with a number that card networks publish for tests.
fn card() -> Value {
    json!({
        "customer": "Ada Example",
        "email": "ada@example.com",
        "card": "4111 1111 1111 1111",
        "order": "1234 5678 9012 3456",
    })
}

fn events() -> Answer {
    let head = Answer::new(200).field("content-type", "text/event-stream").field("cache-control", "no-cache");
    (0..5)
        .fold(head, |answer, n| answer.piece_after(pause(n), format!("id: {n}\ndata: event {n}\n\n")))
        .chunked()
}

fn drip() -> Answer {
    let head = Answer::new(200).field("content-type", "text/plain");
    (0..10).fold(head, |answer, n| answer.piece_after(pause(n), format!("drop {n}\n"))).chunked()
}

fn pause(n: u64) -> Duration {
    Duration::from_millis(if n == 0 { 0 } else { 200 })
}

/// The request as JSON: a field that came once is a text, one that came often a list; bytes that are no UTF-8 are
/// replaced by U+FFFD.
fn echo(request: &Recorded) -> Value {
    let mut headers = Map::new();
    for (name, value) in &request.fields.0 {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let value = Value::from(String::from_utf8_lossy(value));
        match headers.get_mut(&name) {
            None => drop(headers.insert(name, value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    let mut echo = json!({ "method": request.method, "path": request.target, "headers": headers, "body": request.text() });
    if let Ok(parsed) = serde_json::from_slice::<Value>(&request.body) {
        echo["json"] = parsed;
    }
    echo
}
