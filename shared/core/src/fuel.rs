//! A deterministic budget for work: the same input costs the same on every machine.

use std::cell::Cell;

/// Fuel for one stream.
///
/// One unit stands for a byte that a transformation, operator, parser or detector looks at; a call and a value cost a
/// fixed charge each ([`Fuel::CALL`], [`Fuel::VALUE`]).
#[derive(Debug)]
pub struct Fuel {
    left: Cell<u64>,
}

/// The fuel is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limits.fuel is used up")]
pub struct OutOfFuel;

impl Fuel {
    /// `limits.fuel` where neither the configuration nor the filter says anything: at most about 50 ms of work.
    pub const DEFAULT: u64 = 20_000_000;
    /// What a call of an operator, function or detector costs besides its bytes.
    pub const CALL: u64 = 16;
    /// What a value (an argument, a JSON node, a list element) costs besides its bytes.
    pub const VALUE: u64 = 8;

    /// A full tank.
    pub fn new(units: u64) -> Fuel {
        Fuel { left: Cell::new(units) }
    }

    /// Takes `units`; once refused, it stays refused.
    pub fn charge(&self, units: u64) -> Result<(), OutOfFuel> {
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.left.set(0);
                Err(OutOfFuel)
            }
        }
    }

    /// [`Fuel::charge`] for a call that looks at `bytes` bytes.
    pub fn charge_call(&self, bytes: usize) -> Result<(), OutOfFuel> {
        self.charge(Fuel::CALL.saturating_add(bytes as u64))
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_there_and_stays_empty() {
        let fuel = Fuel::new(20);
        assert_eq!(fuel.charge_call(4), Ok(()));
        assert_eq!(fuel.charge(1), Err(OutOfFuel));
        assert_eq!(fuel.left(), 0);
    }
}
