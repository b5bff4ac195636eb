//! Requests as bytes, many at a time, and what the client and the log show of each.

use anyhow::Result;
use portcullis_testkit::raw::Client;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Connections at a time. Envoy has one worker; more would only wait.
const CONNECTIONS: usize = 8;
/// How long an answer may take: a request whose body never comes whole gets none.
const PATIENCE: Duration = Duration::from_secs(6);

/// A request to be sent over a connection of its own.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its name in the log: it goes with the request as `x-request-id`.
    pub id: String,
    /// The bytes as go-ftw would send them, without that header.
    pub wire: Vec<u8>,
}

/// What came of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The answer's status; `None` where no answer came that is HTTP.
    pub status: Option<u16>,
    /// The answer, its head written anew.
    pub response: Vec<u8>,
    /// The lines of the log about it, in order.
    pub log: Vec<String>,
}

impl Task {
    /// The bytes with the name, behind the request line.
    fn bytes(&self) -> Vec<u8> {
        let Some(at) = self.wire.iter().position(|&byte| byte == b'\n') else { return self.wire.clone() };
        let (line, rest) = self.wire.split_at(at + 1);
        [line, format!("x-request-id: {}\r\n", self.id).as_bytes(), rest].concat()
    }

    fn method(&self) -> String {
        let word = self.wire.split(|&byte| byte == b' ').next().unwrap_or_default();
        String::from_utf8_lossy(word).into_owned()
    }
}

/// Sends all, several at a time; the answers by the tasks' names, without the log.
pub fn send(address: SocketAddr, tasks: &[Task]) -> BTreeMap<String, Seen> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = exchange(address, task).unwrap_or_default();
                    answers.lock().expect("answers").insert(task.id.clone(), seen);
                }
            });
        }
    });
    answers.into_inner().expect("answers")
}

fn exchange(address: SocketAddr, task: &Task) -> Result<Seen> {
    let mut client = Client::connect(address)?.patience(PATIENCE)?;
    // Envoy may have answered and closed before all was sent.
    let _ = client.send(&task.bytes());
    let response = client.response(&task.method())?;
    let mut text = format!("HTTP/1.1 {}\r\n", response.status).into_bytes();
    response.fields.write(&mut text);
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(&response.body);
    Ok(Seen { status: Some(response.status), response: text, log: Vec::new() })
}

/// The lines of Envoy's log by the names of the requests that they are about.
pub(super) fn lines_by_id(log: &str) -> BTreeMap<&str, Vec<String>> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in log.lines() {
        let id = line.split_once("[unique_id \"").and_then(|(_, rest)| rest.split_once('"'));
        if let Some((id, _)) = id {
            lines.entry(id).or_default().push(line.to_owned());
        }
    }
    lines
}
