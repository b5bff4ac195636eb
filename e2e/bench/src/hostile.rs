//! What requests cost that are made to cost, through Envoy: CPU of the whole process for each, one after the other.

use crate::load::{Client, Upstream, wire};
use crate::proxies::Running;
use crate::rows::{GROUPS, WAF_CRS};
use crate::table::{right, table};
use anyhow::{Context, Result};
use comfy_table::{Cell, Table};
use portcullis_fuel::messages::Request;
use portcullis_testkit::bombs::{self, Bomb};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// What none of them may cost by the defaults.
const BAR: Duration = Duration::from_millis(50);

/// What came of them.
#[derive(Debug)]
pub struct Report(Vec<Cost>);

#[derive(Debug)]
struct Cost {
    name: String,
    cpu: Duration,
    /// `None` where the connection was closed without an answer.
    status: Option<u16>,
}

impl Report {
    /// How many are over the bar.
    pub fn over(&self) -> usize {
        self.0.iter().filter(|cost| cost.cpu > BAR).count()
    }

    /// The dearest first.
    pub fn table(&self) -> Table {
        let mut table = table(["CPU ms", "status", "request"]);
        for cost in &self.0 {
            let status = cost.status.map_or_else(|| "closed".to_owned(), |status| status.to_string());
            table.add_row([
                right(format!("{:.1}", cost.cpu.as_secs_f64() * 1e3)),
                right(status),
                Cell::new(&cost.name),
            ]);
        }
        table
    }
}

/// Sends each twice and counts the second: what is compiled at first use is compiled then.
///
/// # Errors
/// Where there is no module, or Envoy does not live through it.
pub fn measure() -> Result<Report> {
    let group = GROUPS.iter().find(|group| group.name == WAF_CRS).context("no group of the WAF")?;
    let upstream = Upstream::start()?;
    let running = group.contestants[0].proxy.start(upstream.port())?;
    let mut costs = Vec::new();
    for bomb in bombs::structures().into_iter().chain(bombs::texts()) {
        let request = request(&bomb);
        let _ = send(&running, &request)?;
        let before = running.tree.cpu()?;
        let status = send(&running, &request)?;
        let cpu = running.tree.cpu()?.saturating_sub(before);
        costs.push(Cost { name: bomb.name, cpu, status });
    }
    running.tree.owns(running.port).context("after all of them")?;
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.cpu));
    Ok(Report(costs))
}

/// On a connection of its own; a request that the proxy does not read to its end may lose it.
fn send(running: &Running, request: &Request) -> Result<Option<u16>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, running.port));
    let mut client = Client::connect(address, Duration::from_secs(20))?;
    Ok(client.ask(&wire(request)).ok().map(|answer| answer.status))
}

fn request(bomb: &Bomb) -> Request {
    let method = if bomb.body.is_empty() { "GET" } else { "POST" };
    let mut fields = vec![("user-agent", "Mozilla/5.0".to_owned()), ("accept", "*/*".to_owned())];
    for (name, value) in &bomb.fields {
        let name =
            ["content-type", "cookie", "referer", "user-agent"].into_iter().find(|known| known == name);
        fields.retain(|(known, _)| Some(*known) != name);
        fields.extend(name.map(|name| (name, value.clone())));
    }
    Request { method, path: bomb.target.clone(), fields, body: bomb.body.clone() }
}
