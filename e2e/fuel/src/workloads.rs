//! The list of workloads. A name says engine, settings and message.

use crate::exchange::{self, Message, Outcome};
use portcullis_core::{ConfigError, Plugin};
use portcullis_dlp::Dlp;
use portcullis_fuel::messages::{self, Request, Response};
use portcullis_fuel::settings;
use portcullis_host::envelope::{self, Loaded};
use portcullis_policy::Authz;
use portcullis_transform::Transform;
use portcullis_waf::Waf;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

/// One thing to measure.
pub(crate) struct Workload {
    /// The name in the baseline.
    pub(crate) name: &'static str,
    kind: Kind,
    prepare: fn() -> Operation,
}

type Operation = Box<dyn FnMut()>;

enum Kind {
    /// Happens once in a VM's life: measured cold, once.
    Load,
    /// Happens for each request: measured warm.
    Request,
}

/// All of them.
pub(crate) const WORKLOADS: &[Workload] = &[
    load("waf load builtin", || loading::<Waf>(settings::WAF)),
    request("waf get", || exchanging::<Waf>(settings::WAF, &messages::get(), &messages::small(), passed)),
    request("waf json", || {
        exchanging::<Waf>(settings::WAF, &messages::json_post(), &messages::small(), passed)
    }),
    request("waf form", || {
        exchanging::<Waf>(settings::WAF, &messages::form_post(), &messages::small(), passed)
    }),
    request("transform headers", || {
        exchanging::<Transform>(
            settings::TRANSFORM_HEADERS,
            &messages::get(),
            &messages::small(),
            |outcome| outcome.request.get("x-tenant-name") == Some(b"tenant-blue"),
        )
    }),
    request("transform json", || {
        exchanging::<Transform>(settings::TRANSFORM, &messages::json_post(), &messages::small(), |outcome| {
            outcome.request_body.starts_with(br#"{"who":"Ada","tier":"gold""#)
        })
    }),
    request("transform response", || {
        exchanging::<Transform>(
            settings::TRANSFORM_RESPONSE,
            &messages::get(),
            &messages::large_clean(),
            |outcome| outcome.response_body.starts_with(br#"{"items":[{"id":0,"#),
        )
    }),
    load("authz load", || loading::<Authz>(settings::AUTHZ)),
    request("authz get", || {
        exchanging::<Authz>(settings::AUTHZ, &messages::get(), &messages::small(), passed)
    }),
    request("authz json", || {
        exchanging::<Authz>(settings::AUTHZ, &messages::json_post(), &messages::small(), passed)
    }),
    load("dlp load", || loading::<Dlp>(settings::DLP)),
    request("dlp clean", || {
        exchanging::<Dlp>(settings::DLP, &messages::get(), &messages::large_clean(), passed)
    }),
    request("dlp dense", || {
        exchanging::<Dlp>(settings::DLP, &messages::get(), &messages::large_dense(), |outcome| {
            String::from_utf8_lossy(&outcome.response_body).contains("paid with ************")
        })
    }),
    request("host choose x100", choosing),
];

impl Workload {
    /// Sets up, fills caches, and operates, with a line on standard output at each step.
    pub(crate) fn run(&self) {
        let (warm_up, count) = match self.kind {
            Kind::Load => (0, 1),
            Kind::Request => (2, 3),
        };
        let mut operation = (self.prepare)();
        println!("ready");
        (0..warm_up).for_each(|_| operation());
        println!("warm");
        (0..count).for_each(|_| operation());
        println!("done {count}");
    }
}

const fn load(name: &'static str, prepare: fn() -> Operation) -> Workload {
    Workload { name, kind: Kind::Load, prepare }
}

const fn request(name: &'static str, prepare: fn() -> Operation) -> Workload {
    Workload { name, kind: Kind::Request, prepare }
}

/// Loading a configuration, as a new VM does.
fn loading<P: Plugin>(settings: &'static str) -> Operation {
    Box::new(move || {
        // Never dropped: a VM drops a configuration only with its end.
        std::mem::forget(black_box(loaded::<P>(settings)));
    })
}

/// An exchange with settings that are loaded already; it must come out as the workload says.
fn exchanging<P: Plugin>(
    settings: &str,
    request: &Request,
    response: &Response,
    as_expected: fn(&Outcome) -> bool,
) -> Operation {
    let loaded = loaded::<P>(settings);
    let (request, response) = (Message::from(request), Message::from(response));
    let plugin = loaded.choose(&request.headers, |_| None).plugin.clone();
    let first = exchange::run(&plugin, &request, &response);
    assert!(first.replied.is_none() && as_expected(&first), "an unexpected outcome: {first:?}");
    Box::new(move || {
        black_box(exchange::run(&plugin, &request, &response));
    })
}

/// Finding the route of a request among twenty, a hundred times: once would drown in the print of the last line.
fn choosing() -> Operation {
    let route = |n: u32| {
        format!(
            r#"{{"match":{{"hosts":["shop{n}.example","*.shop{n}.example"],"paths":[{{"prefix":"/products/{n}"}}]}}}}"#
        )
    };
    let routes = (0..20).map(route).collect::<Vec<_>>().join(",");
    let text = format!(r#"{{"version":1,"routes":[{routes}],"default":{{}}}}"#);
    let loaded = loaded::<Transform>(&text);
    let request = Message::from(&messages::get());
    Box::new(move || {
        for _ in 0..100 {
            black_box(loaded.choose(black_box(&request.headers), |_| None).index);
        }
    })
}

fn loaded<P: Plugin>(settings: &str) -> Loaded<P> {
    let time = Duration::from_secs(1_800_000_000);
    let result: Result<Loaded<P>, ConfigError> = envelope::load(settings.as_bytes(), BTreeMap::new(), time);
    result.unwrap_or_else(|error| panic!("the settings are refused: {error}"))
}

/// Nothing more than that the engine let the exchange pass.
fn passed(_: &Outcome) -> bool {
    true
}
