//! Two upstreams and an Envoy in front of them.

use anyhow::Result;
use portcullis_testkit::envoy::{Bootstrap, Cluster, Envoy, Listener};
use portcullis_testkit::h2client::H2Client;
use portcullis_testkit::raw::Client;
use portcullis_testkit::upstream::Upstream;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

/// What the log says when a VM has died, or a filter of ours was not sound.
const SIGNS_OF_DEATH: [&str; 6] = [
    "Proxy-Wasm plugin in-VM backtrace",
    "VM failure",
    "panicked at",
    "Uncaught RuntimeError",
    "[critical]",
    "[error]",
];

/// The first lines of the log that say that a VM has died, or that anything else was not sound.
pub fn signs_of_death(envoy: &Envoy) -> Vec<String> {
    let log = envoy.log();
    let signs = log.lines().filter(|line| SIGNS_OF_DEATH.iter().any(|sign| line.contains(sign)));
    signs.take(10).map(str::to_owned).collect()
}

/// tcpmux: privileged, and served by nobody for decades.
const DEAD_PORT: u16 = 1;

/// The two upstreams and the Envoy of a test file.
#[derive(Debug)]
pub struct Rig {
    /// HTTP/1, cluster `h1`.
    pub h1: Upstream,
    /// HTTP/2, cluster `h2`.
    pub h2: Upstream,
    /// In front of both. Its cluster `dead` leads to a port that nobody serves.
    pub envoy: Envoy,
    addresses: Mutex<HashMap<String, SocketAddr>>,
}

/// A rig in the making.
#[derive(Debug)]
pub struct RigBuilder {
    bootstrap: Bootstrap,
}

impl RigBuilder {
    /// With this listener added.
    pub fn listener(mut self, listener: Listener) -> RigBuilder {
        self.bootstrap = self.bootstrap.listener(listener);
        self
    }

    /// With these listeners added.
    pub fn listeners(self, listeners: impl IntoIterator<Item = Listener>) -> RigBuilder {
        listeners.into_iter().fold(self, RigBuilder::listener)
    }

    /// With a change to the bootstrap.
    pub fn bootstrap(mut self, change: impl FnOnce(Bootstrap) -> Bootstrap) -> RigBuilder {
        self.bootstrap = change(self.bootstrap);
        self
    }

    /// Starts all.
    pub fn start(self) -> Result<Rig> {
        let (h1, h2) = (Upstream::start()?, Upstream::start_h2()?);
        let envoy = self
            .bootstrap
            .cluster(Cluster::h1("h1", h1.port()))
            .cluster(Cluster::h2("h2", h2.port()))
            .cluster(Cluster::h1("dead", DEAD_PORT))
            .start()?;
        Ok(Rig { h1, h2, envoy, addresses: Mutex::default() })
    }
}

impl Rig {
    /// A rig with this label and no listener yet.
    pub fn builder(label: &str) -> RigBuilder {
        RigBuilder { bootstrap: Bootstrap::new(label) }
    }

    /// Where a listener listens; asked once.
    pub fn address(&self, listener: &str) -> SocketAddr {
        let mut addresses = self.addresses.lock().expect("addresses");
        let ask = || self.envoy.address(listener).expect("listener");
        *addresses.entry(listener.to_owned()).or_insert_with(ask)
    }

    /// An HTTP/1 connection to a listener.
    pub fn connect(&self, listener: &str) -> Client {
        Client::connect(self.address(listener)).expect("connect to the listener")
    }

    /// An HTTP/2 connection to a listener.
    pub fn connect_h2(&self, listener: &str) -> H2Client {
        H2Client::connect(self.address(listener)).expect("connect to the listener")
    }

    /// Fails if an upstream saw bytes that are no request, a VM has died or Envoy has.
    #[track_caller]
    pub fn assert_sound(&self) {
        assert!(self.envoy.is_alive(), "envoy has died, see {}", self.envoy.folder().display());
        assert_eq!(self.h1.faults(), [""; 0], "desync at the HTTP/1 upstream");
        assert_eq!(self.h2.faults(), [""; 0], "fault at the HTTP/2 upstream");
        let log = self.envoy.log();
        let signs: Vec<&str> = log
            .lines()
            .filter(|line| SIGNS_OF_DEATH.iter().any(|sign| line.contains(sign)))
            .take(10)
            .collect();
        assert_eq!(signs, [""; 0], "the log speaks of trouble");
    }

    /// A counter or gauge of the probe, without its prefix.
    pub fn metric(&self, name: &str) -> u64 {
        self.envoy.stat(&format!("wasmcustom.portcullis_probe_{name}")).expect("stats")
    }

    /// How many VMs Envoy has made since its start: one that died and was made anew counts twice.
    pub fn vms_created(&self) -> u64 {
        self.envoy.stat("wasm.envoy.wasm.runtime.v8.created").expect("stats")
    }
}
