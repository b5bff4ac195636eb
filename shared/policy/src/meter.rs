//! Bounds an evaluation by steps instead of time: the same policy on the same input stops at the same step everywhere.
//!
//! The interpreter asks a clock at each step whether its time is up. Built without `std` it takes the clock from us,
//! and this one stands still while steps are left and jumps past every deadline when they are not.

use regorus::utils::limits::{
    ExecutionTimerConfig, TimeSource, set_fallback_execution_timer_config, set_time_source,
};
use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

thread_local! {
    /// Fuel left to the evaluation under way, `None` outside one. It lives no longer than one call of [`Meter::run`]:
    /// no state of a plugin is kept here.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    static STEP: Cell<u64> = const { Cell::new(0) };
}

/// The deadline; the clock shows zero or twice this.
const DEADLINE: Duration = Duration::from_secs(1);

/// How many of the interpreter's steps pass between two looks at the clock.
const STEPS_A_LOOK: NonZeroU32 = NonZeroU32::new(8).unwrap();

/// A budget for one evaluation.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    /// Units for the whole evaluation.
    pub fuel: u64,
    /// Units for one step of the interpreter.
    pub step: u64,
}

impl Meter {
    /// Runs an evaluation under this budget; gives its result and what is left, `None` if the budget ran out.
    ///
    /// The result of an evaluation that ran out must not be used: outside strict mode the interpreter may have taken
    /// the error for "undefined".
    pub fn run<T>(self, evaluation: impl FnOnce() -> T) -> (T, Option<u64>) {
        install();
        LEFT.set(Some(self.fuel));
        STEP.set(self.step.saturating_mul(u64::from(STEPS_A_LOOK.get())));
        let result = evaluation();
        let left = LEFT.take().unwrap_or(0);
        (result, (left > 0).then_some(left))
    }
}

/// Takes fuel from the evaluation under way, for work that the interpreter does not see as steps.
pub(crate) fn charge(units: u64) -> bool {
    match LEFT.get() {
        Some(left) => {
            LEFT.set(Some(left.saturating_sub(units)));
            left > units
        }
        None => true,
    }
}

/// Both calls are idempotent, and every engine in the process wants the same.
fn install() {
    let _already_set = set_time_source(&StepClock);
    set_fallback_execution_timer_config(Some(ExecutionTimerConfig {
        limit: DEADLINE,
        check_interval: STEPS_A_LOOK,
    }));
}

struct StepClock;

impl TimeSource for StepClock {
    fn now(&self) -> Option<Duration> {
        let go_on = charge(STEP.get());
        Some(if go_on { Duration::ZERO } else { DEADLINE.saturating_mul(2) })
    }
}
