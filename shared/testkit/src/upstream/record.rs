//! What an upstream knows: the requests that came, the faults, the scripts.

use super::builtin;
use crate::answer::Answer;
use crate::h1::{Fields, Framing};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A request as the upstream received it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The request target, or `:path`.
    pub target: String,
    /// The header fields; on HTTP/2 `:authority` is among them.
    pub fields: Fields,
    /// The body without its coding, as far as it has come.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Fields,
    /// How the body was framed; on HTTP/2 by `content-length` if there is one, else chunked.
    pub framing: Framing,
    /// The bytes on the wire, head and body; HTTP/1 alone.
    pub raw: Vec<u8>,
    /// Which connection it came on, from 0.
    pub connection: usize,
    /// Whether it has come to its end.
    pub complete: bool,
    /// When its head had come.
    pub at: Instant,
}

impl Recorded {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first value of a header field as text.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.text(name)
    }

    /// The body as text, lossy.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(super) type Script = Arc<dyn Fn(&Recorded) -> Option<Answer> + Send + Sync>;

#[derive(Default)]
pub(super) struct State {
    pub(super) records: Mutex<Vec<Recorded>>,
    pub(super) faults: Mutex<Vec<String>>,
    pub(super) scripts: Mutex<Vec<Script>>,
    pub(super) early: Mutex<Vec<(String, Answer)>>,
    pub(super) streams: Mutex<Vec<TcpStream>>,
    pub(super) stopped: AtomicBool,
    pub(super) forgetful: AtomicBool,
    pub(super) any_method: AtomicBool,
    pub(super) count: AtomicUsize,
    pub(super) connections: AtomicUsize,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("count", &self.count).finish_non_exhaustive()
    }
}

impl State {
    /// Notes a request whose head has come; the ticket is for [`State::update`].
    pub(super) fn begin(&self, request: &Recorded) -> Ticket {
        self.count.fetch_add(1, Ordering::Relaxed);
        if self.forgetful.load(Ordering::Relaxed) {
            return Ticket(None);
        }
        let mut records = self.records.lock().expect("records");
        records.push(request.clone());
        Ticket(Some(request.at))
    }

    /// Renews what is known of a request.
    pub(super) fn update(&self, ticket: &Ticket, request: &Recorded) {
        let Some(at) = ticket.0 else { return };
        let mut records = self.records.lock().expect("records");
        let same = |known: &&mut Recorded| known.at == at && known.connection == request.connection;
        if let Some(known) = records.iter_mut().find(|known| same(known)) {
            known.clone_from(request);
        }
    }

    pub(super) fn fault(&self, fault: String) {
        if !self.stopped.load(Ordering::Relaxed) {
            self.faults.lock().expect("faults").push(fault);
        }
    }

    pub(super) fn early_answer(&self, request: &Recorded) -> Option<Answer> {
        let early = self.early.lock().expect("early");
        early.iter().rev().find(|(path, _)| path == request.path()).map(|(_, answer)| answer.clone())
    }

    pub(super) fn answer(&self, request: &Recorded) -> Answer {
        let scripts = self.scripts.lock().expect("scripts").clone();
        scripts.iter().rev().find_map(|script| script(request)).unwrap_or_else(|| builtin::answer(request))
    }

    pub(super) fn connection(&self) -> usize {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }
}

/// Says which record a request has, if it has one.
pub(super) struct Ticket(Option<Instant>);
