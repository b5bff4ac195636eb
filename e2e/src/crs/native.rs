//! The same engine without Envoy: on a request as a filter in Envoy saw it, and on one as it was sent.

use super::recorded::Recorded;
use anyhow::Result;
use portcullis_core::{Boot, Effect, MapStore, Plugin, Stream};
use portcullis_ftw::layout::{self, TESTS};
use portcullis_ftw::server::{Received, Request, receive};
use portcullis_ftw::{ids_in, upstream};
use portcullis_waf::{LogConfig, Ruleset, Step, Transaction, Waf, WafConfig};
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

/// Units enough for the longest test.
const FUEL: u64 = 1 << 34;
/// What Envoy and the sender add to every request: a rule that looks at all headers sees these, too.
const ADDED: [&str; 4] = ["x-request-id", "x-forwarded-proto", "x-envoy-internal", "x-forwarded-for"];

/// Whether the case of a variable's name counts: Envoy writes names of headers in lower case, which no rule minds, but logs
/// show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// It counts.
    AsWritten,
    /// It does not.
    AnyCase,
}

/// The engine with CRS as its tests want it.
#[derive(Debug)]
pub struct Native {
    waf: Rc<Waf>,
    ruleset: Rc<Ruleset>,
}

impl Native {
    /// With the rules of this folder.
    pub fn load(folder: &Path) -> Result<Native> {
        let sources = layout::find(folder)?.sources(TESTS)?;
        let ruleset = Rc::new(layout::compile(&sources)?);
        let config = WafConfig {
            rules: sources.texts.into_iter().map(|(_, text)| text).collect(),
            log: LogConfig { per_second: 0, ..LogConfig::default() },
            ..WafConfig::default()
        };
        let boot = Boot {
            files: sources.data,
            fuel: FUEL,
            max_body: 4 << 20,
            hold_headers: true,
            ..Boot::default()
        };
        let waf = Waf::compile(vec![config], &boot)?.remove(0);
        Ok(Native { waf, ruleset })
    }

    /// The ids that the filter logs for a request as it was recorded.
    pub fn ids(&self, recorded: &Recorded) -> BTreeSet<u64> {
        let mut exchange = recorded.exchange();
        let (mut stream, mut store) = (self.waf.stream(&exchange), MapStore::default());
        let mut effects = stream.request_headers(&exchange, &mut store).effects;
        let body = recorded.body.clone().unwrap_or_default();
        if recorded.body.is_some() {
            effects.extend(stream.request_body(&exchange, &body, &mut store).effects);
        }
        effects.extend(stream.request_end(&exchange, &mut store).effects);
        let answer = upstream::answer(&recorded.request());
        let status = (":status".to_owned(), answer.status.to_string());
        let fields = std::iter::once(status).chain(answer.headers);
        exchange.response = portcullis_core::Headers::from_pairs(fields);
        exchange.response_body.present = !answer.body.is_empty();
        effects.extend(stream.response_headers(&exchange, &mut store).effects);
        if exchange.response_body.present {
            effects.extend(stream.response_body(&exchange, &answer.body, &mut store).effects);
        }
        effects.extend(stream.response_end(&exchange, &mut store).effects);
        effects.extend(stream.log(&exchange, &Default::default(), &mut store));
        let lines = effects.iter().filter_map(|effect| match effect {
            Effect::Line { text, .. } => Some(text.as_bytes()),
            _ => None,
        });
        ids_in(&lines.collect::<Vec<_>>().join(&b'\n')).into_iter().collect()
    }

    /// Whether this rule is shown something else of the request as recorded than of the request as sent; names of variables
    /// count as the caller says. A request that a strict server refuses has no variables at all.
    pub fn sees_a_difference(&self, rule: u64, wire: &[u8], recorded: &Recorded, names: Names) -> bool {
        let Received::Request(sent) = receive(wire) else { return true };
        let shown = |request: &Request| {
            let mut shown = self.shown(rule, request);
            if names == Names::AnyCase {
                shown.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
            }
            shown.sort();
            shown
        };
        shown(&sent) != shown(&recorded.request())
    }

    /// What the rule is shown: variables with their values.
    fn shown(&self, rule: u64, request: &Request) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut transaction = Transaction::new(&self.ruleset, FUEL).traced();
        transaction.process_start(std::time::Duration::from_secs(1_780_000_000), b"test");
        transaction.process_connection(("127.0.0.1", "40000"), ("127.0.0.1", "80"));
        let line = transaction.process_uri(&request.uri, &request.method, &request.version);
        let added = |name: &[u8]| ADDED.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
        for (name, value) in request.headers.iter().filter(|(name, _)| !added(name)) {
            transaction.add_request_header(name, value);
        }
        let head = transaction.process_request_headers().map(|_| ());
        transaction.write_request_body(&request.body);
        let body = transaction.process_request_body().map(|_| ());
        line.and(head).and(body).expect("fuel for a test");
        let (mut shown, mut inside) = (Vec::new(), false);
        for step in transaction.steps() {
            match step {
                Step::Rule { id, .. } => inside = id == rule,
                Step::Target { variable, value } if inside => {
                    shown.push((variable, value));
                }
                _ => {}
            }
        }
        shown
    }
}

impl Recorded {
    /// The same, as a server would have read it.
    fn request(&self) -> Request {
        let host = self.headers.iter().find(|(name, _)| name == b":authority");
        let host = host.map(|(_, host)| (b"host".to_vec(), host.clone()));
        let plain = self.headers.iter().filter(|(name, _)| !name.starts_with(b":")).cloned();
        let target = if self.header(":method") == b"CONNECT" { ":authority" } else { ":path" };
        Request {
            method: self.header(":method").to_vec(),
            uri: self.header(target).to_vec(),
            version: self.protocol.clone().into_bytes(),
            headers: host.into_iter().chain(plain).collect(),
            body: self.body.clone().unwrap_or_default(),
        }
    }
}
