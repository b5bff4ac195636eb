//! The account of log lines: so many a second, then a count.

use std::cell::Cell;
use std::time::Duration;

/// How many lines this second has seen.
#[derive(Debug)]
pub(crate) struct Rate {
    /// 0 for no limit.
    most: u32,
    second: Cell<u64>,
    written: Cell<u32>,
    left_out: Cell<u64>,
}

impl Rate {
    pub(crate) fn new(most: u32) -> Rate {
        Rate { most, second: Cell::new(0), written: Cell::new(0), left_out: Cell::new(0) }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.most > 0
    }

    /// Whether a line may be written now; with the count of those left out in a second that has ended since.
    pub(crate) fn take(&self, now: Duration) -> (bool, Option<u64>) {
        let closed = self.close(now);
        if self.most > 0 && self.written.get() >= self.most {
            self.left_out.set(self.left_out.get().saturating_add(1));
            return (false, closed);
        }
        self.written.set(self.written.get().saturating_add(1));
        (true, closed)
    }

    /// Begins a new second if one has begun. Streams carry the time at which they began, so that it can seem to go back:
    /// that begins none.
    pub(super) fn close(&self, now: Duration) -> Option<u64> {
        if now.as_secs() <= self.second.get() {
            return None;
        }
        self.second.set(now.as_secs());
        self.written.set(0);
        Some(self.left_out.replace(0)).filter(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_then_a_count() {
        let rate = Rate::new(2);
        let at = Duration::from_millis;
        let taken: Vec<_> = [5_000, 5_100, 5_200, 4_000, 5_999].map(|time| rate.take(at(time))).into();
        assert_eq!(taken, [(true, None), (true, None), (false, None), (false, None), (false, None)]);
        assert_eq!(rate.take(at(6_000)), (true, Some(3)));
        assert_eq!(rate.close(at(7_000)), None);
    }

    #[test]
    fn a_tick_closes_a_second() {
        let rate = Rate::new(1);
        let at = Duration::from_secs;
        assert_eq!((rate.take(at(1)), rate.take(at(1))), ((true, None), (false, None)));
        assert_eq!((rate.close(at(2)), rate.close(at(3))), (Some(1), None));
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = Rate::new(0);
        assert!((0..10_000).all(|_| rate.take(Duration::ZERO) == (true, None)));
    }
}
