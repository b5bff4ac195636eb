//! Requests that nobody should send, from a fixed seed: the same on every machine and in every run.

use portcullis_testkit::answer::filler;
use portcullis_testkit::raw::Client;
use std::net::SocketAddr;
use std::time::Duration;

/// A generator of numbers (splitmix64, public domain by Sebastiano Vigna), so that a seed gives the same requests for ever.
#[derive(Debug, Clone)]
pub struct Dice(u64);

/// One hostile request: the bytes, where they are cut off, and whether an answer is to be waited for.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// What is sent over one connection.
    pub bytes: Vec<u8>,
    /// The connection is cut here, without waiting for an answer.
    pub cut: Option<usize>,
}

impl Dice {
    /// With this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.roll(list.len())]
    }

    /// Any bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.roll(256) as u8).collect()
    }

    /// Bytes without line ends and NUL: what a codec may let through in a value.
    pub fn value(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = self.bytes(length);
        bytes.retain(|byte| (*byte >= 0x20 && *byte != 0x7f) || *byte == b'\t');
        bytes
    }
}

const METHODS: [&str; 12] =
    ["GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get"];

const TARGETS: [&str; 24] = [
    "/",
    "/echo",
    "/echo?a=1&b=2&a=%00",
    "/a/../../etc/passwd",
    "/a//b/./c",
    "/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/a%00b",
    "/%",
    "/%zz?%=%zz&=&&",
    "/a;b=c/d",
    "/a\\..\\b",
    "*",
    "http://other/absolute",
    "/?q=<script>alert(1)</script>",
    "/?id=1'%20or%20'1'='1",
    "/bytes/70000",
    "/chunked/30000",
    "/card",
    "/html",
    "/status/204",
    "/status/304",
    "/ws",
    "//",
    "/\u{e9}",
];

const NAMES: [&str; 26] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-type",
    "cookie",
    "cookie",
    "expect",
    "grpc-timeout",
    "host",
    "if-none-match",
    "keep-alive",
    "origin",
    "range",
    "referer",
    "te",
    "trailer",
    "upgrade",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-http-method-override",
    "x-original-url",
    "x-request-id",
    "x-x",
];

const TYPES: [&str; 16] = [
    "application/json",
    "application/json; charset=utf-7",
    "APPLICATION/JSON",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "multipart/form-data; boundary=\"",
    "text/xml",
    "application/grpc",
    "application/grpc-web",
    "text/event-stream",
    "text/html",
    ";",
    "",
    "a/b/c",
    "application/json, text/xml",
];

const WORDS: [&str; 16] = [
    "gzip",
    "br",
    "deflate, gzip",
    "identity;q=0",
    "chunked",
    "trailers",
    "upgrade",
    "close",
    "keep-alive, Upgrade",
    "websocket",
    "h2c",
    "100-continue",
    "bytes=0-1,5-",
    "Bearer a.b.c",
    "a=1; b=\"2\"; c",
    "1S",
];

const BODIES: [&str; 14] = [
    "{\"a\":[1,2,{\"b\":null}]}",
    "{\"a\":",
    "[[[[[[[[[[",
    "{\"a\":1,\"a\":2}",
    "\"\\ud800\"",
    "a=1&b=%zz&&=",
    "a=1'+or+1=1--",
    "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n",
    "--x\r\nContent-Disposition: form-data\r\n",
    "--x--",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
    "<a><b></a>",
    "4111 1111 1111 1111",
    "",
];

impl Hostile {
    /// The next one.
    pub fn next(dice: &mut Dice) -> Hostile {
        let mut bytes = request(dice);
        if dice.roll(12) == 0 {
            bytes.extend(request(dice));
        }
        if dice.roll(25) == 0 {
            spoil(dice, &mut bytes);
        }
        let cut = (dice.roll(5) == 0).then(|| dice.roll(bytes.len() + 1));
        Hostile { bytes, cut }
    }

    /// Sends it over a connection of its own; whether there was an answer, which is waited for a moment only.
    pub fn send(&self, address: SocketAddr) -> bool {
        let client = Client::connect(address).and_then(|client| client.patience(Duration::from_millis(40)));
        let Ok(mut client) = client else { return false };
        // The proxy may have refused and closed before all was sent.
        let _ = client.send(&self.bytes[..self.cut.unwrap_or(self.bytes.len())]);
        self.cut.is_none() && client.response("GET").is_ok()
    }
}

fn request(dice: &mut Dice) -> Vec<u8> {
    let version = if dice.roll(40) == 0 {
        dice.pick(&["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "http/1.1", ""])
    } else {
        "HTTP/1.1"
    };
    let (method, target) = (dice.pick(&METHODS), dice.pick(&TARGETS));
    let mut out = format!("{method} {target} {version}\r\n").into_bytes();
    if dice.roll(50) != 0 {
        out.extend_from_slice(b"host: test\r\n");
    }
    for _ in 0..dice.roll(10) {
        out.extend(field(dice));
    }
    if dice.roll(60) == 0 {
        (0..110).for_each(|n| out.extend(format!("x-{n}: {n}\r\n").into_bytes()));
    }
    if matches!(method, "GET" | "HEAD" | "OPTIONS" | "CONNECT") && dice.roll(4) != 0 {
        out.extend_from_slice(b"\r\n");
        return out;
    }
    out.extend(framed(dice));
    out
}

fn field(dice: &mut Dice) -> Vec<u8> {
    let name = dice.pick(&NAMES).as_bytes().to_vec();
    let value = match dice.roll(12) {
        0..4 => dice.pick(&WORDS).as_bytes().to_vec(),
        4..7 => dice.pick(&TYPES).as_bytes().to_vec(),
        7 => Vec::new(),
        8 => vec![b'a' + dice.roll(26) as u8; dice.roll(9000)],
        _ => {
            let length = dice.roll(60);
            dice.value(length)
        }
    };
    let name = if name == b"content-type" && dice.roll(2) == 0 { b"Content-Type".to_vec() } else { name };
    let value = if name.eq_ignore_ascii_case(b"content-type") {
        dice.pick(&TYPES).as_bytes().to_vec()
    } else {
        value
    };
    let separator: &[u8] =
        if dice.roll(80) == 0 { dice.pick(&[b" : ".as_slice(), b"", b":\r\n "]) } else { b": " };
    [&name, separator, &value, b"\r\n"].concat()
}

fn body(dice: &mut Dice) -> Vec<u8> {
    match dice.roll(8) {
        0..4 => dice.pick(&BODIES).as_bytes().to_vec(),
        4 => {
            let length = dice.roll(300);
            dice.bytes(length)
        }
        5 => filler(dice.roll(3000)),
        6 => b"[".repeat(dice.roll(4000)),
        _ if dice.roll(6) == 0 => filler(60_000 + dice.roll(80_000)),
        _ => [b"\x1f\x8b\x08\x00".to_vec(), dice.bytes(40)].concat(),
    }
}

/// The framing field, the empty line and the body, mostly in agreement.
fn framed(dice: &mut Dice) -> Vec<u8> {
    let body = body(dice);
    match dice.roll(20) {
        0..10 => length(&body.len().to_string(), &body),
        10..16 => chunked(dice, &body),
        16 => length(
            dice.pick(&["+3", "-1", "3, 3", "99999999999999999999", "0x3", "", "3\r\ncontent-length: 4"]),
            &body,
        ),
        17 => [b"transfer-encoding: chunked\r\n".to_vec(), length(&body.len().to_string(), &body)].concat(),
        18 => {
            let coding =
                dice.pick(&["gzip, chunked", "chunked, identity", "xchunked", "identity", " chunked"]);
            [format!("transfer-encoding: {coding}\r\n\r\n").into_bytes(), body].concat()
        }
        _ => {
            let size = dice.pick(&["ffffffffffffffff", "-1", "g", "0x5", "5;ext=\"", ""]);
            [format!("transfer-encoding: chunked\r\n\r\n{size}\r\n").into_bytes(), body].concat()
        }
    }
}

fn length(text: &str, body: &[u8]) -> Vec<u8> {
    [format!("content-length: {text}\r\n\r\n").as_bytes(), body].concat()
}

fn chunked(dice: &mut Dice, body: &[u8]) -> Vec<u8> {
    let mut out = b"transfer-encoding: chunked\r\n\r\n".to_vec();
    let size = 1 + dice.roll(body.len().max(1));
    for chunk in body.chunks(size) {
        out.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    out.extend_from_slice(b"0\r\n");
    for _ in 0..dice.roll(3) {
        out.extend(field(dice));
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Puts a few arbitrary bytes into the beginning.
fn spoil(dice: &mut Dice, bytes: &mut [u8]) {
    for _ in 0..1 + dice.roll(4) {
        let at = dice.roll(bytes.len().min(400));
        bytes[at] = dice.roll(256) as u8;
    }
}
