//! The process and its folder: start, readiness, end.

use crate::h1::Request;
use crate::raw::fetch;
use crate::repo;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

/// The Envoy to use: `ENVOY` in the environment, else what the set-up has put into `.tools/bin/envoy`.
///
/// # Errors
/// Where there is neither.
pub fn binary() -> Result<PathBuf> {
    let given = std::env::var_os("ENVOY").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = given.unwrap_or_else(|| repo::root().join(".tools/bin/envoy"));
    if path.is_file() {
        return Ok(path);
    }
    bail!("no envoy at {}: run `make setup`, or name one by ENVOY=", path.display())
}

/// Has Envoy check a bootstrap (`--mode validate`), in this folder if relative paths matter.
///
/// # Errors
/// What Envoy says, if it refuses.
pub fn validate(bootstrap: &Path, working_folder: &Path) -> Result<()> {
    let output = Command::new(binary()?)
        .args(["--mode", "validate", "-l", "warning", "-c"])
        .arg(bootstrap)
        .current_dir(working_folder)
        .output()
        .context("start envoy")?;
    if output.status.success() {
        return Ok(());
    }
    bail!("envoy refuses {}: {}", bootstrap.display(), String::from_utf8_lossy(&output.stderr))
}

/// A folder for one process under the target folder. Those of dead processes with the same label are swept away when
/// the next is made, so a failed run's logs stay until the next run.
#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn make(label: &str) -> Result<Folder> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let parent = repo::target().join("envoy");
        sweep(&parent, label);
        let name = format!("{label}.{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Folder(path))
    }
}

fn sweep(parent: &Path, label: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(label)
            .and_then(|rest| rest.strip_prefix('.'))
            .and_then(|rest| rest.split('.').next());
        if owner.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a file beside and renames it into place.
pub(super) fn write_by_rename(file: &Path, text: &str) -> Result<()> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let beside = file.with_extension(format!("new{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::File::create(&beside)?.write_all(text.as_bytes())?;
    std::fs::rename(&beside, file).with_context(|| format!("rename to {}", file.display()))
}

#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    pid: u32,
    folder: PathBuf,
}

impl Process {
    pub(super) fn start(folder: Folder, bootstrap: &str, arguments: &[String]) -> Result<Process> {
        let folder = folder.0;
        let file = folder.join("bootstrap.yaml");
        std::fs::write(&file, bootstrap)?;
        let mut command = dies_with_us(&binary()?);
        command.arg("-c").arg(&file).arg("--admin-address-path").arg(folder.join("admin"));
        command.arg("--disable-hot-restart").args(arguments).current_dir(repo::root());
        let log = std::fs::File::create(folder.join("envoy.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = spawn(command).context("start envoy")?;
        Ok(Process { pid: child.id(), child: Mutex::new(child), folder })
    }

    pub(super) fn wait_until_ready(&mut self, patience: Duration) -> Result<SocketAddr> {
        let start = Instant::now();
        loop {
            let address = std::fs::read_to_string(self.folder.join("admin")).ok();
            if let Some(address) = address.and_then(|text| text.trim().parse::<SocketAddr>().ok()) {
                let ready = fetch(address, &Request::get("/ready").field("connection", "close"));
                if ready.is_ok_and(|response| response.status == 200) {
                    return Ok(address);
                }
            }
            let reason = match (self.is_alive(), start.elapsed() > patience) {
                (false, _) => "ended at its start",
                (true, true) => "is not ready in time",
                (true, false) => {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
            };
            bail!("envoy {reason}, see {}\n{}", self.folder.display(), last_lines(&self.log(), 15));
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join("envoy.log")).unwrap_or_default())
            .into_owned()
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.child.lock().expect("child").try_wait(), Ok(None))
    }

    /// A line of `/proc/<pid>/status` that counts kibibytes, in bytes.
    pub(super) fn status_bytes(&self, line: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let found = text.lines().find_map(|candidate| candidate.strip_prefix(line));
        let number = found.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or_default() * 1024
    }

    /// User and system time from `/proc/<pid>/stat`, whose ticks are hundredths of a second on every Linux.
    pub(super) fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let ticks =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().expect("child");
        let _ = child.kill();
        let _ = child.wait();
        if std::thread::panicking() {
            eprintln!("envoy's folder: {}", self.folder.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// A command that the kernel kills when the thread that spawned it ends: `setpriv` is in every Debian, and where it is
/// missing the process merely outlives a killed test.
fn dies_with_us(binary: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.is_file() {
        return Command::new(binary);
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL"]).arg(binary);
    command
}

/// Spawns from a thread that lives as long as this process: the death signal goes by thread, and tests' threads end
/// before a shared Envoy may.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Wish = (Command, mpsc::Sender<std::io::Result<Child>>);
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Wish>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (wishes, queue) = mpsc::channel::<Wish>();
        std::thread::spawn(move || {
            for (mut command, answer) in queue {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(wishes)
    });
    let (answer, result) = mpsc::channel();
    spawner.lock().expect("spawner").send((command, answer)).expect("spawner lives");
    result.recv().expect("spawner answers")
}
