//! The plugin: one decision for each request, at its headers or, where the policy reads it, at the end of its body.

use crate::body::HeldBody;
use crate::config::AuthzConfig;
use crate::decision::{Allowed, Decision, Denied};
use crate::input::Input;
use crate::meter::Meter;
use crate::query;
use crate::set::{EvalError, PolicySet};
use portcullis_core::{
    Access, Body, Boot, ConfigError, Edit, Effect, Exchange, Failure, FailureKind, Headers, Level, LogRecord,
    MetricId, MetricKind, MetricSpec, Needs, Over, Plugin, Reply, RequestEdit, RequestVerdict, ResponseEdit,
    ResponseVerdict, Store, Stream,
};
use std::rc::Rc;

/// The compiled settings of one route.
#[derive(Debug)]
pub struct Authz {
    config: AuthzConfig,
    policies: Rc<PolicySet>,
    input: Input,
    fuel: u64,
    max_body: usize,
    adds_to_response: bool,
}

const ALLOWED: MetricId = MetricId(0);
const DENIED: MetricId = MetricId(1);
const METRICS: [&str; 2] = ["decisions_total.decision.allowed", "decisions_total.decision.denied"];

/// The status of every denial that the policy gives none for, as Envoy's ext_authz has it.
const FORBIDDEN: u16 = 403;

impl Plugin for Authz {
    const NAME: &'static str = "authz";
    type Config = AuthzConfig;
    type Stream = AuthzStream;

    fn compile(configs: Vec<AuthzConfig>, boot: &Boot) -> Result<Vec<Rc<Authz>>, ConfigError> {
        let mut compiled: Vec<Rc<Authz>> = Vec::with_capacity(configs.len());
        for (index, config) in configs.into_iter().enumerate() {
            let equal = compiled.iter().find(|other| same_policies(&other.config, &config));
            let policies = match equal {
                Some(other) => Rc::clone(&other.policies),
                None => Rc::new(PolicySet::compile(&config).map_err(|error| error.of(index))?),
            };
            compiled.push(Rc::new(Authz::new(config, policies, boot)));
        }
        Ok(compiled)
    }

    fn needs(&self) -> Needs {
        Needs {
            response: self.adds_to_response,
            addresses: self.input.needs_addresses(),
            properties: self.input.properties(),
            metrics: METRICS
                .map(|name| MetricSpec { name: name.to_owned(), kind: MetricKind::Counter })
                .to_vec(),
            tick: None,
            held_headers: (self.reads_body() && !self.config.late_ok)
                .then(|| if self.config.read_body { "readBody" } else { "policies" }.to_owned()),
        }
    }

    fn stream(self: &Rc<Self>, _exchange: &Exchange) -> AuthzStream {
        AuthzStream { authz: Rc::clone(self), decided: false, response_edits: Vec::new() }
    }

    fn is_weaker_than(&self, default: &Self) -> bool {
        self.config != default.config
    }
}

impl Authz {
    fn new(config: AuthzConfig, policies: Rc<PolicySet>, boot: &Boot) -> Authz {
        let parts = policies.parts().clone();
        let input = Input::new(parts, &config.context_extensions, !config.skip_request_body_parse);
        let adds_to_response = config.policies.values().any(|text| text.contains(TO_RESPONSE));
        let max_body = config.max_body.map_or(boot.max_body, |max| max.min(boot.max_body));
        Authz { policies, input, fuel: boot.fuel, max_body, adds_to_response, config }
    }

    fn reads_body(&self) -> bool {
        self.config.read_body || self.input.needs_body()
    }

    fn decide(
        &self,
        exchange: &Exchange,
        body: Option<HeldBody<'_>>,
    ) -> Result<Decision, Box<RequestVerdict>> {
        let bytes = exchange.request.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
            + body.map_or(0, |body| body.bytes.len());
        let input = self.input.build(exchange, body).map_err(|error| {
            Box::new(denied(exchange, RequestVerdict::reply(Reply::new(400, error.to_string()))))
        })?;
        let step = if self.policies.scans_the_input() { STEP + bytes as u64 / 256 } else { STEP };
        let meter = Meter { fuel: self.fuel, step };
        let result = self.policies.evaluate(input, exchange.time, meter).map_err(|error| failed(&error))?;
        Decision::read(&result).map_err(|error| {
            Box::new(RequestVerdict::fail(failure(FailureKind::Evaluation, error.to_string())))
        })
    }
}

/// The one field of a decision that reaches into the response.
const TO_RESPONSE: &str = "response_headers_to_add";

/// What one step of the interpreter costs. It costs more where the input is large and the policy calls builtins that
/// look at all of what they are given in one step.
const STEP: u64 = 64;

fn same_policies(one: &AuthzConfig, other: &AuthzConfig) -> bool {
    one.policies == other.policies
        && one.data == other.data
        && one.path == other.path
        && one.query == other.query
        && one.rego_version == other.rego_version
}

fn failed(error: &EvalError) -> Box<RequestVerdict> {
    let kind = match error {
        EvalError::Fuel => FailureKind::Fuel,
        EvalError::Failed(_) => FailureKind::Evaluation,
    };
    Box::new(RequestVerdict::fail(failure(kind, error.to_string())))
}

fn failure(kind: FailureKind, message: String) -> Failure {
    Failure { status: Some(FORBIDDEN), ..Failure::new(kind, message) }
}

/// One request's decision.
#[derive(Debug)]
pub struct AuthzStream {
    authz: Rc<Authz>,
    decided: bool,
    response_edits: Vec<ResponseEdit>,
}

impl Stream for AuthzStream {
    fn request_headers(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        if !self.authz.reads_body() {
            return self.decide(exchange, None);
        }
        if !exchange.request_body.present {
            return self.decide(exchange, Some(HeldBody { bytes: &[], truncated: false }));
        }
        if is_endless(&exchange.request) {
            return self.decide(exchange, Some(HeldBody { bytes: &[], truncated: true }));
        }
        let over = if self.authz.config.allow_partial { Over::Pass } else { Over::Refuse };
        RequestVerdict::proceed().with_body(Body::Whole {
            max: self.authz.max_body,
            access: Access::Read,
            over,
        })
    }

    fn request_body(&mut self, exchange: &Exchange, bytes: &[u8], _store: &mut dyn Store) -> RequestVerdict {
        if self.decided {
            return RequestVerdict::proceed();
        }
        self.decide(exchange, Some(HeldBody { bytes, truncated: exchange.request_body.truncated }))
    }

    fn request_end(&mut self, exchange: &Exchange, _store: &mut dyn Store) -> RequestVerdict {
        if self.decided || exchange.request_body.aborted {
            return RequestVerdict::proceed();
        }
        self.decide(exchange, Some(HeldBody { bytes: &[], truncated: exchange.request_body.truncated }))
    }

    fn response_headers(&mut self, _exchange: &Exchange, _store: &mut dyn Store) -> ResponseVerdict {
        ResponseVerdict { edits: std::mem::take(&mut self.response_edits), ..ResponseVerdict::proceed() }
    }
}

impl AuthzStream {
    fn decide(&mut self, exchange: &Exchange, body: Option<HeldBody<'_>>) -> RequestVerdict {
        self.decided = true;
        match self.authz.decide(exchange, body) {
            Ok(Decision::Allow(allowed)) => self.allow(exchange, allowed),
            Ok(Decision::Deny(denial)) => denied(exchange, RequestVerdict::reply(reply(denial))),
            Err(verdict) => *verdict,
        }
    }

    fn allow(&mut self, exchange: &Exchange, allowed: Allowed) -> RequestVerdict {
        match self.edits(exchange, allowed) {
            Some(edits) => noted(RequestVerdict { edits, ..RequestVerdict::proceed() }, true),
            None => RequestVerdict::fail(failure(
                FailureKind::Evaluation,
                "the decision holds an edit that cannot be made".to_owned(),
            )),
        }
    }

    /// The edits of the request; those of the response are kept for later.
    fn edits(&mut self, exchange: &Exchange, allowed: Allowed) -> Option<Vec<RequestEdit>> {
        let path = query::edited(exchange.request.path(), &allowed);
        let path = path.map(|path| Edit::set(":path", path)).transpose().ok()?;
        let response = allowed.response_edits.into_iter().map(ResponseEdit::try_from);
        self.response_edits = response.collect::<Result<_, _>>().ok()?;
        if !self.response_edits.is_empty() && !self.authz.adds_to_response {
            return None;
        }
        allowed.request_edits.into_iter().chain(path).map(|edit| RequestEdit::try_from(edit).ok()).collect()
    }
}

/// A body that the host never holds whole: a stream of messages, or raw bytes after an upgrade.
fn is_endless(request: &Headers) -> bool {
    let grpc = request.media_type().is_some_and(|media| {
        media.get(..16).is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
    });
    let upgrade = request.method() == b"GET" && request.contains("upgrade");
    grpc || upgrade || request.method() == b"CONNECT"
}

fn reply(denial: Denied) -> Reply {
    let mut reply = Reply::new(denial.status, "access denied");
    reply.headers = denial.headers;
    if let Some(body) = denial.body {
        if !reply.headers.iter().any(|edit| edit.name().as_bytes() == b"content-type")
            && let Ok(edit) = Edit::set("content-type", "text/plain")
        {
            reply.headers.push(edit);
        }
        reply.body = Some(body.into_bytes());
    }
    reply
}

fn denied(exchange: &Exchange, verdict: RequestVerdict) -> RequestVerdict {
    let verdict = noted(verdict, false);
    if !exchange.logs(Level::Info) {
        return verdict;
    }
    verdict.with_effect(Effect::Log(LogRecord {
        level: Level::Info,
        message: "request denied",
        fields: Vec::new(),
    }))
}

fn noted(verdict: RequestVerdict, allowed: bool) -> RequestVerdict {
    let metric = if allowed { ALLOWED } else { DENIED };
    verdict.with_effect(Effect::Count { metric, by: 1 }).with_effect(Effect::State {
        field: "allowed",
        value: if allowed { &b"true"[..] } else { b"false" }.to_vec(),
    })
}
