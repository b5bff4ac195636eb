//! The first requests after a start, each by itself: what those pay who come before all is warm.

use crate::load::{Client, Upstream, wire};
use crate::rows::Group;
use crate::statistics::percentile;
use anyhow::{Result, bail};
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How many of them.
const REQUESTS: u64 = 1000;

/// CPU milliseconds of the first thousand requests of a fresh proxy.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct First {
    /// The middle one.
    pub p50: f64,
    /// All but ten are not above.
    pub p99: f64,
    /// The dearest.
    pub worst: f64,
}

/// Starts the group's first contestant anew and sends it the group's requests in turn, on one connection, one after
/// the other; the CPU time of the proxy's processes is read before and behind each.
///
/// # Errors
/// Where it does not start, or an answer is not 200.
pub fn measure(group: &Group, upstream: &Upstream) -> Result<First> {
    let running = group.contestants[0].proxy.start(upstream.port())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, running.port));
    let mut client = Client::connect(address, Duration::from_secs(30))?;
    let mut costs = Vec::new();
    for number in 0..REQUESTS {
        let case = &group.cases[number as usize % group.cases.len()];
        let wire = wire(&case.sent.request(number));
        let before = running.tree.cpu()?;
        let answer = client.ask(&wire)?;
        costs.push(running.tree.cpu()?.saturating_sub(before));
        if answer.status != 200 {
            bail!("the first requests: {}", crate::load::excerpt(&answer));
        }
    }
    let mut of = |share| percentile(&mut costs, share).as_secs_f64() * 1e3;
    Ok(First { p50: of(0.5), p99: of(0.99), worst: of(1.0) })
}
