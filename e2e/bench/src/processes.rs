//! What `/proc` tells of a process and its children: CPU time, memory, and which sockets are theirs.

use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// A tick of `/proc/<pid>/stat`: a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);
/// Linux's pages, but for a few machines that nobody benches on.
const PAGE: u64 = 4096;

/// A process with its children, living ones and those that it has reaped.
#[derive(Debug, Clone, Copy)]
pub struct Tree {
    root: u32,
}

impl Tree {
    /// Of this process.
    pub fn of(root: u32) -> Tree {
        Tree { root }
    }

    /// CPU time so far, user and system. It is exact to the nanosecond where the kernel keeps account of each thread's
    /// run time (`schedstat`; but for threads that have ended), else to the tick.
    pub fn cpu(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for pid in self.pids()? {
            let stat = Stat::read(pid)?;
            total += run_time(pid).unwrap_or(TICK * u32::try_from(stat.own).unwrap_or(u32::MAX));
            total += TICK * u32::try_from(stat.reaped).unwrap_or(u32::MAX);
        }
        Ok(total)
    }

    /// Resident memory in bytes; pages that several share count for each.
    pub fn memory(&self) -> Result<u64> {
        self.pids()?.into_iter().map(|pid| Ok(Stat::read(pid)?.pages * PAGE)).sum()
    }

    /// Whether one of these processes, and nobody else, listens at this port of 127.0.0.1.
    ///
    /// # Errors
    /// Where nobody listens, or somebody else does too.
    pub fn owns(&self, port: u16) -> Result<()> {
        let listening = listeners(port)?;
        let mut own = BTreeSet::new();
        for pid in self.pids()? {
            own.extend(sockets(pid));
        }
        if listening.is_empty() {
            bail!("nobody listens at port {port}");
        }
        match listening.difference(&own).count() {
            0 => Ok(()),
            _ => bail!("something else serves port {port}"),
        }
    }

    /// The living ones, the first first.
    fn pids(&self) -> Result<Vec<u32>> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in std::fs::read_dir("/proc").context("read /proc")?.flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            // A process may end between the listing and the look at it.
            if let Some((pid, stat)) = pid.and_then(|pid| Some((pid, Stat::read(pid).ok()?))) {
                children.entry(stat.parent).or_default().push(pid);
            }
        }
        let mut found = vec![self.root];
        let mut at = 0;
        while let Some(pid) = found.get(at) {
            found.extend(children.remove(pid).unwrap_or_default());
            at += 1;
        }
        Ok(found)
    }
}

/// The fields of `/proc/<pid>/stat` that matter here, see `man 5 proc_pid_stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// `utime` and `stime`, ticks.
    own: u64,
    /// `cutime` and `cstime`, ticks.
    reaped: u64,
    /// `rss`.
    pages: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Stat> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} is gone"))?;
        Stat::parse(&text).with_context(|| format!("/proc/{pid}/stat is `{text}`"))
    }

    fn parse(text: &str) -> Option<Stat> {
        // The name stands in parentheses and may hold some itself.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Stat {
            parent: u32::try_from(field(4)?).ok()?,
            own: field(14)? + field(15)?,
            reaped: field(16)? + field(17)?,
            pages: field(24)?,
        })
    }
}

/// The threads' time on a CPU, where the kernel keeps account of it.
fn run_time(pid: u32) -> Option<Duration> {
    let mut total = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        // A thread may end between the listing and the look at it.
        if let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) {
            total += text.split(' ').next()?.parse::<u64>().ok()?;
        }
    }
    (total > 0).then(|| Duration::from_nanos(total))
}

/// The inodes of the sockets that listen at this port, on 127.0.0.1 or any address, IPv4 and IPv6.
fn listeners(port: u16) -> Result<BTreeSet<u64>> {
    let four = std::fs::read_to_string("/proc/net/tcp").context("read /proc/net/tcp")?;
    let six = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Ok(four.lines().chain(six.lines()).filter_map(|line| listening_inode(line, port)).collect())
}

/// The inode of a line of `/proc/net/tcp`, if it is that of a socket that listens at this port.
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    /// `TCP_LISTEN` in the kernel's `tcp_states.h`.
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
    let is_it = u16::from_str_radix(local_port, 16).ok()? == port && *fields.get(3)? == LISTEN;
    is_it.then(|| fields.get(9)?.parse().ok())?
}

/// The inodes of a process's sockets.
fn sockets(pid: u32) -> BTreeSet<u64> {
    let inode =
        |target: &Path| target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok();
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| inode(&std::fs::read_link(entry.path()).ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::process::{Command, Stdio};

    #[test]
    fn stat_is_read_whatever_the_name() {
        let text = "42 (a) b (c) S 7 42 42 0 -1 4194304 100 200 3 4 150 50 30 20 20 0 5 0 999 1000000 321 18446744073709551615 1";
        assert_eq!(Stat::parse(text), Some(Stat { parent: 7, own: 200, reaped: 50, pages: 321 }));
        assert_eq!(Stat::parse("42 (a S 7"), None);
        assert_eq!(Stat::parse("42 (a) S 7 42"), None);
    }

    #[test]
    fn a_listening_socket_is_told_from_others() {
        let line = |port: &str, state: &str| {
            format!(
                "   1: 0100007F:{port} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 26736 1 0 100 0"
            )
        };
        assert_eq!(listening_inode(&line("2B01", "0A"), 11009), Some(26736));
        assert_eq!(listening_inode(&line("2B01", "01"), 11009), None);
        assert_eq!(listening_inode(&line("2B02", "0A"), 11009), None);
        assert_eq!(listening_inode("  sl  local_address rem_address   st", 11009), None);
    }

    #[test]
    fn this_process_owns_its_port_and_no_other() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let own = Tree::of(std::process::id());
        own.owns(port).unwrap();
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let other = Tree::of(child.id()).owns(port).unwrap_err().to_string();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(other, format!("something else serves port {port}"));
        drop(listener);
        assert_eq!(own.owns(port).unwrap_err().to_string(), format!("nobody listens at port {port}"));
    }

    #[test]
    fn work_of_a_child_counts() {
        let own = Tree::of(std::process::id());
        let before = own.cpu().unwrap();
        let script = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
        assert!(own.cpu().unwrap() - before >= Duration::from_millis(20));
        assert!(own.memory().unwrap() > 100_000);
    }
}
