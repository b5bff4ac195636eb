//! What is no attack: CRS at its defaults in Envoy comes to the verdict that libmodsecurity comes to on the same rules.
//!
//! Without nginx and its ModSecurity (`scripts/peers.sh` fetches them) ours is held against what was recorded alone.

use portcullis_bench::proxies::{Nginx, Proxy, Running, crs_version};
use portcullis_e2e::crs::{Crs, ORDINARY, Seen, Task, folder, send};
use portcullis_e2e::ordinary::{Ordinary, comment, requests, sentences};
use portcullis_testkit::repo;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

/// The fewest requests of a class, and the fewest values of each.
const LEAST: (usize, usize) = (20, 4);
const CLASSES: [&str; 10] = [
    "cookies",
    "graphql",
    "grpc-web",
    "international",
    "json",
    "logins",
    "oauth",
    "searches",
    "uploads",
    "webhooks",
];
const SENTENCES: usize = 2_000;
/// The version of CRS that `ordinary-stopped.toml` is about.
const VERSION: &str = "4.25.0";

static CRS: LazyLock<Option<Crs>> = LazyLock::new(|| folder().map(|_| Crs::start_ordinary().unwrap()));

/// What both stop although it is no attack, and where they differ, with the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// The prose that [`Known::sentences`] are about: bytes of the file.
    prose_bytes: u64,
    /// Numbers of sentences that both stop.
    sentences: BTreeSet<usize>,
    /// By class: names of requests that both stop.
    requests: BTreeMap<String, BTreeSet<String>>,
    #[serde(default)]
    difference: Vec<Difference>,
}

/// A request that only one of the two stops.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// Class and name, or `prose/NUMBER`.
    request: String,
    stopped_by: Engine,
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Engine {
    Portcullis,
    Libmodsecurity,
}

impl Known {
    fn read() -> Known {
        let text = std::fs::read_to_string(repo::root().join("e2e/testdata/ordinary-stopped.toml")).unwrap();
        let known: Known = toml::from_str(&text).unwrap();
        assert!(
            known.difference.iter().all(|difference| difference.reason.len() > 20),
            "a reason is missing"
        );
        known
    }

    /// What each engine is known to stop: what both do, and its own of those differences that belong to this corpus.
    fn sets(&self, both: Vec<String>, belongs: fn(&str) -> bool) -> [BTreeSet<String>; 2] {
        [Engine::Portcullis, Engine::Libmodsecurity].map(|engine| {
            let own = self.difference.iter().filter(|difference| difference.stopped_by == engine);
            let own = own.map(|difference| difference.request.clone()).filter(|name| belongs(name));
            both.iter().cloned().chain(own).collect()
        })
    }
}

/// The names of those that were not answered by the upstream.
fn stopped(seen: &BTreeMap<String, Seen>, names: &BTreeMap<String, String>) -> BTreeSet<String> {
    let stopped = names.iter().filter(|(id, _)| seen[*id].status != Some(200));
    stopped.map(|(_, name)| name.clone()).collect()
}

/// nginx with the same rules, if there is one.
fn peer(crs: &Crs) -> Option<Running> {
    let here = ["/", ".tools/peers/root"].map(|root| repo::root().join(root));
    let module = "usr/lib/nginx/modules/ngx_http_modsecurity_module.so";
    if std::env::var_os("NGINX").is_none() && !here.iter().any(|root| root.join(module).is_file()) {
        eprintln!("notice: no nginx with ModSecurity (scripts/peers.sh): libmodsecurity skipped");
        return None;
    }
    match Proxy::Nginx(Nginx::Crs { paranoia: 1 }).start(crs.upstream.port()) {
        Ok(running) => Some(running),
        Err(error) => {
            eprintln!("notice: {error:#}: libmodsecurity skipped");
            None
        }
    }
}

/// Holds both engines against each other, and against what is known of the version of CRS that it was recorded with.
fn check(
    crs: &Crs,
    tasks: &[Task],
    names: &BTreeMap<String, String>,
    known: [BTreeSet<String>; 2],
    what: &str,
) {
    let is_known = crs_version().unwrap() == VERSION;
    let seen = crs.send(ORDINARY, tasks).unwrap();
    let found = stopped(&seen, names);
    println!("{what}: {} of {} stopped", found.len(), names.len());
    let log = |name: &String| {
        let id = names.iter().find(|(_, known)| *known == name).map(|(id, _)| id);
        id.map(|id| seen[id].log.join("\n")).unwrap_or_default()
    };
    let [ours, theirs] = known;
    if is_known {
        let other: Vec<String> =
            found.symmetric_difference(&ours).map(|name| format!("{name}\n{}", log(name))).collect();
        assert!(other.is_empty(), "{what}: other verdicts than recorded:\n{}", other.join("\n"));
    }
    let Some(peer) = peer(crs) else { return };
    let peers = stopped(&send(SocketAddr::from((Ipv4Addr::LOCALHOST, peer.port)), tasks), names);
    println!("{what}: {} stopped by libmodsecurity", peers.len());
    let wanted = if is_known { theirs } else { found };
    let other: Vec<String> =
        peers.symmetric_difference(&wanted).map(|name| format!("{name}\n{}", log(name))).collect();
    assert!(other.is_empty(), "{what}: libmodsecurity comes to other verdicts:\n{}", other.join("\n"));
}

#[test]
fn ordinary_requests() {
    let requests = requests().unwrap();
    let (most, values) = LEAST;
    let classes: BTreeSet<&str> = requests.iter().map(|request| request.class.as_str()).collect();
    assert_eq!(classes.into_iter().collect::<Vec<_>>(), CLASSES);
    for class in CLASSES {
        let count = requests.iter().filter(|request| request.class == class).count();
        assert!(count >= most, "{class} has {count}");
    }
    let few: Vec<&Ordinary> = requests.iter().filter(|request| request.fields < values).collect();
    assert!(few.is_empty(), "too few values: {few:?}");
    let Some(crs) = &*CRS else { return };
    let known = Known::read();
    let both = known.requests.iter();
    let both = both.flat_map(|(class, names)| names.iter().map(move |name| format!("{class}/{name}")));
    let sets = known.sets(both.collect(), |name| !name.starts_with("prose/"));
    let name = |request: &Ordinary| (request.task.id.clone(), format!("{}/{}", request.class, request.name));
    let names: BTreeMap<String, String> = requests.iter().map(name).collect();
    let tasks: Vec<Task> = requests.into_iter().map(|request| request.task).collect();
    assert_eq!(names.values().collect::<BTreeSet<_>>().len(), tasks.len(), "a name comes twice");
    check(crs, &tasks, &names, sets, "ordinary requests");
}

#[test]
fn prose_in_forms() {
    let Some(crs) = &*CRS else { return };
    let Some(sentences) = sentences(SENTENCES) else { return };
    assert_eq!(sentences.len(), SENTENCES, "the book is too short");
    let known = Known::read();
    let size = std::fs::metadata(repo::root().join(".tools/prose.txt")).unwrap().len();
    if size != known.prose_bytes {
        eprintln!("notice: not the prose whose verdicts were recorded: skipped");
        return;
    }
    let both = known.sentences.iter().map(|number| format!("prose/{number}"));
    let sets = known.sets(both.collect(), |name| name.starts_with("prose/"));
    let tasks: Vec<Task> = sentences.iter().enumerate().map(|(number, text)| comment(number, text)).collect();
    let name = |(number, task): (usize, &Task)| (task.id.clone(), format!("prose/{number}"));
    let names = tasks.iter().enumerate().map(name).collect();
    check(crs, &tasks, &names, sets, "sentences");
}
