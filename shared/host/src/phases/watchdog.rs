//! Finds out whether the listener really holds headers (`allow_on_headers_stop_iteration`), and frees streams if not.
//!
//! Without that field of the listener a stream that pauses at its headers never sees its body: the request hangs. The
//! VM cannot read the field. So the first body callback on a held stream proves it, and until then every held stream
//! is watched: after [`PATIENCE`] it is released, and its body is inspected as under `holdHeaders: false`.

use crate::phases::wire::Direction;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// How long a stream is held at its headers without a body callback, before the field counts as missing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How often held streams are looked at.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// A hold of one stream's headers.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) context: u32,
    pub(crate) direction: Direction,
    /// The body may be replaced, so `content-length` has to go before the headers do.
    pub(crate) edits_body: bool,
    since: Duration,
    released: Cell<bool>,
}

impl Hold {
    /// Whether the watchdog has let the headers go.
    pub(crate) fn is_released(&self) -> bool {
        self.released.get()
    }
}

/// The holds of one plugin that wait for their first body callback.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    proven: Cell<bool>,
    holds: RefCell<Vec<Rc<Hold>>>,
}

impl Watchdog {
    /// Notes that a stream is held from now on.
    pub(crate) fn hold(
        &self,
        context: u32,
        direction: Direction,
        edits_body: bool,
        now: Duration,
    ) -> Rc<Hold> {
        let hold = Rc::new(Hold { context, direction, edits_body, since: now, released: Cell::new(false) });
        if !self.proven.get() {
            self.holds.borrow_mut().push(Rc::clone(&hold));
        }
        hold
    }

    /// A body callback came on a stream whose headers are held. Proves the field unless it was we who let them go.
    pub(crate) fn body_seen(&self, hold: &Hold) {
        if !hold.is_released() && !self.proven.replace(true) {
            self.holds.borrow_mut().clear();
        }
    }

    /// The stream is over, or its headers have gone on.
    pub(crate) fn forget(&self, hold: &Rc<Hold>) {
        if !self.proven.get() {
            self.holds.borrow_mut().retain(|other| !Rc::ptr_eq(other, hold));
        }
    }

    /// The holds that have lasted too long; they count as released from here on.
    pub(crate) fn overdue(&self, now: Duration) -> Vec<Rc<Hold>> {
        if self.proven.get() {
            return Vec::new();
        }
        let (overdue, waiting) =
            self.holds.take().into_iter().partition(|hold| now.saturating_sub(hold.since) >= PATIENCE);
        self.holds.replace(waiting);
        for hold in &overdue as &Vec<Rc<Hold>> {
            hold.released.set(true);
        }
        overdue
    }

    /// Whether ticks are still of use.
    pub(crate) fn is_armed(&self) -> bool {
        !self.proven.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_only_what_waited_too_long() {
        let watchdog = Watchdog::default();
        let old = watchdog.hold(1, Direction::Request, false, Duration::from_secs(10));
        let new = watchdog.hold(2, Direction::Request, false, Duration::from_secs(11));
        let overdue = watchdog.overdue(Duration::from_secs(12));
        assert_eq!(overdue.iter().map(|hold| hold.context).collect::<Vec<_>>(), [1]);
        assert!(old.is_released() && !new.is_released());
    }

    #[test]
    fn one_body_callback_on_a_held_stream_disarms_it() {
        let watchdog = Watchdog::default();
        let first = watchdog.hold(1, Direction::Request, false, Duration::ZERO);
        let _second = watchdog.hold(2, Direction::Request, false, Duration::ZERO);
        watchdog.body_seen(&first);
        assert!(!watchdog.is_armed());
        assert!(watchdog.overdue(Duration::from_secs(60)).is_empty());
    }

    #[test]
    fn a_body_after_the_release_proves_nothing() {
        let watchdog = Watchdog::default();
        let hold = watchdog.hold(1, Direction::Request, false, Duration::ZERO);
        assert_eq!(watchdog.overdue(Duration::from_secs(2)).len(), 1);
        watchdog.body_seen(&hold);
        assert!(watchdog.is_armed());
    }
}
