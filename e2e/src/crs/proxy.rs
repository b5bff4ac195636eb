//! Envoy with CRS, once as its tests want it, once as CRS's defaults have it, and once as a mere recorder.

use super::recorded::{Recorded, recorder_filter};
use super::traffic::{Seen, Task, lines_by_id, send};
use crate::configuration;
use anyhow::{Context, Result};
use portcullis_ftw::layout::{self, TESTS};
use portcullis_ftw::{server, upstream};
use portcullis_testkit::answer::{Answer, AnswerFraming};
use portcullis_testkit::envoy::{Bootstrap, Cluster, Envoy, Listener, Wasm};
use portcullis_testkit::upstream::{Recorded as Received, Upstream};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

/// The listeners: paranoia level 4 that stops nothing; level 1 with the default thresholds; no rules at all.
pub const LISTENERS: [&str; 3] = ["tests", "blocking", "recorder"];

/// The listener with CRS's defaults.
pub const ORDINARY: &str = "ordinary";

/// What the listeners buffer, in bytes.
const BUFFER: u32 = 4 << 20;
/// Limits that tests of limits assume, and which CRS does not set by itself.
const BLOCKING: &str = "SecRuleEngine On\n\
    SecResponseBodyMimeType text/plain text/html text/xml application/json\n\
    SecAction \"id:900005,phase:1,nolog,pass,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,\
    setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,\
    setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535\"\n";

/// One Envoy with one worker, and the upstream of CRS's tests behind it.
#[derive(Debug)]
pub struct Crs {
    /// What has passed Envoy.
    pub upstream: Upstream,
    /// Envoy.
    pub envoy: Envoy,
    /// Held while requests are under way whose lines in the log are wanted.
    busy: Mutex<()>,
}

impl Crs {
    /// Starts both for the regression tests, with the rules of this folder, which the module has built in.
    pub fn start(folder: &Path) -> Result<Crs> {
        let sources = layout::find(folder)?.sources(TESTS)?;
        let (_, settings) = sources.texts.iter().find(|(name, _)| name == "settings").context("settings")?;
        let [tests, blocking, recorder] = LISTENERS;
        let recorder = lenient(recorder).filter(recorder_filter());
        Crs::with("crs", vec![waf(tests, settings), waf(blocking, BLOCKING), recorder])
    }

    /// Starts both with the listener [`ORDINARY`] alone: CRS as it comes, switched on.
    pub fn start_ordinary() -> Result<Crs> {
        Crs::with("ordinary", vec![waf(ORDINARY, "SecRuleEngine On")])
    }

    fn with(label: &str, listeners: Vec<Listener>) -> Result<Crs> {
        let upstream = Upstream::start()?.any_method();
        upstream.on_request(|request| Some(answer(request)));
        let bootstrap = Bootstrap::new(label).cluster(Cluster::h1("upstream", upstream.port()));
        let envoy = listeners.into_iter().fold(bootstrap, Bootstrap::listener).start()?;
        Ok(Crs { upstream, envoy, busy: Mutex::default() })
    }

    /// Sends all to a listener; what came of each, with the log's lines, by name. Names must not come twice.
    pub fn send(&self, listener: &str, tasks: &[Task]) -> Result<BTreeMap<String, Seen>> {
        let _alone = self.busy.lock().expect("busy");
        let from = self.envoy.log().len();
        let mut seen = send(self.envoy.address(listener)?, tasks);
        self.wait_until_idle(listener)?;
        let log = self.log_since(from);
        let mut lines = lines_by_id(&log);
        for (id, seen) in &mut seen {
            seen.log = lines.remove(id.as_str()).unwrap_or_default();
        }
        Ok(seen)
    }

    /// Sends one to a listener, alone, so that all lines of the log are about it, even if Envoy loses its name; with the
    /// record, where the listener is the recorder and a filter saw the request.
    pub fn send_alone(&self, listener: &str, task: &Task) -> Result<(Seen, Option<Recorded>)> {
        let _alone = self.busy.lock().expect("busy");
        let from = self.envoy.log().len();
        let seen = send(self.envoy.address(listener)?, std::slice::from_ref(task));
        self.wait_until_idle(listener)?;
        let log = self.log_since(from);
        let seen = seen.into_values().next().unwrap_or_default();
        let lines = lines_by_id(&log).into_values().flatten().collect();
        Ok((Seen { log: lines, ..seen }, Recorded::find(&log)?))
    }

    fn log_since(&self, from: usize) -> String {
        self.envoy.log().get(from..).unwrap_or_default().to_owned()
    }

    /// Phase 5 has run for all when no request is open any more.
    fn wait_until_idle(&self, listener: &str) -> Result<()> {
        let open = format!("http.{listener}.downstream_rq_active");
        let idle = || self.envoy.stat(&open).is_ok_and(|count| count == 0);
        self.envoy.wait_until(Duration::from_secs(20), idle).context("requests stay open")
    }
}

/// A listener with the rules and these settings between CRS's set-up and CRS's rules.
fn waf(name: &str, settings: &str) -> Listener {
    let rules = ["Include @recommended-conf\nInclude @crs-setup-conf", settings, "Include @owasp_crs/*.conf"];
    let settings = json!({ "rules": rules, "log": { "perSecond": 0 } });
    // The longest test takes more than an ordinary request may.
    let limits = json!({ "fuel": 1_u64 << 34, "maxBody": BUFFER });
    let envelope = json!({ "limits": limits, "holdHeaders": true, "hostBufferLimit": BUFFER });
    let configuration = configuration(settings, envelope);
    lenient(name).wasm(&Wasm::new("waf-crs").named(name).config(configuration).allow_stop())
}

/// A listener that refuses as little as Envoy can be told to.
fn lenient(name: &str) -> Listener {
    let options = json!({ "max_headers_count": 10_000, "headers_with_underscores_action": "ALLOW" });
    Listener::new(name, "upstream")
        .http10()
        .buffer_limit(BUFFER)
        .http1("default_host_for_http_10", "localhost".into())
        .http1("allow_custom_methods", true.into())
        .http1("allow_chunked_length", true.into())
        .manager("common_http_protocol_options", options)
        .manager("max_request_headers_kb", 8192.into())
        .manager("preserve_external_request_id", true.into())
        .manager("delayed_close_timeout", "0.05s".into())
        .manager("upgrade_configs", json!([{ "upgrade_type": "CONNECT" }]))
        // A body that never comes whole is waited for no longer than this.
        .manager("request_timeout", "3s".into())
        .routes(routes())
}

/// All goes upstream, `CONNECT` too, but for requests to what is no host: CRS's tests are written for servers that refuse these.
fn routes() -> Value {
    let to = json!({ "cluster": "upstream", "timeout": "30s" });
    let no_host = json!({ "name": ":authority", "string_match": { "safe_regex": { "regex": ".*%.*" } } });
    let empty = json!({ "name": ":authority", "string_match": { "exact": "" } });
    let refused = |host: Value| {
        json!({
            "match": { "prefix": "/", "headers": [host] }, "direct_response": { "status": 400 },
        })
    };
    json!([
        refused(no_host),
        refused(empty),
        { "match": { "connect_matcher": {} }, "route": to },
        { "match": { "prefix": "/" }, "route": to },
        { "match": { "safe_regex": { "regex": ".*" } }, "route": to },
    ])
}

/// As albedo answers, CRS's own upstream for its tests.
fn answer(request: &Received) -> Answer {
    let request = server::Request {
        method: request.method.clone().into_bytes(),
        uri: request.target.clone().into_bytes(),
        version: b"HTTP/1.1".to_vec(),
        headers: request.fields.0.clone(),
        body: request.body.clone(),
    };
    let wish = upstream::answer(&request);
    let mut answer = Answer::new(wish.status);
    for (name, value) in wish.headers {
        match name.eq_ignore_ascii_case("content-length") {
            // A test may lie about it.
            true => answer.framing = AnswerFraming::Declared(value.parse().unwrap_or(wish.body.len())),
            false => answer = answer.field(name, value),
        }
    }
    answer.piece(wish.body)
}
