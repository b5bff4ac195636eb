//! An upstream that records what it was sent, to the byte, and answers by script.
//!
//! A request stands in the record as soon as its head has come, so that "the upstream never saw it" means also that
//! it saw no part of it. Bytes that are no request where one should begin are a [fault](Upstream::faults): somebody
//! in front has let the framing slip.

mod builtin;
mod http1;
#[cfg(feature = "net")]
mod http2;
mod record;

pub use record::Recorded;

use crate::answer::Answer;
use anyhow::{Context, Result, bail};
use record::State;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A running upstream; it ends when dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
}

impl Upstream {
    /// HTTP/1 on a free port of 127.0.0.1.
    pub fn start() -> Result<Upstream> {
        Upstream::start_at(0)
    }

    /// HTTP/1 on this port of 127.0.0.1.
    pub fn start_at(port: u16) -> Result<Upstream> {
        Upstream::listen(port, http1::serve_connections)
    }

    /// HTTP/2 without TLS (prior knowledge) on a free port of 127.0.0.1.
    #[cfg(feature = "net")]
    pub fn start_h2() -> Result<Upstream> {
        Upstream::listen(0, http2::serve_connections)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers requests for this path (the query does not count) so. Later scripts win over earlier ones, and any over the
    /// built-in paths: `/echo`, `/anything`, `/get`, `/status/N`, `/bytes/N`, `/chunked/N`, `/card`, `/html`, `/sse`,
    /// `/drip`, `/ws`.
    pub fn on(&self, path: &str, answer: Answer) {
        let path = path.to_owned();
        self.on_request(move |request| (request.path() == path).then(|| answer.clone()));
    }

    /// Answers those requests for which this gives an answer, when they have come whole.
    pub fn on_request(&self, script: impl Fn(&Recorded) -> Option<Answer> + Send + Sync + 'static) {
        self.state.scripts.lock().expect("scripts").push(Arc::new(script));
    }

    /// Answers requests for this path as soon as their head has come, before their body.
    pub fn on_head(&self, path: &str, answer: Answer) {
        self.state.early.lock().expect("early").push((path.to_owned(), answer));
    }

    /// Takes whatever may be a method, where Envoy lets more through than the usual ones. HTTP/1 alone knows them.
    pub fn any_method(self) -> Upstream {
        self.state.any_method.store(true, Ordering::Relaxed);
        self
    }

    /// Records nothing from now on: for load.
    pub fn forgetful(self) -> Upstream {
        self.state.forgetful.store(true, Ordering::Relaxed);
        self
    }

    /// All requests so far, in the order of their heads.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.records.lock().expect("records").clone()
    }

    /// The requests so far for this path (the query does not count).
    pub fn seen(&self, path: &str) -> Vec<Recorded> {
        let records = self.state.records.lock().expect("records");
        records.iter().filter(|request| request.path() == path).cloned().collect()
    }

    /// The requests for this path, as soon as there are `count` of them, whole.
    ///
    /// # Errors
    /// If they do not come within 5 s.
    pub fn wait(&self, path: &str, count: usize) -> Result<Vec<Recorded>> {
        let start = Instant::now();
        loop {
            let seen = self.seen(path);
            if seen.iter().filter(|request| request.complete).count() >= count {
                return Ok(seen);
            }
            if start.elapsed() > Duration::from_secs(5) {
                bail!("the upstream saw {} of {count} requests for {path}", seen.len());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The one request for this path, whole.
    ///
    /// # Errors
    /// If it does not come within 5 s, or there are more.
    pub fn only(&self, path: &str) -> Result<Recorded> {
        match self.wait(path, 1)?.as_slice() {
            [one] => Ok(one.clone()),
            more => bail!("the upstream saw {} requests for {path}", more.len()),
        }
    }

    /// How many requests have come, forgotten ones too.
    pub fn count(&self) -> usize {
        self.state.count.load(Ordering::Relaxed)
    }

    /// What came that was no request: each is a desync, or a client that is no proxy.
    pub fn faults(&self) -> Vec<String> {
        self.state.faults.lock().expect("faults").clone()
    }

    /// Forgets requests and faults.
    pub fn clear(&self) {
        self.state.records.lock().expect("records").clear();
        self.state.faults.lock().expect("faults").clear();
    }

    fn listen(port: u16, serve: fn(TcpListener, Arc<State>)) -> Result<Upstream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("bind the upstream")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        let served = state.clone();
        std::thread::Builder::new().name("upstream".into()).spawn(move || serve(listener, served))?;
        Ok(Upstream { address, state })
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        for stream in self.state.streams.lock().expect("streams").drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
