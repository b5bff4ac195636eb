//! The load: so many connections, each sending its next request when the last is answered.

use super::reader::Reader;
use crate::rows::Sent;
use anyhow::{Context, Result, bail};
use portcullis_fuel::messages::Request;
use std::borrow::Cow;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A proxy, and the requests for it.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    wires: Wires,
}

#[derive(Debug)]
enum Wires {
    Same(Vec<u8>),
    /// The next one's number.
    Distinct(fn(u64) -> Request, AtomicU64),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Status line and fields.
    pub head: Vec<u8>,
    /// Its body, without framing.
    pub body: Vec<u8>,
}

/// How much load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections, each a thread.
    pub connections: usize,
    /// Requests of all connections together.
    pub requests: usize,
    /// After this, what is not answered yet is a failure.
    pub patience: Duration,
}

/// What a load measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// From the request's first byte to the answer's last, one for each request.
    pub latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub wall: Duration,
}

/// A connection that is kept.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    reader: Reader<TcpStream>,
}

impl Target {
    /// These requests, to 127.0.0.1 at this port.
    pub fn new(port: u16, sent: Sent) -> Target {
        let wires = match sent {
            Sent::Same(request) => Wires::Same(wire(&request())),
            Sent::Distinct(request) => Wires::Distinct(request, AtomicU64::new(0)),
        };
        Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), wires }
    }

    /// One request on a connection of its own.
    pub fn once(&self) -> Result<Answer> {
        self.connect(Duration::from_secs(10))?.ask(&self.next())
    }

    fn next(&self) -> Cow<'_, [u8]> {
        match &self.wires {
            Wires::Same(wire) => Cow::Borrowed(wire),
            Wires::Distinct(request, next) => {
                Cow::Owned(wire(&request(next.fetch_add(1, Ordering::Relaxed))))
            }
        }
    }

    /// The load. Every answer must have the status and the body of `expected`.
    ///
    /// # Errors
    /// Where an answer is another or does not come in time: then nothing was measured.
    pub fn load(&self, load: Load, expected: &Answer) -> Result<Measured> {
        let left = AtomicUsize::new(load.requests);
        let start = Instant::now();
        let mut measured = Measured::default();
        std::thread::scope(|scope| {
            let run = || self.run(&left, start + load.patience, expected);
            let threads: Vec<_> = (0..load.connections).map(|_| scope.spawn(run)).collect();
            for thread in threads {
                measured.latencies.extend(thread.join().expect("a client does not panic")?);
            }
            Ok::<(), anyhow::Error>(())
        })?;
        measured.wall = start.elapsed();
        Ok(measured)
    }

    fn run(&self, left: &AtomicUsize, deadline: Instant, expected: &Answer) -> Result<Vec<Duration>> {
        let mut client = self.connect(deadline.saturating_duration_since(Instant::now()))?;
        let mut latencies = Vec::new();
        let take = |left: usize| left.checked_sub(1);
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            let wire = self.next();
            let begin = Instant::now();
            let answer = client.ask(&wire)?;
            let end = Instant::now();
            if answer.status != expected.status || answer.body != expected.body {
                bail!("an unexpected answer: {}", excerpt(&answer));
            }
            if end > deadline {
                bail!("{} requests are not answered in time", left.load(Ordering::Relaxed));
            }
            latencies.push(end - begin);
        }
        Ok(latencies)
    }

    fn connect(&self, patience: Duration) -> Result<Client> {
        Client::connect(self.address, patience)
    }
}

/// A request as it goes out.
pub(crate) fn wire(request: &Request) -> Vec<u8> {
    let mut wire = format!("{} {} HTTP/1.1\r\nhost: shop.example\r\n", request.method, request.path);
    for (name, value) in &request.fields {
        wire.push_str(&format!("{name}: {value}\r\n"));
    }
    if !request.body.is_empty() {
        wire.push_str(&format!("content-length: {}\r\n", request.body.len()));
    }
    wire.push_str("\r\n");
    [wire.as_bytes(), &request.body].concat()
}

impl Client {
    /// A connection; an answer that takes longer than `patience` is a failure.
    pub fn connect(address: SocketAddr, patience: Duration) -> Result<Client> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
        Ok(Client { reader: Reader::new(stream.try_clone()?), stream })
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, wire: &[u8]) -> Result<Answer> {
        self.stream.write_all(wire).context("write")?;
        let message = self.reader.message()?.context("the connection was closed before an answer")?;
        let status =
            message.head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        let status = status.context("an answer without status")?;
        Ok(Answer { status, head: message.head, body: message.body })
    }
}

/// Status and the body's beginning.
pub(crate) fn excerpt(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(160)]).into_owned();
    format!("{} with {} bytes: {}", answer.status, answer.body.len(), body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::super::Upstream;
    use super::*;
    use portcullis_fuel::messages;

    const LOAD: Load = Load { connections: 3, requests: 200, patience: Duration::from_secs(20) };

    #[test]
    fn every_request_is_answered_and_counted() {
        let upstream = Upstream::start().unwrap();
        let target = Target::new(upstream.port(), Sent::Same(messages::json_post));
        let expected = target.once().unwrap();
        assert_eq!(expected.body, messages::small().body);
        let measured = target.load(LOAD, &expected).unwrap();
        assert_eq!(measured.latencies.len(), 200);
        assert!(
            measured.latencies.iter().all(|latency| *latency > Duration::ZERO && *latency < measured.wall)
        );
    }

    #[test]
    fn an_unexpected_answer_fails_the_whole_load() {
        let upstream = Upstream::start().unwrap();
        let target = Target::new(upstream.port(), Sent::Same(messages::get));
        let other = Answer { status: 403, ..target.once().unwrap() };
        let message = target.load(LOAD, &other).unwrap_err().to_string();
        assert!(message.starts_with("an unexpected answer: 200 with"), "{message}");
    }

    #[test]
    fn the_upstream_tells_what_it_saw() {
        let upstream = Upstream::start().unwrap();
        let target = Target::new(upstream.port(), Sent::Same(messages::json_post));
        let (answer, seen) = upstream.watch(|| target.once()).unwrap();
        assert_eq!((answer.status, seen), (200, target.next().into_owned()));
    }
}
