//! Stock Envoy as a child process: built from a description, ready when handed out, gone with its owner.
//!
//! Listeners bind port 0 and their real ports are read from the admin interface, so parallel tests never race for one.
//! A test file shares one Envoy between its tests, with a listener for each configuration: compiling the modules is
//! most of the start.

mod admin;
mod bootstrap;
mod cluster;
mod listener;
mod process;
mod wasm;

pub use bootstrap::Bootstrap;
pub use cluster::Cluster;
pub use listener::Listener;
pub use process::{binary, validate};
pub use wasm::Wasm;

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// A running Envoy. Dropped, it is killed and reaped; its folder stays where a test failed.
#[derive(Debug)]
pub struct Envoy {
    process: process::Process,
    admin: SocketAddr,
}

impl Envoy {
    /// Starts Envoy on a bootstrap given as YAML or JSON text, such as those in `envoy-configs/`. The text must have
    /// an `admin` address, with port 0 if tests run in parallel.
    pub fn from_text(label: &str, text: &str) -> Result<Envoy> {
        Envoy::launch(process::Folder::make(label)?, text, &[], Duration::from_secs(120))
    }

    fn launch(
        folder: process::Folder,
        text: &str,
        arguments: &[String],
        patience: Duration,
    ) -> Result<Envoy> {
        let mut process = process::Process::start(folder, text, arguments)?;
        let admin = process.wait_until_ready(patience)?;
        Ok(Envoy { process, admin })
    }

    /// Where the listener with this name listens.
    ///
    /// # Errors
    /// If Envoy has none, or it listens on no socket.
    pub fn address(&self, listener: &str) -> Result<SocketAddr> {
        let text = self.admin("/listeners?format=json")?;
        let list: serde_json::Value = serde_json::from_str(&text).context("admin /listeners")?;
        let known = list["listener_statuses"].as_array().into_iter().flatten();
        let found = known.into_iter().find(|status| status["name"] == listener);
        let socket = found.map(|status| &status["local_address"]["socket_address"]);
        let port = socket.and_then(|socket| socket["port_value"].as_u64());
        let port = port.with_context(|| format!("no listener `{listener}` in {text}"))?;
        Ok(SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?)))
    }

    /// Where the admin interface listens.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The folder with bootstrap, logs, and files of LDS and ECDS.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// All that Envoy has written to its log.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The log's lines that hold this text.
    pub fn log_lines(&self, needle: &str) -> Vec<String> {
        self.log().lines().filter(|line| line.contains(needle)).map(str::to_owned).collect()
    }

    /// Waits until the log holds this text.
    pub fn wait_for_log(&self, needle: &str, patience: Duration) -> Result<()> {
        self.wait_until(patience, || self.log().contains(needle))
            .with_context(|| format!("no `{needle}` in the log"))
    }

    /// The access log of a listener that has one ([`Listener::access_log`]); the runner has Envoy write it out every 50 ms.
    pub fn access_log(&self, listener: &str) -> String {
        let file = self.folder().join(format!("access-{listener}.log"));
        String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
    }

    /// The first line of a listener's access log that holds this text, waiting for it up to 5 s.
    pub fn access_line(&self, listener: &str, needle: &str) -> Result<String> {
        let find = || self.access_log(listener).lines().find(|line| line.contains(needle)).map(str::to_owned);
        self.wait_until(Duration::from_secs(5), || find().is_some())
            .with_context(|| format!("no `{needle}` in the access log of {listener}"))?;
        find().context("access log line")
    }

    /// Whether the process runs.
    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Resident memory in bytes: now, and the most there was.
    pub fn memory(&self) -> (u64, u64) {
        (self.process.status_bytes("VmRSS:"), self.process.status_bytes("VmHWM:"))
    }

    /// CPU time so far, user and system.
    pub fn cpu(&self) -> Duration {
        self.process.cpu()
    }

    /// Puts this text into a file of the folder by a rename, which is what Envoy watches for.
    pub fn replace_file(&self, name: &str, text: &str) -> Result<()> {
        process::write_by_rename(&self.folder().join(name), text)
    }

    /// Waits for a condition, looking every 10 ms.
    ///
    /// # Errors
    /// If it does not come in time, or Envoy has died.
    pub fn wait_until(&self, patience: Duration, mut condition: impl FnMut() -> bool) -> Result<()> {
        let start = Instant::now();
        while !condition() {
            if !self.is_alive() {
                bail!("envoy has died, see {}", self.folder().display());
            }
            if start.elapsed() > patience {
                bail!("it did not come within {patience:?}, see {}", self.folder().display());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}
