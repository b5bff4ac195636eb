//! The phases of one direction that are still to be given to the engine, in their order.

/// A phase of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Headers = 1,
    Body = 2,
    Trailers = 4,
    End = 8,
}

/// A small ordered set of stages; the earliest comes out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stages(u8);

impl Stages {
    /// With one more stage.
    pub(crate) fn with(self, stage: Stage) -> Stages {
        Stages(self.0 | stage as u8)
    }

    /// Takes out the earliest.
    pub(crate) fn pop(&mut self) -> Option<Stage> {
        let stage = [Stage::Headers, Stage::Body, Stage::Trailers, Stage::End]
            .into_iter()
            .find(|stage| self.0 & *stage as u8 != 0)?;
        self.0 &= !(stage as u8);
        Some(stage)
    }

    /// Drops all.
    pub(crate) fn clear(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_out_in_their_order() {
        let mut stages = Stages::default().with(Stage::End).with(Stage::Body);
        assert_eq!([stages.pop(), stages.pop(), stages.pop()], [Some(Stage::Body), Some(Stage::End), None]);
    }
}
