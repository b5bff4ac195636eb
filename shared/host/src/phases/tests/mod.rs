//! The driver against a small proxy: the probe's engine, messages in, what each peer saw out.

mod bodies;
mod calls;
mod ends;
mod failures;
mod properties;

use crate::envelope;
use crate::phases::active::Active;
use crate::phases::driver::Driver;
use crate::phases::fake::{Fake, Message, Seen, Sim};
use portcullis_core::CallResult;
use portcullis_probe::Probe;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

/// A stream whose probe has these settings, under these other keys of the envelope (`"onError": "allow",` and such).
pub(super) fn sim(envelope_keys: &str, settings: &str) -> Sim<Probe> {
    let (active, _) = active(envelope_keys, settings);
    let holds = active.loaded.hold_headers;
    Sim {
        fake: Fake::default(),
        driver: Driver::new(active, 1),
        holds,
        halted: false,
        answers: Vec::new(),
        upstream: Seen::default(),
        client: Seen::default(),
    }
}

/// The configuration at work, and the ids of its metrics by name.
pub(super) fn active(envelope_keys: &str, settings: &str) -> (Rc<Active<Probe>>, HashMap<String, u32>) {
    let json = format!("{{\"version\": 1, {envelope_keys} \"default\": {settings}}}");
    let loaded = envelope::load::<Probe>(json.as_bytes(), BTreeMap::new(), Duration::ZERO).unwrap();
    let names = RefCell::new(HashMap::new());
    let active = Active::new(loaded, "test".into(), |name, _| {
        let id = names.borrow().len() as u32;
        names.borrow_mut().insert(name.to_owned(), id);
        id
    });
    (Rc::new(active), names.into_inner())
}

/// The value of a metric of a stream's filter.
pub(super) fn metric(sim: &Sim<Probe>, envelope_keys: &str, settings: &str, name: &str) -> i64 {
    let (_, names) = active(envelope_keys, settings);
    let id = names[&format!("portcullis_probe_{name}")];
    sim.fake.counts.borrow().get(&id).copied().unwrap_or(0)
}

pub(super) fn post(chunks: &[&str]) -> Message {
    let length: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let headers =
        [(":method", "POST"), (":path", "/p"), (":authority", "a")].map(|(n, v)| (n.into(), v.into()));
    let mut headers = headers.to_vec();
    headers.push(("content-length".to_owned(), length.to_string()));
    Message { headers, chunks: chunks.iter().map(|c| c.as_bytes().to_vec()).collect(), ..Message::default() }
}

pub(super) fn get(path: &str) -> Message {
    let headers =
        [(":method", "GET"), (":path", path), (":authority", "a")].map(|(n, v)| (n.into(), v.into()));
    Message { headers: headers.to_vec(), ..Message::default() }
}

pub(super) fn answer(status: &str, chunks: &[&str]) -> Message {
    let mut message = post(chunks);
    message.headers.drain(..3);
    message.headers.insert(0, (":status".into(), status.into()));
    message
}

pub(super) fn with(mut message: Message, name: &str, value: &str) -> Message {
    message.headers.push((name.to_owned(), value.to_owned()));
    message
}

pub(super) fn trailers(mut message: Message, pairs: &[(&str, &str)]) -> Message {
    message.trailers = Some(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect());
    message
}

/// The phases as the engine saw them.
pub(super) fn phases(sim: &mut Sim<Probe>) -> String {
    sim.driver.log(&sim.fake);
    let state = sim.fake.state.borrow();
    String::from_utf8(state.get("portcullis.probe.phases").cloned().unwrap_or_default()).unwrap()
}

/// What the filter state says was done.
pub(super) fn action(sim: &Sim<Probe>) -> Option<String> {
    sim.fake.state.borrow().get("portcullis.probe.action").map(|value| text(value))
}

pub(super) fn reply_status(sim: &Sim<Probe>) -> Option<u16> {
    sim.fake.replied.borrow().as_ref().map(|reply| reply.status)
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn ok_answer(status: &str) -> CallResult {
    CallResult::Answer {
        headers: portcullis_core::Headers::from_pairs([(":status", status)]),
        body: Vec::new(),
    }
}

pub(super) const HOLD: &str = r#""holdHeaders": true, "hostBufferLimit": 65536,"#;
pub(super) const FREE: &str = r#""hostBufferLimit": 65536,"#;
