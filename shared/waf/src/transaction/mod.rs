//! A transaction: one exchange seen by the rules, with ModSecurity's and Coraza's verbs.

mod apply;
mod body;
mod data;
mod describe;
mod dom;
mod evaluate;
mod graphql;
mod inspect;
mod json;
mod kept;
mod map;
mod multipart;
mod origin;
mod outcome;
mod phases;
mod remarks;
mod sanitise;
mod trace;
mod transcript;
mod xml;

pub(crate) use data::{Data, Pair, View};
pub(crate) use dom::Dom;
pub(crate) use map::Map;
pub use outcome::{Interruption, Match, Response};
pub use phases::Phases;
pub use trace::Step;

use crate::actions::{Removal, Scope};
use crate::audit::{AuditEngine, Parts};
use crate::collections::{Counts, Persistent};
use crate::ruleset::{CookieFormat, Engine, OverLimit, Ruleset, Settings, XmlArguments};
use portcullis_core::{Fuel, OutOfFuel};
use portcullis_http::{cookies, form};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// One exchange. Verbs come in the order of the phases; once one has said [`Interruption`], the later phases but
/// logging do nothing.
#[derive(Debug)]
pub struct Transaction {
    ruleset: Rc<Ruleset>,
    data: Data,
    fuel: Fuel,
    engine: Engine,
    request_body_access: bool,
    xml_into_arguments: XmlArguments,
    request_body_limit: usize,
    response_body_limit: usize,
    response_body_access: bool,
    audit_engine: AuditEngine,
    audit_parts: Parts,
    removals: Vec<Removal>,
    /// How far an `allow` reaches.
    allowed: Option<Scope>,
    interruption: Option<Interruption>,
    matches: Vec<Match>,
    /// Whether rules that can be told not to match are left out.
    planned: bool,
    /// Steps, where they are wanted.
    trace: Option<RefCell<Vec<Step>>>,
}

impl Transaction {
    /// Begins an exchange; `fuel` is units of work ([`Fuel`]).
    pub fn new(ruleset: &Rc<Ruleset>, fuel: u64) -> Transaction {
        let settings = ruleset.settings();
        let data = Data {
            highest_severity: 255,
            argument_separator: settings.argument_separator,
            xml_depth: settings.json_depth,
            web_app_id: settings.web_app_id.clone().into_bytes(),
            collection_timeout: u64::from(settings.collection_timeout),
            ..Data::default()
        };
        Transaction {
            ruleset: Rc::clone(ruleset),
            data,
            fuel: Fuel::new(fuel),
            engine: settings.engine,
            request_body_access: settings.request_body_access,
            xml_into_arguments: settings.xml_into_arguments,
            request_body_limit: settings.request_body_limit,
            response_body_limit: settings.response_body_limit,
            response_body_access: settings.response_body_access,
            audit_engine: settings.audit_engine,
            audit_parts: settings.audit_parts,
            removals: Vec::new(),
            allowed: None,
            interruption: None,
            matches: Vec::new(),
            planned: true,
            trace: None,
        }
    }

    /// The same transaction, with every rule run on every value: what comes out is the same, later. For tests.
    pub fn unplanned(mut self) -> Transaction {
        self.planned = false;
        self
    }

    /// The time and a name for the exchange, for `TIME_*` and `UNIQUE_ID`.
    pub fn process_start(&mut self, time: Duration, unique_id: &[u8]) {
        self.data.time = time;
        self.data.now = time;
        self.data.unique_id = unique_id.to_vec();
    }

    /// The time of the phase that comes, for `DURATION`.
    pub fn process_time(&mut self, now: Duration) {
        self.data.now = now;
    }

    /// Both ends of the connection: addresses without ports, and ports.
    pub fn process_connection(&mut self, client: (&str, &str), server: (&str, &str)) {
        let endpoint =
            |(address, port): (&str, &str)| (address.as_bytes().to_vec(), port.as_bytes().to_vec());
        self.data.remote = endpoint(client);
        self.data.server = endpoint(server);
    }

    /// The request line. `protocol` is like `HTTP/1.1`.
    pub fn process_uri(&mut self, uri: &[u8], method: &[u8], protocol: &[u8]) -> Result<(), OutOfFuel> {
        self.data.set_uri(uri);
        self.data.method = method.to_vec();
        self.data.protocol = protocol.to_vec();
        let query = std::mem::take(&mut self.data.query);
        let arguments = self.form_arguments(&query);
        self.data.query = query;
        self.data.args_get = arguments?;
        Ok(())
    }

    /// One header field; a cookie header is taken apart.
    pub fn add_request_header(&mut self, name: &[u8], value: &[u8]) {
        if name.eq_ignore_ascii_case(b"cookie") {
            let room = self.ruleset.settings.arguments_limit.saturating_sub(self.data.cookies.len());
            let cookies: Vec<Pair> = match self.ruleset.settings.cookie_format {
                CookieFormat::Netscape => cookies::pairs(value)
                    .take(room.saturating_add(1))
                    .map(|(name, value)| Pair::new(name, value))
                    .collect(),
                CookieFormat::Version1 => {
                    let cookies = cookies::version_1_pairs(value).take(room.saturating_add(1));
                    cookies.map(|(name, value)| Pair::new(name, value.into_owned())).collect()
                }
            };
            // What no rule sees must not pass as if it had been seen.
            if cookies.len() > room {
                self.data.body_error = Some("too many cookies".to_owned());
            }
            self.data.cookies.extend(cookies.into_iter().take(room));
        }
        self.data.request_headers.push(Pair::new(name, value));
    }

    /// Whether bodies of requests are looked at, and up to how many bytes.
    pub fn wants_request_body(&self) -> Option<(usize, OverLimit)> {
        let settings = &self.ruleset.settings;
        let wanted = self.engine != Engine::Off && self.request_body_access && self.interruption.is_none();
        wanted.then_some((self.request_body_limit, settings.request_body_over))
    }

    /// Bytes of the request's body. Beyond the limit the body is refused, or the rest is not looked at.
    pub fn write_request_body(&mut self, bytes: &[u8]) -> Option<&Interruption> {
        if self.engine == Engine::Off || !self.request_body_access || self.interruption.is_some() {
            return self.interruption();
        }
        let limit = self.request_body_limit;
        self.data.request_body_length += bytes.len() as u64;
        let room = limit.saturating_sub(self.data.request_body.len());
        self.data.request_body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        match bytes.len() > room {
            true => self.refuse_request_body(),
            false => self.interruption(),
        }
    }

    /// The request's body is too long: it is refused, or the rest is not looked at.
    pub(crate) fn refuse_request_body(&mut self) -> Option<&Interruption> {
        self.data.body_too_long = true;
        if self.ruleset.settings.request_body_over == OverLimit::Reject && self.engine == Engine::On {
            self.interruption.get_or_insert_with(Interruption::over_limit);
        }
        self.interruption()
    }

    /// The content coding of the request's body is broken: what could be decoded of it is what rules see.
    pub(crate) fn mark_broken_coding(&mut self) {
        self.data.body_error = Some("the content coding of the body is broken".to_owned());
    }

    /// Takes fuel for work that is done outside.
    pub(crate) fn charge(&self, units: u64) -> Result<(), OutOfFuel> {
        self.fuel.charge(units)
    }

    /// The body that was written is not the whole.
    pub fn mark_request_body_cut(&mut self) {
        self.data.body_too_long = true;
    }

    /// Why the request's body could not be read, if so.
    pub fn body_error(&self) -> Option<&str> {
        self.data.body_error.as_deref()
    }

    /// One header field of the response.
    pub fn add_response_header(&mut self, name: &[u8], value: &[u8]) {
        self.data.response_headers.push(Pair::new(name, value));
    }

    /// Whether this response's body is looked at, and up to how many bytes.
    pub fn wants_response_body(&self) -> Option<(usize, OverLimit)> {
        let settings = &self.ruleset.settings;
        let wanted = self.engine != Engine::Off
            && self.response_body_access
            && self.interruption.is_none()
            && self.is_listed_response();
        wanted.then_some((self.response_body_limit, settings.response_body_over))
    }

    /// Whether the response's type is one whose bodies are looked at.
    fn is_listed_response(&self) -> bool {
        let header = self.data.response_header(b"content-type").unwrap_or_default();
        let media = header.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        let types = &self.ruleset.settings.response_mime_types;
        types.iter().any(|wanted| wanted.as_bytes().eq_ignore_ascii_case(media))
    }

    /// Bytes of the response's body.
    pub fn write_response_body(&mut self, bytes: &[u8]) -> Option<&Interruption> {
        if self.engine == Engine::Off || self.interruption.is_some() || !self.is_listed_response() {
            return self.interruption();
        }
        let limit = self.response_body_limit;
        let room = limit.saturating_sub(self.data.response_length);
        self.data.response_length += bytes.len();
        // The limit holds for bodies that no rule looks at too.
        if self.response_body_access {
            self.data.response_body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        match bytes.len() > room {
            true => self.refuse_response_body(),
            false => self.interruption(),
        }
    }

    /// The response's body is too long: it is refused, or the rest is not looked at.
    pub(crate) fn refuse_response_body(&mut self) -> Option<&Interruption> {
        self.data.response_too_long = true;
        if self.ruleset.settings.response_body_over == OverLimit::Reject && self.engine == Engine::On {
            self.interruption.get_or_insert_with(Interruption::response_over_limit);
        }
        self.interruption()
    }

    /// What stopped the exchange, if anything.
    pub fn interruption(&self) -> Option<&Interruption> {
        self.interruption.as_ref()
    }

    /// The rules that have matched so far, in order, those with `nolog` too.
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// Takes the matches that have not been taken before.
    pub fn take_matches(&mut self) -> Vec<Match> {
        std::mem::take(&mut self.matches)
    }

    /// The value of a `TX` variable.
    pub fn tx(&self, name: &str) -> Option<&[u8]> {
        self.data.tx.get(name.as_bytes())
    }

    /// Whether and how rules run now; `ctl:ruleEngine` changes it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The key that rules have given a persistent collection (`ip`, `session`...).
    pub fn collection_key(&self, name: &str) -> Option<&[u8]> {
        self.data.collections.key(Persistent::find(name)?)
    }

    /// What became of persistent collections since it was asked last.
    pub(crate) fn take_collection_counts(&mut self) -> Counts {
        std::mem::take(&mut self.data.collections.counts)
    }

    /// Whether the exchange is to be in the audit log; `ctl:auditEngine` changes it.
    pub(crate) fn audit_engine(&self) -> AuditEngine {
        self.audit_engine
    }

    /// Which parts of it; `ctl:auditLogParts` changes them.
    pub(crate) fn audit_parts(&self) -> Parts {
        self.audit_parts
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.ruleset.settings
    }

    /// Units of fuel that are left.
    pub fn fuel_left(&self) -> u64 {
        self.fuel.left()
    }

    fn choose_body_processor(&mut self) {
        let media =
            portcullis_http::media::MediaType::parse(self.data.header(b"content-type").unwrap_or_default());
        self.data.body_processor = match media {
            Some(media) if media.is_form() => "URLENCODED",
            Some(media) if media.essence() == b"application/graphql" => "GRAPHQL",
            Some(media) if media.essence() == b"multipart/form-data" => "MULTIPART",
            _ => "",
        };
    }

    /// The arguments of a query or a form body; too many are an error of the body.
    fn form_arguments(&mut self, text: &[u8]) -> Result<Vec<Pair>, OutOfFuel> {
        self.fuel.charge_call(text.len())?;
        let settings = &self.ruleset.settings;
        let limit = settings.arguments_limit.saturating_sub(self.data.args_get.len());
        let separator = settings.argument_separator;
        let mut pairs = form::pairs(text, separator).map(|(n, v)| Pair::new(n.into_owned(), v.into_owned()));
        let taken: Vec<Pair> = pairs.by_ref().take(limit).collect();
        if pairs.next().is_some() {
            self.data.body_error = Some("too many arguments".to_owned());
            self.remark_limit();
        }
        self.fuel.charge((taken.len() as u64).saturating_mul(Fuel::VALUE))?;
        if !portcullis_http::percent::is_well_formed(text) {
            self.data.urlencoded_error = true;
        }
        Ok(taken)
    }
}
