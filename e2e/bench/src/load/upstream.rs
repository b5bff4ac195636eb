//! An upstream that costs as little as it can: fixed answers, one write each.

use super::gzip;
use super::reader::{Message, Reader};
use anyhow::{Context, Result};
use portcullis_fuel::messages::{self, Response};
use portcullis_fuel::traffic;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The path of 20 KB in which nothing is to be found.
pub const LARGE_CLEAN: &str = "/export";
/// The path of 20 KB full of card numbers.
pub const LARGE_DENSE: &str = "/payments";

/// A running upstream; its threads end with the program.
#[derive(Debug)]
pub struct Upstream {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    small: Vec<u8>,
    clean: Vec<u8>,
    dense: Vec<u8>,
    page: Vec<u8>,
    packed_page: Vec<u8>,
    recording: AtomicBool,
    last: Mutex<Option<Message>>,
}

impl Upstream {
    /// On a free port of 127.0.0.1.
    pub fn start() -> Result<Upstream> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("bind the upstream")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            small: wire(&messages::small()),
            clean: wire(&messages::large_clean()),
            dense: wire(&messages::large_dense()),
            page: wire(&traffic::page()),
            packed_page: wire_packed(&traffic::page()),
            recording: AtomicBool::new(false),
            last: Mutex::new(None),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Ok(Upstream { port, state })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The request that comes while this runs, head and body: what the proxy in between made of it.
    pub fn watch<T>(&self, during: impl FnOnce() -> Result<T>) -> Result<(T, Vec<u8>)> {
        self.state.recording.store(true, Ordering::SeqCst);
        let result = during();
        self.state.recording.store(false, Ordering::SeqCst);
        let last = self.state.last.lock().expect("last request").take();
        let result = result?;
        let seen = last.context("the upstream saw no request")?;
        Ok((result, [seen.head, seen.body].concat()))
    }
}

fn serve(stream: &TcpStream, state: &State) {
    let _ = stream.set_nodelay(true);
    let mut reader = Reader::new(stream);
    let mut writer = stream;
    while let Ok(Some(request)) = reader.message() {
        let path = request.head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        let answer = match path {
            path if path.starts_with(LARGE_CLEAN.as_bytes()) => &state.clean,
            path if path.starts_with(LARGE_DENSE.as_bytes()) => &state.dense,
            path if path.starts_with(traffic::PAGE_GZIP.as_bytes()) => &state.packed_page,
            path if path.starts_with(traffic::PAGE.as_bytes()) => &state.page,
            _ => &state.small,
        };
        if state.recording.load(Ordering::Relaxed) {
            *state.last.lock().expect("last request") = Some(request);
        }
        if writer.write_all(answer).is_err() {
            return;
        }
    }
}

fn wire(response: &Response) -> Vec<u8> {
    wire_with("", response.content_type, &response.body)
}

fn wire_packed(response: &Response) -> Vec<u8> {
    wire_with("content-encoding: gzip\r\n", response.content_type, &gzip::pack(&response.body))
}

fn wire_with(fields: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{fields}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
