//! Records on their way to a cluster: a bounded queue that no request waits for.

use super::AuditConfig;
use portcullis_core::{Call, Headers};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The most bytes of records that wait; what comes then is lost, and counted.
const MOST_BYTES: usize = 1 << 20;
/// After this a call counts as failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The queue of one cluster.
#[derive(Debug)]
pub(super) struct Queue {
    /// Tells this queue's calls from those of others.
    pub(super) token: u64,
    cluster: String,
    path: String,
    authority: String,
    waiting: RefCell<Vec<u8>>,
    records: Cell<u64>,
    /// How many records are under way, if a call is.
    under_way: Cell<Option<u64>>,
}

impl Queue {
    pub(super) fn new(token: u64, cluster: &str, config: &AuditConfig) -> Queue {
        Queue {
            token,
            cluster: cluster.to_owned(),
            path: config.path.clone(),
            authority: config.authority.clone().unwrap_or_else(|| cluster.to_owned()),
            waiting: RefCell::default(),
            records: Cell::new(0),
            under_way: Cell::new(None),
        }
    }

    /// Takes a record; `false` where there is no room.
    pub(super) fn push(&self, record: &str) -> bool {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() + record.len() + 1 > MOST_BYTES {
            return false;
        }
        waiting.extend_from_slice(record.as_bytes());
        waiting.push(b'\n');
        self.records.set(self.records.get() + 1);
        true
    }

    /// A call with all that waits, unless the last one is still under way.
    pub(super) fn flush(&self) -> Option<Call> {
        if self.under_way.get().is_some() || self.records.get() == 0 {
            return None;
        }
        self.under_way.set(Some(self.records.replace(0)));
        Some(Call {
            cluster: self.cluster.clone(),
            headers: Headers::from_pairs([
                (":method", "POST"),
                (":path", &self.path),
                (":authority", &self.authority),
                ("content-type", "application/x-ndjson"),
            ]),
            body: self.waiting.take(),
            timeout: TIMEOUT,
        })
    }

    /// The call is over; how many records it held.
    pub(super) fn done(&self) -> u64 {
        self.under_way.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(7, "logs", &AuditConfig { path: "/audit".into(), ..AuditConfig::default() })
    }

    #[test]
    fn one_call_at_a_time_takes_all_that_waits() {
        let queue = queue();
        assert!(queue.flush().is_none());
        assert!(queue.push("{1}") && queue.push("{2}"));
        let call = queue.flush();
        assert!(call.is_some_and(|call| call.body == b"{1}\n{2}\n" && call.headers.path() == b"/audit"));
        assert!(queue.push("{3}") && queue.flush().is_none());
        assert_eq!((queue.done(), queue.done()), (2, 0));
        assert!(queue.flush().is_some_and(|call| call.body == b"{3}\n"));
    }

    #[test]
    fn what_has_no_room_is_lost() {
        let queue = queue();
        let record = "x".repeat(300_000);
        let taken = (0..10).filter(|_| queue.push(&record)).count();
        assert_eq!(taken, 3);
        assert!(queue.push("small"));
    }
}
